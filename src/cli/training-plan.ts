/** What a training is to do: a fresh plan from flags, or that of the run that stands in --out; everything is checked before it begins. */
import { readdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError } from "../base/index.ts";
import { type ImageSet, type InputSpecification, loadImages, openImages } from "../data/index.ts";
import { detectorFiles, loadManifest, loadWeights, type Manifest, manifestName } from "../detector/index.ts";
import { makeGlow } from "../flow/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import {
  adoptGeneralModel,
  createRun,
  isRun,
  makeRunFolder,
  type PhaseConfiguration,
  parseConfiguration,
  type RunRecord,
  readRun,
  removeRun,
  runFolder,
  splitRun,
  type TrainingConfiguration,
} from "../train/index.ts";
import type { Console } from "./console.ts";
import type { TrainOptions } from "./train-command.ts";

/** A run that is ready to go. */
export interface TrainingPlan {
  readonly record: RunRecord;
  readonly normal: ImageSet;
  readonly general: ImageSet | undefined;
}

/** Seconds of training where neither --time nor --steps is given. */
const defaultSeconds = 600;

/** A new run as the options say. Nothing is written or removed before every check has passed. */
export async function planFresh(options: TrainOptions, output: Console): Promise<TrainingPlan> {
  if (options.normal === undefined)
    throw new ConfigError("train: expected --normal DATA, got none; e.g. --normal good/");
  if (options.general !== undefined && options.generalDetector !== undefined) {
    throw new ConfigError("train: expected --general or --general-detector, got both; choose one");
  }
  await checkOut(options);
  const source = await openImages(options.normal, "train: --normal");
  const input = { channels: options.channels ?? (await source.channels()), height: options.size, width: options.size };
  const configuration = configurationOf(options, input);
  makeGlow({ ...configuration.input, ...configuration.model });
  const other = await loadGeneralDetector(options, configuration);
  const normal = await loadData(options.normal, "--normal", input, options.strict, output);
  const general =
    options.general === undefined
      ? undefined
      : await loadData(options.general, "--general", input, options.strict, output);
  splitRun(normal, general, configuration);

  const locate = (location: string, { fingerprint }: ImageSet) => ({ location: absolute(location), fingerprint });
  const record: RunRecord = {
    configuration,
    normal: locate(options.normal, normal),
    general: general && options.general !== undefined ? locate(options.general, general) : null,
    generalDetector: other?.origin ?? null,
    checkpointEvery: options.checkpointEvery,
  };
  const folder = runFolder(options.out);
  if (options.force) await removeDetector(options.out);
  await makeRunFolder(folder);
  if (other) await adoptGeneralModel(folder, other.parameters);
  await createRun(folder, record);
  return { record, normal, general };
}

/** The run that stands in --out. Throws ConfigError where its images have changed. */
export async function planResumed(options: TrainOptions, output: Console): Promise<TrainingPlan> {
  const record = await readRun(runFolder(options.out));
  const { input } = record.configuration;
  const load = async ({ location, fingerprint }: RunRecord["normal"], flag: string): Promise<ImageSet> => {
    const images = await loadData(location, flag, input, options.strict, output);
    if (images.fingerprint !== fingerprint) {
      throw new ConfigError(
        `train: --resume expects the images the run began with in '${location}', found others; put them back or start anew with --force`,
      );
    }
    return images;
  };
  return {
    record,
    normal: await load(record.normal, "--normal"),
    general: record.general ? await load(record.general, "--general") : undefined,
  };
}

/** A location that means the same from everywhere; a selection stays as it is. */
function absolute(location: string): string {
  const hash = location.indexOf("#");
  return hash < 0 ? resolve(location) : resolve(location.slice(0, hash)) + location.slice(hash);
}

function configurationOf(options: TrainOptions, input: InputSpecification): TrainingConfiguration {
  const hasGeneral = options.general !== undefined;
  const total = options.time ?? (options.steps === undefined ? defaultSeconds : undefined);
  const phase = (steps: number | undefined, seconds: number | undefined, rate: number): PhaseConfiguration => ({
    steps: steps ?? null,
    seconds: seconds ?? null,
    learningRate: rate,
    warmup: options.warmup,
    milestones: options.milestones ?? [],
    factor: 0.1,
  });
  const doubled = options.steps !== undefined && options.generalTime === undefined ? 2 * options.steps : undefined;
  const generalSteps = options.generalSteps ?? doubled;
  const generalSeconds = options.generalTime ?? (total === undefined ? undefined : (total * 2) / 3);
  const normalSeconds = hasGeneral && total !== undefined ? total / 3 : total;
  // A flow that starts from trained weights needs smaller steps than a fresh one.
  const fineTunes = hasGeneral || options.generalDetector !== undefined;
  const configuration: TrainingConfiguration = {
    input,
    model: { scales: options.scales, depth: options.depth, hidden: options.width },
    batchSize: options.batch,
    optimizer: options.optimizer,
    weightDecay: options.weightDecay,
    clipNorm: options.clipNorm ?? null,
    augmentation: { flip: options.flip, translate: options.translate },
    heldOut: options.heldOut,
    evaluateEvery: options.evaluateEvery,
    patience: options.patience,
    seed: options.seed,
    threads: options.threads ?? availableParallelism(),
    device: options.device,
    normal: phase(options.steps, normalSeconds, fineTunes ? options.learningRate / 2 : options.learningRate),
    general: hasGeneral ? phase(generalSteps, generalSeconds, options.learningRate) : null,
  };
  return parseConfiguration(configuration, "train");
}

async function loadGeneralDetector(
  { generalDetector: folder, out }: TrainOptions,
  { input, model }: TrainingConfiguration,
): Promise<{ parameters: ParameterVectors; origin: NonNullable<RunRecord["generalDetector"]> } | undefined> {
  if (folder === undefined) return undefined;
  if (resolve(folder) === resolve(out)) {
    throw new ConfigError(`train: --general-detector expects another folder than --out, got '${folder}' for both`);
  }
  const manifest = await loadManifest(folder);
  const wanted = describeModel(input, model);
  const got = describeModel(manifest.training.input, manifest.training.model);
  if (wanted !== got) {
    throw new ConfigError(
      `train: --general-detector expects a model of ${wanted}, got one of ${got}; ` +
        "give the same --size, --channels, --scales, --depth and --width",
    );
  }
  const weights = manifest.files[manifest.models.normal.weights] ?? "";
  return {
    parameters: await loadWeights(folder, manifest, "normal"),
    origin: { folder: resolve(folder), weights, data: manifest.data.normal },
  };
}

function describeModel({ channels, height, width }: InputSpecification, model: Manifest["training"]["model"]): string {
  return `${channels}x${height}x${width} pixels, ${model.scales} scales, depth ${model.depth}, width ${model.hidden}`;
}

async function loadData(
  location: string,
  flag: string,
  specification: InputSpecification,
  strict: boolean,
  output: Console,
): Promise<ImageSet> {
  const source = await openImages(location, `train: ${flag}`);
  const images = await loadImages(source, specification, {
    strict,
    onProgress: (done) => output.live(`reading ${flag.slice(2)} images: ${done} of ${source.length}`),
  });
  output.settle();
  output.problems(images.problems);
  return images;
}

/** Throws ConfigError for an --out that is no folder, holds something else than a detector, or would be overwritten unasked. */
async function checkOut({ out, force }: TrainOptions): Promise<void> {
  const entries = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new ConfigError(`train: --out expects a folder, got '${out}' (${error.code}); choose another`);
  });
  if (entries.length === 0) return;
  // An unreadable manifest or record is still ours where its name and place say so; anything else is somebody's.
  const ours =
    entries.includes(manifestName) || (await isRun(runFolder(out))) || entries.every((name) => name === "run");
  if (!ours) {
    throw new ConfigError(`train: --out expects a new folder, got '${out}' with other files in it; choose another`);
  }
  if (!force) {
    throw new ConfigError(
      `train: --out expects a new folder, got '${out}' with a detector or run in it; --resume goes on with it, --force replaces it`,
    );
  }
}

/** Removes the files of a detector and its run, and nothing else; evaluations stay, as they are results. */
async function removeDetector(out: string): Promise<void> {
  // The manifest goes first: without it, what is left is no detector.
  for (const name of [manifestName, ...detectorFiles]) await rm(join(out, name), { force: true });
  await removeRun(runFolder(out));
}
