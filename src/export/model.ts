/**
 * A detector as one ONNX model for other programs: uint8 images in, terms, a score and its p-value out, and what else is asked for. The decision is left
 * outside, as rules change: `metadata.ts` says what there is.
 */
import { ConfigError, freeBatch, setting } from "../base/index.ts";
import { detectorSources, type Manifest, namedSources, withLatents } from "../detector/portable.ts";
import {
  add,
  constant,
  type Graph,
  input,
  lessOrEqual,
  makeGraph,
  multiply,
  reduceSum,
  reshape,
  subtract,
  toFloat,
  transpose,
  type Value,
} from "../graph/index.ts";
import { type FlowName, flowOf, modelOf } from "../model/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import { lowerGraph, type OnnxModel } from "../onnx/index.ts";
import {
  type Calibration,
  computable,
  isFitted,
  mappedScoreName,
  referenceCount,
  scoreDefinition,
  scoreDefinitions,
  type TermSum,
} from "../score/index.ts";
import { asPixels } from "./pixels.ts";
import { reasonAgainst, type ScoringParts, scoreGraph } from "./score-graphs.ts";
import { type ModelWeights, mapsByPixel, type SaidValues, sayAll } from "./values.ts";

/** Names of outputs: this project's, or those of anomalib's models, with the same numbers. */
export const namings = {
  outglow: { score: "score", map: "map" },
  anomalib: { score: "pred_score", map: "anomaly_map" },
} as const;

/** How outputs are named. */
export type Naming = keyof typeof namings;

/** What a model holds beside terms, score and p-value. */
export interface ExportOptions {
  /** Default: the detector's, or the nearest one that a graph can hold. */
  readonly score?: string | undefined;
  readonly names?: Naming | undefined;
  /** Whether it gives a map of the image's pixels. */
  readonly map?: boolean | undefined;
  /** Whether it gives the normal flow's latents. */
  readonly latents?: boolean | undefined;
}

/** Which score a model holds, and why it is not the detector's where it is another. */
export interface ExportedScore {
  readonly name: string;
  /** The detector's own score, where a graph cannot hold it, and what that would take. */
  readonly insteadOf?: { readonly name: string; readonly needs: string } | undefined;
}

/** An output of a model in words. */
export interface ExportedOutput {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly unit: string;
  readonly meaning: string;
}

/** A model and what is in it. */
export interface ExportedModel {
  readonly model: OnnxModel;
  readonly score: ExportedScore;
  /** Which score the map shows, where there is a map. */
  readonly map?: string | undefined;
  readonly outputs: readonly ExportedOutput[];
}

/** What of a detector its scores rest on. */
export function scoringParts(manifest: Manifest): ScoringParts {
  return {
    scales: manifest.training.model.scales,
    sources: namedSources(manifest),
    calibration: manifest.calibration,
  };
}

/**
 * The score that a graph holds: the one that is asked for, or else the detector's. Where a graph cannot hold the detector's, the first of the table of
 * scores that it can, which is said. Throws ConfigError where the one asked for cannot be held, or is unknown.
 */
function chooseScore(manifest: Manifest, asked: string | undefined): ExportedScore {
  const parts = scoringParts(manifest);
  const name = asked ?? manifest.defaultScore;
  const needs = reasonAgainst(name, parts);
  if (needs === undefined) {
    if (isFitted(scoreDefinition(name, parts.scales, parts.sources), parts.calibration)) return { name };
    throw new ConfigError({
      code: "not-calibrated",
      subject: setting("score", name),
      expected: "a score that the detector is calibrated for",
      got: "none",
      remedy: { key: "other", text: "calibrate on more images or choose another" },
    });
  }
  const able = exportableScores(manifest);
  if (asked !== undefined) {
    throw new ConfigError({
      code: "unsupported",
      subject: setting("score", name),
      expected: `a score that one graph holds, such as ${able.join(", ")}`,
      got: `one that takes ${needs}`,
      remedy: { key: "choose-another" },
    });
  }
  return { name: able[0]!, insteadOf: { name, needs } };
}

/** The names of all scores of a detector that a graph can hold, the most useful first. */
export function exportableScores(manifest: Manifest): string[] {
  const parts = scoringParts(manifest);
  const own = new Set(detectorSources(manifest));
  const pixels = Object.hasOwn(parts.calibration.fits, "whitening") ? (["pixels"] as const) : [];
  const sources = new Set([...own, ...pixels]);
  return computable(scoreDefinitions(parts.scales, sources), parts.scales, sources, parts.calibration)
    .map(({ name }) => name)
    .filter((name) => Object.hasOwn(parts.calibration.scores, name) && reasonAgainst(name, parts) === undefined);
}

/** The model of a detector. Throws ConfigError as `chooseScore`, and for a map that its flow does not have. */
export function exportModel(
  manifest: Manifest,
  weights: ModelWeights,
  options: ExportOptions,
  metadata: (exported: Omit<ExportedModel, "model">) => Readonly<Record<string, string>> = () => ({}),
): ExportedModel {
  const { training, calibration } = manifest;
  const score = chooseScore(manifest, options.score);
  const graph = makeGraph();
  const said = sayAll(graph, training, weights);
  const parts = scoringParts(manifest);
  const value = scoreGraph(score.name, parts, said);
  const { unit, description } = scoreDefinition(score.name, parts.scales, parts.sources);
  const names = namings[options.names ?? "outglow"];
  const values: Record<string, Value> = {};
  const outputs: ExportedOutput[] = [];
  const give = (name: string, output: Value, meaning: string, of: string): void => {
    values[name] = output;
    const shape = output.shape.map((size) => (typeof size === "number" ? size : "N"));
    outputs.push({ name, shape, unit: of, meaning });
  };
  give(names.score, value, `${score.name}: ${description}; higher is more anomalous`, unit);
  give(
    "p_value",
    pValueGraph(value, calibration, score.name),
    `(1 + the number of held-out normal images that score as high) / (${referenceCount(calibration, score.name)} + 1)`,
    "share",
  );
  for (const [name, terms] of Object.entries(said.terms)) {
    const whose = name === "normal" ? "" : ` under the ${name} model`;
    give(
      name === "normal" ? "terms" : `${name}_terms`,
      terms,
      `log-det and prior term of every scale${whose}, the finest first; their sum is log p(x)`,
      "nats",
    );
  }
  if (said.classes) give("classes", said.classes, `log p(x|class) of ${(training.classes ?? []).join(", ")}`, "nats");
  if (said.logits) give("logits", said.logits, `logits of ${(training.classes ?? []).join(", ")}`, "nats");
  const map = options.map ? mapOf(graph, manifest, weights, said, score.name) : undefined;
  if (map) give(names.map, map.value, `where ${map.score} comes from; over pixels it sums to that score`, "nats");
  if (options.latents) {
    for (const [scale, latent] of said.latents.entries()) {
      give(`latent${scale}`, latent, `latents of scale ${scale}: standard normal under the model`, "deviations");
    }
  }
  const exported = { score, map: map?.score, outputs };
  const model = lowerGraph(values, { name: "outglow", metadata: metadata(exported) });
  return { ...exported, model };
}

/** (1 + references at or above the score) / (n + 1), [N]. */
function pValueGraph(score: Value, calibration: Calibration, name: string): Value {
  const references = calibration.scores[name] ?? [];
  const count = referenceCount(calibration, name);
  // Those that are not in the list are infinite.
  const infinite = count - references.length;
  const row = reshape(score, [score.shape[0]!, 1]);
  if (references.length === 0)
    return add(multiply(toFloat(lessOrEqual(score, score)), 0), (1 + infinite) / (count + 1));
  const asHigh = lessOrEqual(row, constant(score.graph, Float32Array.from(references), [1, references.length]));
  return multiply(add(reduceSum(toFloat(asHigh), [1]), 1 + infinite), 1 / (count + 1));
}

/** The map of a score where it is a sum of terms, else of the ratio or, without a general model, of the final scale: [N, H, W]. */
function mapOf(graph: Graph, manifest: Manifest, weights: ModelWeights, said: SaidValues, score: string) {
  const { training } = manifest;
  const { scales, sources } = scoringParts(manifest);
  const definition = (name: string) => scoreDefinition(name, scales, sources);
  const other = mappedScoreName(weights.general !== undefined, scales);
  const name = definition(score).sum ? score : other;
  const { scale, less }: TermSum = definition(name).sum!;
  const sumOf = (flow: FlowName): Value | undefined => {
    const maps = training.classConditional
      ? undefined
      : mapsByPixel(graph, said.images, training, flow, weights[flow]!);
    return maps?.filter((_, index) => scale === undefined || index === scale).reduce((a, b) => add(a, b));
  };
  const own = sumOf("normal");
  const subtracted = less && sumOf(less);
  if (!own || (less && !subtracted)) {
    throw new ConfigError({
      code: "other-model",
      subject: setting("map"),
      expected: "a flow whose latents have places",
      got: training.classConditional ? "a class-conditional one" : `a ${training.model.architecture} flow`,
      remedy: { key: "leave-out", what: setting("map") },
    });
  }
  return { score: name, value: subtracted ? subtract(subtracted, own) : multiply(own, -1) };
}

/** The latents of the normal flow alone, by the names that a model gives them. Throws ConfigError for a model without any. */
export function latentsModel({ training }: Manifest, weights: ParameterVectors): OnnxModel {
  withLatents(flowOf(training, "normal"), setting("latents"));
  const { latents } = sayAll(makeGraph(), training, { normal: weights });
  return lowerGraph(Object.fromEntries(latents.map((latent, scale) => [`latent${scale}`, latent])), {
    name: "latents",
  });
}

/**
 * The inverse of the normal flow: its latents, one [N, C, H, W] a scale, in; uint8 images [N, C, H, W] out, each the pixel in whose interval the
 * flow's number lies. Throws ConfigError for a model without latents.
 */
export function inverseModel(
  manifest: Manifest,
  weights: ParameterVectors,
  metadata: Readonly<Record<string, string>> = {},
): OnnxModel {
  const { training } = manifest;
  const flow = withLatents(flowOf(training, "normal", "convolutions"), setting("inverse"));
  const graph = makeGraph();
  const latents = flow.latentShapes.map(({ channels, height, width }, scale) =>
    transpose(input(graph, `latent${scale}`, [freeBatch, channels, height, width]), [1, 2, 3, 0]),
  );
  const model = modelOf(training, "normal", "convolutions");
  const values =
    model.kind === "class-conditional"
      ? constantValues(graph, model.top.parameters, weights).flow
      : constantValues(graph, model.parameters, weights);
  const x = flow.generate(values, latents);
  const levels = transpose(multiply(add(x, 0.5), 256), [3, 0, 1, 2]);
  return asPixels(lowerGraph({ images: levels }, { name: "outglow inverse", metadata }), "images");
}
