/** A detector as ONNX files for other programs, held against the detector before they are handed out. */
import { access, mkdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, RunError, setting } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import {
  folderReader,
  type GoldenComparison,
  loadManifest,
  loadWeights,
  type Manifest,
  presentModels,
  readFaults,
} from "../detector/index.ts";
import {
  checkExport,
  checkFaultModels,
  checkInverse,
  describeFaultModels,
  type ExportCheck,
  type ExportedDecision,
  type ExportedModel,
  type ExportedScore,
  type ExportMetadata,
  type ExportOptions,
  exportMetadata,
  exportModel,
  exportTolerances,
  faultModels,
  inverseModel,
  isFaithful,
  type Layout,
  latentsModel,
  layFiles,
  type ModelWeights,
  metadataEntries,
  type NamedModel,
  namings,
  type ResizeDifference,
  resizeDifference,
  withResize,
} from "../export/index.ts";
import { type OnnxModel, writeModel } from "../onnx/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { describeRule } from "../score/index.ts";
import { decisionOf } from "./deciding/decisions.ts";
import { completeEngine, type EngineSettings } from "./engine-settings.ts";
import type { Watch } from "./events.ts";
import { openDetector } from "./scoring/scoring.ts";

/** What is to be exported, and how. */
export interface ExportRequest extends ExportOptions {
  /** Folder of a detector. */
  readonly detector: string;
  /** Folder of the files. */
  readonly out: string;
  /** Default: plain. */
  readonly layout?: Layout | undefined;
  /** What the model is called, in the names of files and in a server. Default: the name of the detector's folder. */
  readonly name?: string | undefined;
  /** Whether images of any size come in. */
  readonly resize?: boolean | undefined;
  /** Whether the networks that look for local faults are written, too, a model a level. */
  readonly faults?: boolean | undefined;
  /** Under which terms the model may be used. */
  readonly license?: string | undefined;
  /** Whether files that are there are replaced. */
  readonly force?: boolean | undefined;
}

/** Throws ConfigError for a detector whose images keep their proportions, which the graph that resizes does not do. */
function refuseFitted({ input: { fit = "stretch" } }: Manifest): void {
  if (fit === "stretch") return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("resize"),
    expected: `a detector trained with ${setting("fit", "stretch")}`,
    got: `one with ${setting("fit", fit)}`,
    remedy: { key: "other", text: "leave it out, and prepare images as its metadata says" },
  });
}

/** What was written, and how far it is from the detector. */
export interface ExportOutcome {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly score: ExportedScore;
  readonly metadata: ExportMetadata;
  readonly golden: readonly GoldenComparison[];
  readonly check: ExportCheck;
  /** Where images of any size come in: how far ONNX's resizing is from this program's. */
  readonly resizing?: ResizeDifference | undefined;
}

/**
 * Writes a detector as ONNX files: the model, its inverse, and what has to be known beside them. The exported files are run beside the detector, and nothing is
 * written where they differ by more than `exportTolerances`.
 *
 * @throws ConfigError for a score or a map that one graph cannot hold, files that exist, and as `loadDetector`; RunError where the model differs.
 *
 * @example
 * ```ts
 * import { exportDetector } from "outglow";
 *
 * const { files, check } = await exportDetector({ detector: "detector", out: "exported", map: true });
 * const paths = files.map(({ path }) => path);
 * const largest = Math.max(...check.differences.map(({ share }) => share));
 * ```
 */
export async function exportDetector(
  request: ExportRequest,
  engine: EngineSettings = {},
  { onEvent, signal }: Watch = {},
): Promise<ExportOutcome> {
  const { detector: folder, out, layout = "plain", names = "outglow", resize = false, force = false } = request;
  const name =
    request.name ??
    (basename(resolve(folder))
      .replace(/^[^A-Za-z0-9]+|[^\w.-]+/g, "-")
      .replace(/^-+/, "") ||
      "detector");
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) throw unfit(name);
  if (!force) await refuseExisting(join(out, layout === "plain" ? "model.onnx" : join(name, "config.pbtxt")));
  const golden: GoldenComparison[] = [];
  const detector = await openDetector(folder, engine, (comparison) => golden.push(comparison));
  try {
    const { manifest } = detector;
    if (resize) refuseFitted(manifest);
    const weights = await weightsOf(folder);
    const decision = (score: string) => exportedDecision(manifest, score);
    const describe = (exported: Omit<ExportedModel, "model">) =>
      exportMetadata(manifest, exported, {
        decision: decision(exported.score.name),
        licence: request.license,
        resizes: resize,
      });
    const entries = (exported: Omit<ExportedModel, "model">) => metadataEntries(describe(exported));
    const exported = exportModel(manifest, weights, request, entries);
    const { score } = exported;
    if (score.insteadOf) onEvent?.({ kind: "warning", text: insteadText(score) });
    const inverse = inverseModel(manifest, weights.normal!, {
      input: "latents of every scale, the finest first: float32, standard normal under the model",
      output: "images: uint8 [N, C, H, W]",
    });
    const program = nodeEngine(completeEngine(engine));
    const found = await checkExport(detector, exported, names, program);
    const latents = latentsModel(manifest, weights.normal!);
    const returned = await checkInverse(latents, inverse, manifest.input, program);
    const networks = request.faults ? await faultNetworks(folder, manifest) : undefined;
    const levels = networks ? faultModels(networks) : [];
    const placed = networks ? await checkFaultModels(detector, levels, networks.record.channels, program) : [];
    const check = { ...found, differences: [...found.differences, returned, ...placed] };
    refuseUnfaithful(check, folder);
    signal?.throwIfAborted();
    const resizing = resize ? withResize(exported.model, manifest.input) : undefined;
    const difference =
      resizing && (await resizeDifference(exported.model, resizing, manifest.input, namings[names].score, program));
    const metadata = {
      ...describe(exported),
      faults: networks ? describeFaultModels(networks, levels) : null,
      check: { ...check, tolerances: exportTolerances, resizing: difference ?? null },
    };
    const named = (title: string, model: OnnxModel): NamedModel => ({ name: title, model, bytes: writeModel(model) });
    const own = layout === "plain" ? "model" : name;
    const models = [
      named(own, resizing ?? exported.model),
      named(layout === "plain" ? "inverse" : `${name}-inverse`, inverse),
      ...levels.map(({ level, model }) =>
        named(layout === "plain" ? `faults-${level}` : `${name}-faults-${level}`, model),
      ),
    ];
    const files = layFiles(layout, models, metadata);
    for (const { path, content } of files) {
      const target = join(out, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFileAtomic(target, content, { replace: force });
    }
    return {
      files: files.map(({ path, content }) => ({ path: join(out, path), bytes: Buffer.byteLength(content) })),
      score,
      metadata,
      golden,
      check,
      resizing: difference,
    };
  } finally {
    await detector.dispose();
  }
}

async function faultNetworks(folder: string, manifest: Manifest) {
  const networks = await readFaults(folderReader(folder), manifest);
  if (networks) return networks;
  throw new ConfigError({
    code: "other-model",
    subject: setting("faults"),
    expected: "a detector that looks for local faults",
    got: "one without",
    remedy: { key: "train-with", settings: setting("faults") },
  });
}

async function weightsOf(folder: string): Promise<ModelWeights> {
  const manifest = await loadManifest(folder);
  const weights: { -readonly [Name in keyof ModelWeights]: ModelWeights[Name] } = {};
  for (const name of presentModels(manifest.models)) weights[name] = await loadWeights(folder, manifest, name);
  return weights;
}

/** The detector's own rule for a score, in the numbers of the outputs; the usual one where its own is a threshold of another score. */
function exportedDecision(manifest: Manifest, score: string): ExportedDecision {
  const own =
    manifest.decision?.kind === "score" && score !== manifest.defaultScore
      ? { ...manifest, decision: undefined }
      : manifest;
  const { rule, falseAlarm, threshold } = decisionOf({ manifest: own }, { score });
  return {
    rule,
    words: describeRule(rule),
    pValueAtMost: rule.kind === "score" ? null : falseAlarm,
    scoreAbove: threshold,
  };
}

/** What is said where a graph cannot hold the detector's score. */
function insteadText({ name, insteadOf }: ExportedScore): string {
  return `the detector's score ${insteadOf!.name} takes ${insteadOf!.needs}, which no single graph has: the model gives ${name} instead, and calls it so`;
}

function refuseUnfaithful(check: ExportCheck, folder: string): void {
  if (isFaithful(check)) return;
  const worst = check.differences.reduce((top, one) => (one.share > top.share ? one : top));
  throw new RunError({
    code: "mismatch",
    subject: `export of '${folder}'`,
    expected: `${worst.output} within ${worst.allowed} of the detector's`,
    got: `a difference of ${worst.largest}, so nothing was written`,
    remedy: { key: "other", text: "please report it, with the detector's configuration" },
  });
}

function unfit(name: string): ConfigError {
  return new ConfigError({
    code: "unknown-name",
    subject: setting("name"),
    expected: "letters, digits, dots, dashes and underscores",
    got: `'${name}'`,
    remedy: { key: "choose-another" },
  });
}

/** Said before the work that leads to the files. */
async function refuseExisting(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new ConfigError({
    code: "exists",
    subject: setting("out"),
    expected: "a folder without an export",
    got: `'${path}', which exists`,
    remedy: { key: "other", text: `choose another or give ${setting("force")}` },
  });
}
