/** The plan of a new run from a request. */
import { ConfigError, isColoured, setting } from "../../base/index.ts";
import { entriesOf, openImages, recordedLocation } from "../../data/index.ts";
import { manifestName } from "../../detector/index.ts";
import { requireDevice } from "../../runtime/index.ts";
import { hasBegun, isRun, type RunImages, type RunRecord, refuseBusy, runFolder, splitRun } from "../../train/index.ts";
import { markingRate, referencesAmong, usualFalseAlarm, waysToResolve } from "../deciding/rate-advice.ts";
import type { Watch } from "../events.ts";
import { openEncoderFile } from "./encoder-file.ts";
import { locateExamples } from "./fault-examples.ts";
import { describeLeak, loadOtherDetector } from "./other-detectors.ts";
import type { TrainSettings } from "./train-request.ts";
import { imageLocations, startFolder } from "./train-rules.ts";
import { cellPlanOf, configurationOf, encoderSecondsOf, faultPlanOf } from "./training-configuration.ts";
import { inputOf, loadSet, type SetName, useOf, withClasses } from "./training-images.ts";
import type { TrainingPlan } from "./training-plan.ts";
import { groupsOfNormal } from "./whole-images.ts";

/** Reads the images of a request and checks everything. Throws as `prepareTraining`. */
export async function freshPlan(settings: TrainSettings, watch: Watch): Promise<TrainingPlan> {
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
  const load = (location: string, name: SetName) => loadSet(location, name, input, settings.strict, watch);
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
