/** Drawing images from a detector's flow: what it thinks normal looks like. */
import { stat } from "node:fs/promises";
import { ConfigError, type ImageShape, nearestSpelling, randomKey, setting } from "../../base/index.ts";
import { loadManifest, loadWeights, type Manifest, sampledModel, sampleImages } from "../../detector/index.ts";
import { nodeEngine, requireDevice } from "../../runtime/index.ts";
import { checkpointPath, currentRun, loadCheckpoint, readRun, runFolder } from "../../train/index.ts";
import { completeEngine, type EngineSettings } from "../engine-settings.ts";
import type { Watch } from "../events.ts";

/** What is to be drawn. */
export interface SampleRequest {
  /** Folder of a detector or a general model. */
  readonly detector: string;
  readonly count: number;
  /** 1 for the model itself, less for more typical images. */
  readonly temperature: number;
  readonly model: "normal" | "general";
  /** Of a class-conditional model; every image draws one where absent. */
  readonly class?: string | undefined;
  readonly seed: number;
}

/** Drawn images. */
export interface Samples extends ImageShape {
  readonly count: number;
  /** uint8 [count, C, H, W]. */
  readonly pixels: Uint8Array;
}

/**
 * Draws images, the same ones for a seed. Throws ConfigError for a class or a model that the detector lacks, FormatError where it is damaged,
 * RunError where the device does not work.
 */
export async function sample(
  request: SampleRequest,
  engine: EngineSettings = {},
  { onEvent }: Pick<Watch, "onEvent"> = {},
): Promise<Samples> {
  const { detector: folder, count, temperature, seed, model: name } = request;
  const manifest = await loadManifest(folder);
  const options = completeEngine(engine);
  await requireDevice(options.device);
  const parameters = await loadWeights(folder, manifest, name);
  const label = labelOf(manifest, request);
  const model = sampledModel(manifest.training, name);
  const key = randomKey(seed);
  const onRow = (done: number, total: number): void =>
    onEvent?.({ kind: "progress", task: "drawing", subject: "rows of pixels", done, total });
  const wish = { count, temperature, key, label, onRow };
  const pixels = await sampleImages(model, parameters, wish, nodeEngine(options)).finally(() =>
    onEvent?.({ kind: "settled" }),
  );
  const { channels, height, width } = manifest.input;
  return { pixels, count, channels, height, width };
}

/** A flow that is being trained: the run in `out`, and which of its models. */
export interface RunningFlow {
  readonly out: string;
  readonly model: "normal" | "general";
}

/** When the checkpoint of a flow that is being trained was written, ms since 1970; undefined where there is none yet. */
export async function checkpointTime({ out, model }: RunningFlow): Promise<number | undefined> {
  const path = checkpointPath(await currentRun(runFolder(out)), model);
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/**
 * Draws images from a flow as it was at its last checkpoint, the same latents for a seed, so that pictures of one run compare. Undefined where there is
 * no checkpoint. Throws FormatError where that is damaged.
 */
export async function sampleRun(
  { out, model: name }: RunningFlow,
  { count, temperature, seed }: Pick<SampleRequest, "count" | "temperature" | "seed">,
  engine: EngineSettings = {},
): Promise<(Samples & { readonly step: number }) | undefined> {
  const folder = runFolder(out);
  const { configuration } = await readRun(folder);
  const checkpoint = await loadCheckpoint(checkpointPath(await currentRun(folder), name));
  if (!checkpoint) return undefined;
  const { progress, state, best } = checkpoint;
  const parameters = { ...state.parameters, trainable: best ?? state.parameters.trainable };
  const options = { count, temperature, key: randomKey(seed) };
  const pixels = await sampleImages(
    sampledModel(configuration, name),
    parameters,
    options,
    nodeEngine(completeEngine(engine)),
  );
  const { channels, height, width } = configuration.input;
  return { pixels, count, channels, height, width, step: progress.step };
}

/** The number of the class that a request names, if it names one. */
function labelOf(
  { training: { classes, classConditional } }: Manifest,
  { class: name, model }: SampleRequest,
): number | undefined {
  if (name === undefined) return undefined;
  const subject = setting("class");
  if (!classes || !classConditional || model !== "normal") {
    throw new ConfigError({
      code: "other-model",
      subject,
      expected: "a normal model with classes",
      got: "one without",
      remedy: { key: "train-with", settings: setting("classes") },
    });
  }
  const label = classes.indexOf(name);
  if (label >= 0) return label;
  throw new ConfigError({
    code: "unknown-name",
    subject,
    expected: `one of ${classes.join(", ")}`,
    got: `'${name}'`,
    remedy: { key: "did-you-mean", name: nearestSpelling(name, classes)! },
  });
}
