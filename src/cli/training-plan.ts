/** What a training is to do: a fresh plan from flags, or that of the run that stands in --out; everything is checked before it begins. */
import { readdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError } from "../base/index.ts";
import { type ImageSet, type InputSpecification, isBuiltin, loadImages, openImages } from "../data/index.ts";
import { detectorFiles, loadManifest, loadWeights, type Manifest, manifestName } from "../detector/index.ts";
import { defaultScales } from "../flow/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import {
  adoptGeneralModel,
  adoptStart,
  createRun,
  flowOf,
  isRun,
  makeRunFolder,
  type ObjectiveConfiguration,
  type PhaseConfiguration,
  paperOutlierLoss,
  parseConfiguration,
  type RunImages,
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
  readonly images: RunImages;
}

/** Seconds of training where neither --time nor --steps is given. */
const defaultSeconds = 600;

/** A new run as the options say. Nothing is written or removed before every check has passed. */
export async function planFresh(options: TrainOptions, output: Console): Promise<TrainingPlan> {
  const locations = locationsOf(options);
  await checkOut(options);
  const source = await openImages(locations.normal, `train: ${locations.normalFlag}`);
  const input = { channels: options.channels ?? (await source.channels()), height: options.size, width: options.size };
  const configuration = configurationOf(options, locations, input);
  checkTrainedScales(configuration, flowOf(configuration, "normal").latentShapes.length);
  const general = await loadOtherDetector("--general-detector", options.generalDetector, options.out, configuration);
  const start = await loadOtherDetector("--init", initFolder(options), options.out, configuration);
  const load = (location: string, flag: string) => loadData(location, flag, input, options.strict, output);
  const optional = (location: string | undefined, flag: string) =>
    location === undefined ? undefined : load(location, flag);
  const images: RunImages = {
    normal: await load(locations.normal, locations.normalFlag),
    general: await optional(locations.general, "--general"),
    outliers: await optional(options.outliers, "--outliers"),
  };
  splitRun(images, configuration);

  const locate = (location: string | undefined, set: ImageSet | undefined) =>
    location !== undefined && set ? { location: absolute(location), fingerprint: set.fingerprint } : null;
  const record: RunRecord = {
    configuration,
    normal: locate(locations.normal, images.normal)!,
    general: locate(locations.general, images.general),
    generalDetector: general?.origin ?? null,
    outliers: locate(options.outliers, images.outliers),
    startDetector: start ? { folder: start.origin.folder, weights: start.origin.weights } : null,
    role: options.as,
    checkpointEvery: options.checkpointEvery,
  };
  const folder = runFolder(options.out);
  if (options.force) await removeDetector(options.out);
  await makeRunFolder(folder);
  if (general) await adoptGeneralModel(folder, general.parameters);
  if (start) await adoptStart(folder, start.parameters);
  await createRun(folder, record);
  return { record, images };
}

interface Locations {
  /** What the flow called normal is trained on, and the flag that said so. */
  readonly normal: string;
  readonly normalFlag: "--normal" | "--general";
  readonly general: string | undefined;
}

/** Where the images are. Throws ConfigError for flags that do not go together. */
function locationsOf({
  as: role,
  normal,
  general,
  generalDetector,
  outliers,
  objective,
  local,
}: TrainOptions): Locations {
  if (general !== undefined && generalDetector !== undefined) {
    throw new ConfigError("train: expected --general or --general-detector, got both; choose one");
  }
  if (outliers !== undefined && objective === "nll") {
    throw new ConfigError("train: --outliers expects --objective outlier or margin, got neither; give one");
  }
  if (role === "detector") {
    if (normal === undefined) throw new ConfigError("train: expected --normal DATA, got none; e.g. --normal good/");
    return { normal, normalFlag: "--normal", general };
  }
  const unwanted = Object.entries({ "--general-detector": generalDetector, "--local": local || undefined }).find(
    ([, value]) => value !== undefined,
  );
  if (unwanted || objective !== "nll") {
    const flag = unwanted?.[0] ?? `--objective ${objective}`;
    throw new ConfigError(`train: --as general expects nothing but images, got ${flag}; leave it out`);
  }
  if (normal !== undefined && general !== undefined) {
    throw new ConfigError("train: --as general expects images in --general, got --normal as well; leave one out");
  }
  const images = general ?? normal;
  if (images === undefined)
    throw new ConfigError("train: --as general expects --general DATA, got none; e.g. --general photos/");
  return { normal: images, normalFlag: general === undefined ? "--normal" : "--general", general: undefined };
}

/** The detector that --init names, if it names one. */
function initFolder({ init }: TrainOptions): string | undefined {
  return init === "general" || init === "fresh" ? undefined : init;
}

function checkTrainedScales({ trainedScales }: TrainingConfiguration, scales: number): void {
  const wrong = trainedScales?.find((scale) => scale >= scales);
  if (wrong === undefined) return;
  throw new ConfigError(`train: --fine-tune expects scales from 0 to ${scales - 1}, got ${wrong}; name others`);
}

/** The run that stands in --out. Throws ConfigError where its images have changed. */
export async function planResumed(options: TrainOptions, output: Console): Promise<TrainingPlan> {
  const record = await readRun(runFolder(options.out));
  const { input } = record.configuration;
  const load = async (source: RunRecord["general"], flag: string): Promise<ImageSet | undefined> => {
    if (!source) return undefined;
    const { location, fingerprint } = source;
    const images = await loadData(location, flag, input, options.strict, output);
    if (images.fingerprint !== fingerprint) {
      throw new ConfigError(
        `train: --resume expects the images the run began with in '${location}', found others; put them back or start anew with --force`,
      );
    }
    return images;
  };
  const images = {
    normal: (await load(record.normal, "--normal"))!,
    general: await load(record.general, "--general"),
    outliers: await load(record.outliers, "--outliers"),
  };
  return { record, images };
}

/** A location that means the same from everywhere; a selection stays as it is. */
function absolute(location: string): string {
  if (isBuiltin(location)) return location;
  const hash = location.indexOf("#");
  return hash < 0 ? resolve(location) : resolve(location.slice(0, hash)) + location.slice(hash);
}

function configurationOf(
  options: TrainOptions,
  { general }: Locations,
  input: InputSpecification,
): TrainingConfiguration {
  const hasGeneral = general !== undefined;
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
  const start = startOf(options, hasGeneral);
  // A flow that starts from trained weights needs smaller steps than a fresh one.
  const rate = start === "fresh" ? options.learningRate : (options.fineTuningRate ?? options.learningRate / 2);
  const configuration: TrainingConfiguration = {
    input,
    model: {
      architecture: options.architecture,
      scales: options.scales ?? defaultScales(options.architecture),
      depth: options.depth,
      hidden: options.width,
    },
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
    normal: phase(options.steps, normalSeconds, rate),
    general: hasGeneral ? phase(generalSteps, generalSeconds, options.learningRate) : null,
    local: options.local ? phase(options.steps, normalSeconds, options.learningRate) : null,
    objective: objectiveOf(options, input),
    start,
    trainedScales: options.fineTune ?? null,
  };
  return parseConfiguration(configuration, "train");
}

/** Where the normal flow starts. Throws ConfigError where it is to start from a general model that is not there. */
function startOf({ init, generalDetector }: TrainOptions, hasGeneral: boolean): TrainingConfiguration["start"] {
  if (init === "fresh") return "fresh";
  if (init !== undefined && init !== "general") return "detector";
  if (hasGeneral || generalDetector !== undefined) return "general";
  if (init === undefined) return "fresh";
  throw new ConfigError(
    "train: --init general expects a general model, got none; give --general or --general-detector",
  );
}

/** The loss of the options: the paper's weight and temperature belong to 3072 dimensions and grow with them. */
function objectiveOf(options: TrainOptions, input: InputSpecification): ObjectiveConfiguration {
  const { objective: loss, outlierWeight: weight, outlierTemperature: temperature, margin } = options;
  const dimensions = input.channels * input.height * input.width;
  const share = dimensions / paperOutlierLoss.dimensions;
  const given = Object.entries({
    "--outlier-weight": weight,
    "--outlier-temperature": temperature,
    "--margin": margin,
  });
  const fitting = { nll: [], outlier: given.slice(0, 2), margin: [given[0]!, given[2]!] }[loss];
  const wrong = given.find((entry) => entry[1] !== undefined && !fitting.some(([flag]) => flag === entry[0]));
  if (wrong) throw new ConfigError(`train: ${wrong[0]} expects another --objective, got ${loss}; leave it out`);
  if (loss === "nll") return { loss };
  if (loss === "outlier" && options.general === undefined && options.generalDetector === undefined) {
    throw new ConfigError(
      "train: --objective outlier expects a general model to compare with, got none; give --general or --general-detector",
    );
  }
  if (loss === "margin") return { loss, weight: weight ?? 1, margin: margin ?? dimensions };
  return {
    loss,
    weight: weight ?? paperOutlierLoss.weight * share,
    temperature: temperature ?? paperOutlierLoss.temperature * share,
  };
}

async function loadOtherDetector(
  flag: "--general-detector" | "--init",
  folder: string | undefined,
  out: string,
  { input, model }: TrainingConfiguration,
): Promise<{ parameters: ParameterVectors; origin: NonNullable<RunRecord["generalDetector"]> } | undefined> {
  if (folder === undefined) return undefined;
  if (resolve(folder) === resolve(out)) {
    throw new ConfigError(`train: ${flag} expects another folder than --out, got '${folder}' for both`);
  }
  const manifest = await loadManifest(folder);
  const wanted = describeModel(input, model);
  const got = describeModel(manifest.training.input, manifest.training.model);
  if (wanted !== got) {
    throw new ConfigError(
      `train: ${flag} expects a model of ${wanted}, got one of ${got}; ` +
        "give the same --size, --channels, --architecture, --scales, --depth and --width",
    );
  }
  const weights = manifest.files[manifest.models.normal.weights] ?? "";
  return {
    parameters: await loadWeights(folder, manifest, "normal"),
    origin: { folder: resolve(folder), weights, data: manifest.data.normal },
  };
}

function describeModel({ channels, height, width }: InputSpecification, model: Manifest["training"]["model"]): string {
  const { architecture, scales, depth, hidden } = model;
  return `${channels}x${height}x${width} pixels, architecture ${architecture}, ${scales} scales, depth ${depth}, width ${hidden}`;
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
