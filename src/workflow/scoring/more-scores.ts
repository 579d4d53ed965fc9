/**
 * More scores for a detector that is there, from the very images that it is calibrated on: what they learn and their references are added, all
 * that was there stays as it is to the bit. The images are read again from where the manifest says they are.
 */
import { ConfigError, imageSizeOf, randomKey, setting } from "../../base/index.ts";
import { type ImageSet, type ImageSource, loadImages, openImages, pickImages } from "../../data/index.ts";
import { type Detector, type Manifest, measuredFor, replaceCalibration } from "../../detector/index.ts";
import {
  calibrate,
  calibrateHeldOut,
  isPlaced,
  joinModelTerms,
  leastCalibrationSplit,
  type ModelTerms,
} from "../../score/index.ts";
import { gatherImages, readRun, runFolder, splitRun } from "../../train/index.ts";
import type { Watch } from "../events.ts";
import { imageCacheOf } from "../image-cache.ts";
import { namedScores } from "./named-scores.ts";

/** What came of it. */
export interface MoreScores {
  readonly manifest: Manifest;
  /** The file that keeps the calibration from before. */
  readonly kept: string;
  /** The scores that are new. */
  readonly added: readonly string[];
  /** Images that the calibration rests on, and references among them. */
  readonly images: number;
  readonly references: number;
}

/** Images measured in one go. */
const batchSize = 64;

/**
 * Adds scores by name, or `all`, to the calibration of the detector in the folder `detector.location`. Throws ConfigError for scores that there
 * are not, where there is nothing to add, and where the images are not where they were or are others; as `replaceCalibration`.
 */
export async function addScores(detector: Detector, names: readonly string[], watch: Watch = {}): Promise<MoreScores> {
  const { manifest, location } = detector;
  const { calibration: before, training } = manifest;
  const wanted = namedScores(manifest, names).filter(
    ({ name, needs }) => !Object.hasOwn(before.scores, name) && !needs.some(isPlaced), // Scores of places bring their own references.
  );
  if (wanted.length === 0) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("scores"),
      expected: "scores that the detector is not calibrated for yet",
      got: names.join(", "),
    });
  }
  const set = await calibrationImages(detector, watch);
  const measured = measuredFor(
    manifest,
    wanted.map(({ name }) => name),
  );
  const coders = wanted.some(({ needs }) => needs.includes("coders"));
  const size = imageSizeOf(manifest.input);
  const tables: ModelTerms[] = [];
  for (let first = 0; first < set.count; first += batchSize) {
    watch.signal?.throwIfAborted();
    const pixels = set.pixels.subarray(first * size, (first + batchSize) * size);
    tables.push(await detector.terms(pixels, { coders, measured }));
    const done = Math.min(set.count, first + batchSize);
    watch.onEvent?.({ kind: "progress", task: "scoring", subject: "calibration images", done, total: set.count });
  }
  watch.onEvent?.({ kind: "settled" });
  // The same key gives the same halves, or the same images left out together, so that new references are those of the very images that the others have.
  const key = randomKey(training.seed).fold("calibration");
  const terms = joinModelTerms(tables);
  const leftOut = !manifest.calibrated && before.count === set.count && set.count >= leastCalibrationSplit;
  const made = leftOut ? calibrateHeldOut(terms, key, set.groups) : calibrate(terms, key, before);
  if (made.count !== before.count) throw otherImages(`${made.count} references`, `${before.count}`);
  const added = wanted.map(({ name }) => name).filter((name) => Object.hasOwn(made.scores, name));
  const chosen = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => added.includes(name)));
  const calibration = {
    ...before,
    scores: { ...before.scores, ...chosen(made.scores) },
    fits: { ...before.fits, ...chosen(made.fits) },
  };
  const { defaultScore, decision, calibrated } = manifest;
  const replaced = await replaceCalibration(location, manifest, { calibration, defaultScore, decision, calibrated });
  return { ...replaced, added, images: set.count, references: made.count };
}

/** Images of a calibration, in memory and where they stand. */
interface CalibrationImages extends Pick<ImageSet, "count" | "pixels" | "indices"> {
  readonly source: ImageSource;
  /** Which show the same thing, where that is known. */
  readonly groups?: readonly number[];
}

/** The images of a calibration as a source, and where each stands in the location that they are of. */
export interface CalibrationSource {
  readonly source: ImageSource;
  readonly places: readonly number[];
}

/**
 * The normal images that a detector's calibration rests on, to be read again one by one: those that the training held out, or those of a calibration
 * since. Throws ConfigError where they are not where they were, or are others.
 */
export async function calibrationSource(
  detector: Pick<Detector, "location" | "manifest">,
  watch: Watch = {},
): Promise<CalibrationSource> {
  const { source, indices } = await calibrationImages(detector, watch);
  return { source: pickImages(source, indices), places: indices };
}

/** The images of the present calibration: those that the training held out, or those of a calibration since. */
async function calibrationImages(
  {
    location: folder,
    manifest: { calibrated, data, input, training, things },
  }: Pick<Detector, "location" | "manifest">,
  watch: Watch,
): Promise<CalibrationImages> {
  if (calibrated?.groups) {
    throw new ConfigError({
      code: "missing-setting",
      subject: setting("scores"),
      expected: "normal images",
      got: "none beside a calibration by group",
      remedy: { key: "give-setting", setting: setting("normal") },
    });
  }
  const { location, fingerprint } = calibrated ?? data.normal;
  const source = await openImages(location, setting("normal"), { use: "comparison" });
  const onProgress = (done: number): void => {
    watch.signal?.throwIfAborted();
    watch.onEvent?.({ kind: "progress", task: "reading", subject: location, done, total: source.length });
  };
  const normal = await loadImages(source, input, { strict: false, onProgress, cache: imageCacheOf(watch) });
  watch.onEvent?.({ kind: "settled" });
  if (normal.fingerprint !== fingerprint) throw otherImages(`the images of its calibration at '${location}'`, "others");
  if (calibrated) return { ...normal, source };
  const groups = things === undefined ? undefined : await groupsOfRun(folder, fingerprint);
  // The split of normal images does not depend on what else a run trained.
  const { heldOut } = splitRun(
    { normal, groups },
    { ...training, objective: { loss: "nll" }, classifier: null },
  ).normal;
  const indices = Array.from(heldOut, (image) => normal.indices[image]!);
  const images = { source, indices, count: heldOut.length, pixels: gatherImages(normal, heldOut) };
  return groups ? { ...images, groups: Array.from(heldOut, (image) => groups[image]!) } : images;
}

/** Which images show the same thing, as the run of a detector knows. Throws ConfigError where that is gone, or is one of other images. */
async function groupsOfRun(folder: string, fingerprint: string): Promise<readonly number[]> {
  const record = await readRun(runFolder(folder)).catch(() => undefined);
  if (record?.groups && record.normal.fingerprint === fingerprint) return record.groups;
  throw otherImages("a run that knows which images show the same thing", "none");
}

function otherImages(expected: string, got: string): ConfigError {
  return new ConfigError({
    code: "other-images",
    subject: setting("scores"),
    expected,
    got,
    remedy: { key: "give-setting", setting: setting("normal") },
  });
}
