/** The plan of a run that stands in a folder and is gone on with: its images must still be the same, wherever they have moved to. */
import { ConfigError, setting } from "../../base/index.ts";
import { type ImageSet, recordedLocation } from "../../data/index.ts";
import { requireDevice } from "../../runtime/index.ts";
import { type RunRecord, readRun, refuseBusy, runFolder } from "../../train/index.ts";
import type { Watch } from "../events.ts";
import { type EncoderFile, openEncoderFile } from "./encoder-file.ts";
import type { TrainSettings } from "./train-request.ts";
import { loadSet, type SetName, withClasses } from "./training-images.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** Reads the run in `out` and its images again. Throws as `prepareTraining`. */
export async function resumedPlan(settings: TrainSettings, watch: Watch): Promise<TrainingPlan> {
  const { out, strict } = settings;
  const standing = await readRun(runFolder(out));
  await refuseBusy(runFolder(out));
  await requireDevice(standing.configuration.device);
  const record = await withMovedImages(standing, settings);
  const { input } = record.configuration;
  const load = async (source: RunRecord["general"], name: SetName): Promise<ImageSet | undefined> => {
    if (!source) return undefined;
    const { location, fingerprint } = source;
    const images = await loadSet(location, name, input, strict, watch).catch((error: unknown) => {
      const gone = error instanceof ConfigError && error.fault?.code === "not-found";
      throw gone ? changed("images", location, name, "nothing there") : error;
    });
    if (images.fingerprint === fingerprint) return images;
    // Runs from before train/ was told from test/ were trained on both.
    const all = name === "normal" ? await loadSet(location, name, input, strict, watch, {}) : images;
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
