/** What a training is to do: a fresh plan from flags, or that of the run that stands in --out; everything is checked before it begins. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type ImageShape } from "../base/index.ts";
import { type ImageSet, loadImages, openImages, recordedLocation } from "../data/index.ts";
import { detectorFiles, manifestName } from "../detector/index.ts";
import { flowOf, modelOf, type TrainingConfiguration } from "../model/index.ts";
import {
  adoptGeneralModel,
  adoptStart,
  classNamesOf,
  createRun,
  isRun,
  makeRunFolder,
  type RunImages,
  type RunRecord,
  readRun,
  refuseBusy,
  removeRun,
  runFolder,
  splitRun,
} from "../train/index.ts";
import type { Console } from "./console.ts";
import { describeLeak, loadOtherDetector } from "./other-detectors.ts";
import type { TrainOptions } from "./train-command.ts";
import { configurationOf } from "./training-configuration.ts";

/** A run that is ready to go. */
export interface TrainingPlan {
  readonly record: RunRecord;
  readonly images: RunImages;
}

/** A new run as the options say. Nothing is written or removed before every check has passed. */
export async function planFresh(options: TrainOptions, output: Console): Promise<TrainingPlan> {
  const locations = locationsOf(options);
  await checkOut(options);
  const source = await openImages(locations.normal, `train: ${locations.normalFlag}`);
  const input = { channels: options.channels ?? (await source.channels()), height: options.size, width: options.size };
  const unnamed = configurationOf(options, input, locations.general !== undefined);
  checkTrainedScales(unnamed, flowOf(unnamed, "normal").latentShapes.length);
  // Patches have sizes of their own to fit.
  if (unnamed.local) flowOf(unnamed, "local");
  const general = await loadOtherDetector("--general-detector", options.generalDetector, options.out, unnamed);
  const start = await loadOtherDetector("--init", initFolder(options), options.out, unnamed);
  const load = (location: string, flag: string) => loadData(location, flag, input, options.strict, output);
  const optional = (location: string | undefined, flag: string) =>
    location === undefined ? undefined : load(location, flag);
  const normal = await load(locations.normal, locations.normalFlag);
  const configuration = withClasses(unnamed, normal, locations.normal);
  const images: RunImages = {
    normal,
    general: await optional(locations.general, "--general"),
    outliers: await optional(options.outliers, "--outliers"),
  };
  splitRun(images, configuration);
  for (const [flag, other] of Object.entries({ "--general-detector": general, "--init": start })) {
    const leak = other && describeLeak(flag, other, images, configuration);
    if (leak) output.warn(leak);
  }

  const locate = async (location: string | undefined, set: ImageSet | undefined) =>
    location !== undefined && set
      ? { location: await recordedLocation(location, "train"), fingerprint: set.fingerprint }
      : null;
  const record: RunRecord = {
    configuration,
    normal: (await locate(locations.normal, images.normal))!,
    general: await locate(locations.general, images.general),
    generalDetector: general?.origin ?? null,
    outliers: await locate(options.outliers, images.outliers),
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
  classes,
  classifier,
  generalSteps,
  generalTime,
}: TrainOptions): Locations {
  if (general !== undefined && generalDetector !== undefined) {
    throw new ConfigError("train: expected --general or --general-detector, got both; choose one");
  }
  if ((generalSteps ?? generalTime) !== undefined && (general === undefined || role === "general")) {
    const flag = generalSteps === undefined ? "time" : "steps";
    throw new ConfigError(
      `train: --general-${flag} expects a general model that is trained beside a normal one, got none; ` +
        `${role === "general" ? `give --${flag}` : "give --general"} or leave it out`,
    );
  }
  if (outliers !== undefined && objective === "nll" && classifier !== "exposed") {
    throw new ConfigError(
      "train: --outliers expects --objective outlier or margin, or --classifier exposed, got none of them; give one",
    );
  }
  if (role === "detector") {
    if (normal === undefined) throw new ConfigError("train: expected --normal DATA, got none; e.g. --normal good/");
    return { normal, normalFlag: "--normal", general };
  }
  const unwanted = Object.entries({
    "--general-detector": generalDetector,
    "--local": local || undefined,
    "--classes": classes || undefined,
    "--classifier": classifier,
  }).find(([, value]) => value !== undefined);
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

function checkTrainedScales({ trainedScales, start }: TrainingConfiguration, scales: number): void {
  const wrong = trainedScales?.find((scale) => scale >= scales);
  if (wrong !== undefined) {
    throw new ConfigError(`train: --fine-tune expects scales from 0 to ${scales - 1}, got ${wrong}; name others`);
  }
  if (trainedScales && start === "fresh") {
    throw new ConfigError(
      "train: --fine-tune expects a trained model to start from, got a fresh one; give --general, --general-detector or --init",
    );
  }
}

/** The configuration with the names of the images' classes where a model is to know them. Throws ConfigError where there are none. */
function withClasses(unnamed: TrainingConfiguration, images: ImageSet, location: string): TrainingConfiguration {
  if (!unnamed.classConditional && !unnamed.classifier) return unnamed;
  const flag = unnamed.classConditional ? "--classes" : "--classifier";
  const configuration = { ...unnamed, classes: classNamesOf(images, flag, location) };
  // A classifier has sizes of its own to check.
  if (configuration.classifier) modelOf(configuration, "classifier");
  return configuration;
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
  const { classes } = withClasses(record.configuration, images.normal, record.normal.location);
  if (JSON.stringify(classes) !== JSON.stringify(record.configuration.classes)) {
    throw new ConfigError(
      `train: --resume expects the classes the run began with in '${record.normal.location}', found others; put them back or start anew with --force`,
    );
  }
  return { record, images };
}

async function loadData(
  location: string,
  flag: string,
  specification: ImageShape,
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

/**
 * Throws ConfigError for an --out that is no folder, holds something else than a detector, or would be overwritten unasked, RunError where
 * another process trains in it.
 */
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
  await refuseBusy(runFolder(out));
}

/** Removes the files of a detector and its run, and nothing else; evaluations stay, as they are results. */
async function removeDetector(out: string): Promise<void> {
  // The manifest goes first: without it, what is left is no detector.
  for (const name of [manifestName, ...detectorFiles]) await rm(join(out, name), { force: true });
  await removeRun(runFolder(out));
}
