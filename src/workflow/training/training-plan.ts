/** What a training is to do: a fresh plan from a request, or that of the run that stands in `out`; everything is checked before it begins. */
import { ConfigError, isColoured, setting } from "../../base/index.ts";
import {
  deepRangeOf,
  describeSource,
  entriesOf,
  type ImageSet,
  type ImageSource,
  type ImageUse,
  loadImages,
  openImages,
  recordedLocation,
  sampleBitsOf,
  sampleRangeOf,
  sourceWarnings,
} from "../../data/index.ts";
import { manifestName } from "../../detector/index.ts";
import { modelOf, type TrainingConfiguration } from "../../model/index.ts";
import type { InputForm } from "../../pixels/index.ts";
import { requireDevice } from "../../runtime/index.ts";
import {
  type Beginning,
  classNamesOf,
  hasBegun,
  isRun,
  type RunImages,
  type RunRecord,
  readRun,
  refuseBusy,
  runFolder,
  splitRun,
} from "../../train/index.ts";
import { markingRate, referencesAmong, usualFalseAlarm, waysToResolve } from "../deciding/rate-advice.ts";
import type { Watch } from "../events.ts";
import { imageCacheOf } from "../image-cache.ts";
import { type EncoderFile, openEncoderFile } from "./encoder-file.ts";
import { locateExamples } from "./fault-examples.ts";
import { describeLeak, loadOtherDetector } from "./other-detectors.ts";
import { readTrainRequest, type TrainRequest, type TrainSettings } from "./train-request.ts";
import { imageLocations, startFolder } from "./train-rules.ts";
import { cellPlanOf, configurationOf, encoderSecondsOf, faultPlanOf } from "./training-configuration.ts";
import { groupsOfNormal } from "./whole-images.ts";

/** A run that is ready to go. */
export interface TrainingPlan {
  /** The folder that becomes the detector. */
  readonly out: string;
  readonly record: RunRecord;
  readonly images: RunImages;
  /** How the run is begun; undefined where one is gone on with. */
  readonly beginning: Beginning | undefined;
  /** The encoder of the record, where it has one. */
  readonly encoder?: EncoderFile | undefined;
  /** The record that the run had, where one is gone on with: other than the plan's where images have moved. */
  readonly standing?: RunRecord;
}

/** The name of a set of images, as a request says where it is. */
type SetName = "normal" | "general" | "outliers";

/**
 * Reads the images of a request for a new run, or those of the run that stands in `out`, and checks everything. Nothing is written, and
 * nobody is kept out of `out` yet: `train` does that. Throws ConfigError for settings or images that will not do, FormatError for damaged ones, RunError where the device does
 * not work or another process trains in `out`, the signal's reason where it calls the work off.
 */
export async function prepareTraining(request: TrainRequest, watch: Watch = {}): Promise<TrainingPlan> {
  const settings = readTrainRequest(request);
  return settings.resume ? resumedPlan(settings, watch) : freshPlan(settings, watch);
}

async function freshPlan(settings: TrainSettings, watch: Watch): Promise<TrainingPlan> {
  const { out } = settings;
  const locations = imageLocations(settings);
  await checkOut(settings);
  await requireDevice(settings.device);
  const source = await openImages(locations.normal, setting(locations.normalSetting), useOf(locations.normalSetting));
  const input = await inputOf(source, settings);
  refuseBandsOfPlaces(settings, input);
  const unnamed = configurationOf(settings, input, locations.general !== undefined);
  const { encoder: file } = settings;
  const encoder = file === undefined ? undefined : await openEncoderFile(file, unnamed.threads, watch);
  const general = await loadOtherDetector("generalDetector", settings.generalDetector, out, unnamed);
  if (general?.model === "general") {
    const text = `${setting("generalDetector")}: '${settings.generalDetector}' is a detector of normal images; its general model is taken`;
    watch.onEvent?.({ kind: "note", text });
  }
  const start = await loadOtherDetector("init", startFolder(settings), out, unnamed);
  const load = (location: string, name: SetName) => loadData(location, name, input, settings.strict, watch);
  const optional = (location: string | undefined, name: SetName) =>
    location === undefined ? undefined : load(location, name);
  const normal = await load(locations.normal, locations.normalSetting);
  const configuration = withClasses(unnamed, normal, locations.normal);
  const asked = { location: locations.normal, normal, configuration, pattern: settings.group ?? null };
  const placed = settings.faults || settings.encoder !== undefined;
  const images: RunImages = {
    normal,
    groups: settings.as === "detector" ? await groupsOfNormal({ ...asked, placed }, watch) : undefined,
    general: await optional(locations.general, "general"),
    outliers: await optional(locations.outliers, "outliers"),
  };
  const splits = splitRun(images, configuration);
  if (settings.as === "detector" && !settings.faults && !encoder) {
    tellResolution(normal.count, splits.normal.heldOut.length, settings.heldOut, watch);
  }
  for (const [name, other] of [["generalDetector", general] as const, ["init", start] as const]) {
    const leak = other && describeLeak(name, other, images, configuration);
    if (leak) watch.onEvent?.({ kind: "warning", text: leak });
  }

  const locate = async (location: string | undefined, name: SetName) => {
    const set = images[name];
    if (location === undefined || !set) return null;
    return { location: await recordedLocation(location, setting(name)), fingerprint: set.fingerprint };
  };
  const normalAt = (await locate(locations.normal, "normal"))!;
  const planned = faultPlanOf(settings);
  const like = await locateExamples(settings.faultsLike, { normal: normalAt, configuration }, normal);
  const record: RunRecord = {
    configuration,
    normal: normalAt,
    general: await locate(locations.general, "general"),
    generalDetector: general?.origin ?? null,
    outliers: await locate(locations.outliers, "outliers"),
    startDetector: start ? { folder: start.origin.folder, weights: start.origin.weights } : null,
    role: settings.as,
    faults: planned && { ...planned, like },
    cells: cellPlanOf(settings),
    encoder: encoder
      ? {
          path: encoder.path,
          checksum: encoder.record.checksum,
          mode: settings.encoderMode ?? "auto",
          seconds: encoderSecondsOf(settings),
          flow: settings.encoderFlow,
        }
      : null,
    group: settings.group ?? null,
    groups: images.groups ? Array.from(images.groups) : null,
    checkpointEvery: settings.checkpointEvery,
  };
  const beginning = { general: general?.parameters, start: start?.parameters, replace: settings.force };
  return { out, record, images, beginning, encoder };
}

/** Throws ConfigError where places are to be looked at in images of channels that are no colours: what looks at them knows grey and colour. */
function refuseBandsOfPlaces({ faults, encoder }: TrainSettings, { channels }: { readonly channels: number }): void {
  if (isColoured(channels) || !(faults || encoder !== undefined)) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting(faults ? "faults" : "encoder"),
    expected: "images of grey or colour",
    got: `${channels} channels`,
    remedy: { key: "other", text: "leave it out" },
  });
}

/** The form to which a source's images are brought, as settings say and the images ask for. */
export async function inputOf(
  source: ImageSource,
  { channels, size, background, fit, range }: Pick<TrainSettings, "channels" | "size" | "background" | "fit" | "range">,
) {
  const deepRange = range === "percentiles" ? await deepRangeOf(source) : null;
  return {
    channels: channels ?? (await source.channels()),
    height: size,
    width: size,
    background,
    sampleBits: deepRange ? 16 : await sampleBitsOf(source),
    sampleRange: await sampleRangeOf(source, range),
    ...(deepRange && { deepRange }),
    ...(fit !== "stretch" && { fit }),
  };
}

/** Says before the training how little its p-values will tell, where they will not do for the usual rate. */
function tellResolution(images: number, heldOut: number, share: number, { onEvent }: Watch): void {
  const marking = markingRate(referencesAmong(heldOut));
  if (marking <= usualFalseAlarm) return;
  const ways = waysToResolve(usualFalseAlarm, images, share);
  onEvent?.({
    kind: "note",
    text: `${images} normal images will resolve false-alarm rates from ${marking}; a rate of ${usualFalseAlarm} takes ${ways}`,
  });
}

/** The configuration with the names of the images' classes where a model is to know them. Throws ConfigError where there are none. */
function withClasses(unnamed: TrainingConfiguration, images: ImageSet, location: string): TrainingConfiguration {
  if (!unnamed.classConditional && !unnamed.classifier) return unnamed;
  const asked = setting(unnamed.classConditional ? "classes" : "classifier");
  const configuration = { ...unnamed, classes: classNamesOf(images, asked, location) };
  // A classifier has sizes of its own to check.
  if (configuration.classifier) modelOf(configuration, "classifier");
  return configuration;
}

async function resumedPlan(settings: TrainSettings, watch: Watch): Promise<TrainingPlan> {
  const { out, strict } = settings;
  const standing = await readRun(runFolder(out));
  await refuseBusy(runFolder(out));
  await requireDevice(standing.configuration.device);
  const record = await withMovedImages(standing, settings);
  const { input } = record.configuration;
  const load = async (source: RunRecord["general"], name: SetName): Promise<ImageSet | undefined> => {
    if (!source) return undefined;
    const { location, fingerprint } = source;
    const images = await loadData(location, name, input, strict, watch).catch((error: unknown) => {
      const gone = error instanceof ConfigError && error.fault?.code === "not-found";
      throw gone ? changed("images", location, name, "nothing there") : error;
    });
    if (images.fingerprint === fingerprint) return images;
    // Runs from before train/ was told from test/ were trained on both.
    const all = name === "normal" ? await loadData(location, name, input, strict, watch, {}) : images;
    if (all.fingerprint !== fingerprint) throw changed("images", location, name);
    return all;
  };
  const images = {
    normal: (await load(record.normal, "normal"))!,
    groups: record.groups ?? undefined,
    general: await load(record.general, "general"),
    outliers: await load(record.outliers, "outliers"),
  };
  const { classes } = withClasses(record.configuration, images.normal, record.normal.location);
  if (JSON.stringify(classes) !== JSON.stringify(record.configuration.classes)) {
    throw changed("classes", record.normal.location, "normal");
  }
  const encoder = await sameEncoder(record, watch);
  return { out, record, images, beginning: undefined, standing, encoder };
}

/** The encoder that a run began with. Throws ConfigError where another file stands in its place, and as `openEncoderFile`. */
async function sameEncoder({ encoder, configuration }: RunRecord, watch: Watch): Promise<EncoderFile | undefined> {
  if (!encoder) return undefined;
  const found = await openEncoderFile(encoder.path, configuration.threads, watch);
  if (found.record.checksum === encoder.checksum) return found;
  throw new ConfigError({
    code: "mismatch",
    subject: setting("resume"),
    expected: `the encoder that the run began with in '${encoder.path}'`,
    got: "another one",
    remedy: { key: "other", text: `put it back, or start anew with ${setting("force")}` },
  });
}

/** A run's record with the places where its images are now, as far as the settings say so. Throws ConfigError for images that it has not. */
async function withMovedImages(record: RunRecord, { normal, general, outliers }: TrainSettings): Promise<RunRecord> {
  // What a general model is trained on was named by either setting.
  const given: Readonly<Record<SetName, string | undefined>> =
    record.role === "general"
      ? { normal: general ?? normal, general: undefined, outliers }
      : { normal, general, outliers };
  const move = async <Source extends RunRecord["general"]>(source: Source, name: SetName): Promise<Source> => {
    const location = given[name];
    if (location === undefined) return source;
    if (source !== null) return { ...source, location: await recordedLocation(location, setting(name)) };
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting(name),
      expected: "a run that began with such images",
      got: "one without",
      remedy: { key: "other", text: "leave it out" },
    });
  };
  return {
    ...record,
    normal: await move(record.normal, "normal"),
    general: await move(record.general, "general"),
    outliers: await move(record.outliers, "outliers"),
  };
}

function changed(what: "images" | "classes", location: string, name: SetName, got = "others"): ConfigError {
  return new ConfigError({
    code: "other-images",
    subject: setting("resume"),
    expected: `the ${what} the run began with in '${location}'`,
    got,
    remedy: {
      key: "other",
      text: `put them back, say with ${setting(name)} where they are now, or start anew with ${setting("force")}`,
    },
  });
}

async function loadData(
  location: string,
  name: SetName,
  specification: InputForm,
  strict: boolean,
  watch: Watch,
  use = useOf(name),
): Promise<ImageSet> {
  watch.signal?.throwIfAborted();
  const source = await openImages(location, setting(name), use);
  return loadSource(source, `${name} images`, specification, strict, watch);
}

/** Reads a source's images and tells what was read and skipped. Throws as `loadImages`, the signal's reason where it is aborted. */
export async function loadSource(
  source: ImageSource,
  subject: string,
  specification: InputForm,
  strict: boolean,
  watch: Watch,
): Promise<ImageSet> {
  const { onEvent, signal } = watch;
  const images = await loadImages(source, specification, {
    strict,
    cache: imageCacheOf(watch),
    onProgress: (done) => {
      signal?.throwIfAborted();
      onEvent?.({ kind: "progress", task: "reading", subject, done, total: source.length });
    },
  }).catch((error: unknown) => {
    throw withSmallerSize(error);
  });
  onEvent?.({ kind: "settled" });
  if (images.problems.length > 0) onEvent?.({ kind: "skipped", subject, problems: images.problems });
  onEvent?.({ kind: "note", text: `${subject}: ${describeSource(source, images.found, images.problems.length)}` });
  for (const text of sourceWarnings(source, images.found)) onEvent?.({ kind: "warning", text: `${subject}: ${text}` });
  if (images.found.remarks.some(({ kind }) => kind === "stretch")) {
    const text = `${subject}: ${setting("fit", "pad")} keeps images of other proportions whole, ${setting("fit", "crop")} takes their middle`;
    onEvent?.({ kind: "note", text });
  }
  return images;
}

/** What a set is opened for: only the normal images must be normal. */
function useOf(name: SetName): { readonly use?: ImageUse } {
  return name === "normal" ? { use: "training" } : {};
}

/** A refusal of images that are too small for the model, with the setting that makes the model smaller. */
function withSmallerSize(error: unknown): unknown {
  if (!(error instanceof ConfigError) || !error.fault?.got.includes("smaller than half the model's")) return error;
  return new ConfigError({ ...error.fault, remedy: { key: "other", text: `give a smaller ${setting("size")}` } });
}

/**
 * Throws ConfigError for an `out` that is no folder, holds something else than a detector, or would be overwritten unasked, RunError where
 * another process trains in it.
 */
async function checkOut({ out, force }: TrainSettings): Promise<void> {
  const subject = setting("out");
  const entries = await entriesOf(out, subject);
  if (entries.length === 0) return;
  // An unreadable manifest or record is still ours where its name and place say so; anything else is somebody's.
  const ours =
    entries.includes(manifestName) || (await isRun(runFolder(out))) || entries.every((name) => name === "run");
  if (!ours) {
    throw new ConfigError({
      code: "exists",
      subject,
      expected: "a new folder",
      got: `'${out}' with other files in it`,
      remedy: { key: "choose-another" },
    });
  }
  await refuseBusy(runFolder(out));
  // What a killed process made before its run began is nothing to keep.
  if (entries.every((name) => name === "run") && !(await hasBegun(runFolder(out)))) return;
  if (!force) {
    throw new ConfigError({
      code: "exists",
      subject,
      expected: "a new folder",
      got: `'${out}' with a detector or run in it`,
      remedy: { key: "other", text: `${setting("resume")} goes on with it, ${setting("force")} replaces it` },
    });
  }
}
