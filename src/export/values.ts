/** What a score is made of, as values of one graph: terms of every flow, classes, pixels, all for N images. */
import { type Dimension, freeBatch, type ImageShape } from "../base/index.ts";
import { imageInput, pixelsToData, type ScaleTerm, tableOfTerms } from "../flow/index.ts";
import {
  absolute,
  add,
  constant,
  type Graph,
  greater,
  lessOrEqual,
  logarithm,
  multiply,
  reduceSum,
  reshape,
  select,
  split,
  subtract,
  toFloat,
  transpose,
  type Value,
} from "../graph/index.ts";
import { type FlowName, flowOf, modelOf, type PhaseName, type TrainingConfiguration } from "../model/index.ts";
import { constantValues, type ParameterVectors, type ValuesOf } from "../nn/index.ts";

/** The numbers of the models that a detector has. */
export type ModelWeights = { readonly [Name in PhaseName]?: ParameterVectors };

/** What the models say of images. */
export interface SaidValues {
  /** uint8 [N, C, H, W], the graph's input. */
  readonly images: Value;
  /** [N, scales, 2] in nats. */
  readonly terms: { readonly [Name in FlowName]?: Value };
  /** log p(x|c) of a class-conditional flow in nats, [N, K]. */
  readonly classes?: Value;
  /** Logits of a classifier, [N, K]. */
  readonly logits?: Value;
  /** Of the normal flow, one [N, C, H, W] a scale: standard normal under the model. */
  readonly latents: readonly Value[];
}

/** Runs the images of a new graph input through every model. */
export function sayAll(graph: Graph, training: TrainingConfiguration, weights: ModelWeights): SaidValues {
  const images = imageInput(graph, training.input);
  const x = pixelsToData(images);
  const said: { terms: Record<string, Value>; classes?: Value; logits?: Value; latents: readonly Value[] } = {
    terms: {},
    latents: [],
  };
  for (const [name, vectors] of Object.entries(weights) as [PhaseName, ParameterVectors][]) {
    const model = modelOf(training, name, "convolutions");
    if (model.kind === "classifier") {
      const values = constantValues(graph, model.parameters, vectors);
      said.logits = transpose(model.classifier.logits(values, x), [1, 0]);
      continue;
    }
    let result: { readonly latents: readonly Value[]; readonly terms: readonly ScaleTerm[] };
    if (model.kind === "class-conditional") {
      const top = model.top.normalize(
        constantValues(graph, model.parameters, vectors) as ValuesOf<typeof model.top.parameters>,
        x,
      );
      said.classes = transpose(top.classes, [1, 0]);
      result = top;
    } else result = model.flow.normalize(constantValues(graph, model.parameters, vectors), x);
    said.terms[name] = tableOfTerms(result.terms, images);
    if (name === "normal") said.latents = result.latents.map((latent) => transpose(latent, [3, 0, 1, 2]));
  }
  return { images, ...said };
}

/**
 * The terms of one flow by pixel, one [N, H, W] a scale, each place's share spread evenly over its block: over pixels they sum to the scale's
 * log-det and prior term. Undefined where its latents have no place.
 */
export function mapsByPixel(
  graph: Graph,
  images: Value,
  training: TrainingConfiguration,
  name: FlowName,
  weights: ParameterVectors,
): readonly Value[] | undefined {
  const flow = flowOf(training, name, "convolutions");
  if (!flow.termsByPlace) return undefined;
  const terms = flow.termsByPlace(constantValues(graph, flow.parameters, weights), pixelsToData(images));
  return terms.map(({ logDet, prior }) => spread(add(logDet, prior), training.input));
}

function spread(map: Value, { height, width }: ImageShape): Value {
  const [rows, columns] = map.shape as readonly [number, number, Dimension];
  const [tall, wide] = [height / rows, width / columns];
  const shares = new Float32Array(tall * wide).fill(1 / (tall * wide));
  const blocks = multiply(
    reshape(map, [rows, 1, columns, 1, freeBatch]),
    constant(map.graph, shares, [1, tall, 1, wide, 1]),
  );
  return transpose(reshape(blocks, [height, width, freeBatch]), [2, 0, 1]);
}

/** Pixels as numbers from 0 to 255, float32 [N, C, H, W]. */
export function pixelsOf({ images }: SaidValues): Value {
  return toFloat(images);
}

/** Terms [N, scales, 2] as rows [N, 2 scales]. */
export function rowsOfTerms(terms: Value): Value {
  return reshape(terms, [freeBatch, (terms.shape[1] as number) * 2]);
}

/** Columns from `start` to before `end` of rows [N, K]. */
export function columnsOf(rows: Value, start: number, end: number): Value {
  return slice(rows, 1, start, end);
}

/** The part of x from `start` to before `end` along an axis of known size. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const size = x.shape[axis] as number;
  if (start === 0 && end === size) return x;
  const sizes = [start, end - start, size - end];
  return split(
    x,
    axis,
    sizes.filter((part) => part > 0),
  )[start > 0 ? 1 : 0]!;
}

/** Sums of rows [N, K], as [N]. */
export function rowSums(rows: Value): Value {
  return reduceSum(rows, [1]);
}

/** +Infinity for what is not finite, as scores have it. */
export function finiteOrInfinity(score: Value): Value {
  return select(lessOrEqual(absolute(score), largestFloat), score, Number.POSITIVE_INFINITY);
}

/** The largest finite float32. */
const largestFloat = 3.4028234663852886e38;

/** log(1 + x) for x > -1, to all digits of a small x. */
export function logOnePlus(x: Value): Value {
  const square = multiply(x, x);
  const series = add(subtract(x, multiply(square, 1 / 2)), multiply(multiply(square, x), 1 / 3));
  return select(greater(absolute(x), seriesReach), logarithm(add(x, 1)), series);
}

/** Where the next part of the series is 2e-9 of the first. */
const seriesReach = 0.002;
