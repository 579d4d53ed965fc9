/**
 * Calibrating a detector anew: on other normal images, without training, or with another rule of its own. The calibration from before is
 * kept and can be taken back (`undoCalibration` in `detector/`).
 */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { ConfigError, messageOf, randomKey, setting } from "../../base/index.ts";
import {
  contentHashes,
  type FoundImages,
  type HashedSet,
  type ImageSource,
  openImages,
  overlapsOf,
  type PreparationProblem,
  recordedLocation,
  sampleBitsOf,
  sampleRangeOf,
} from "../../data/index.ts";
import { type Detector, type Manifest, measuredFor, namedSources, replaceCalibration } from "../../detector/index.ts";
import {
  type AnyRule,
  type Calibration,
  calibrate,
  calibrateByGroup,
  calibrationDoubts,
  checkCalibrated,
  decideBy,
  defaultScoreName,
  describeDoubt,
  joinModelTerms,
  type ModelTerms,
  oneReferencePerGroup,
  scoreDefinition,
  sourcesOf,
} from "../../score/index.ts";
import { shortageOf } from "../deciding/decisions.ts";
import { markingRate, usualFalseAlarm } from "../deciding/rate-advice.ts";
import type { Watch } from "../events.ts";
import { readKnownImages } from "../known-images.ts";
import { measuredBefore, namedScores } from "../scoring/named-scores.ts";
import { scoreSource } from "../scoring/scoring.ts";

/** What a calibration is made of. */
export interface CalibrationRequest {
  /** Normal images that the detector was not trained on: where they are, or a source that is open already. */
  readonly normal: string | ImageSource;
  /**
   * Where images come in groups, each of which counts once: `folder` for the folder of an image, or a regular expression whose first capture in
   * an image's name is its group.
   */
  readonly group?: string | undefined;
  /** The rule and the score that decide from now on. Default: those that did. */
  readonly rule?: AnyRule | undefined;
  readonly score?: string | undefined;
  /** Scores that are measured on demand, or `all` of them; those that the calibration before had are measured in any case. */
  readonly scores?: readonly string[] | undefined;
  readonly strict?: boolean | undefined;
}

/** A detector's settings after they were changed. */
export interface SettingOutcome {
  readonly manifest: Manifest;
  /** The file that keeps the calibration from before. */
  readonly kept: string;
  readonly rule: AnyRule;
  readonly score: string;
  /** What the calibration cannot give although the rule asks for it, with the number of images that would. */
  readonly shortage?: string;
}

/** What came of a calibration. */
export interface CalibrationOutcome extends SettingOutcome {
  /** Images read, and references among them: images, or groups where a group counts once. */
  readonly images: number;
  readonly references: number;
  readonly groups: number | null;
  /** The least rate of two digits at which anything is marked. */
  readonly leastRate: number;
  /** What looks wrong about the images, in words. */
  readonly doubts: readonly string[];
  readonly skipped: readonly PreparationProblem[];
}

/**
 * Calibrates the detector in the folder `detector.location` on other normal images. Half of enough images fit the scores that need a fit, the
 * others are the references; with fewer, all are references and fits stay. Doubts and shortages are warnings, too, and end nothing.
 * Throws ConfigError for images that the detector was trained on, groups that images lack, and a threshold whose score is fitted anew.
 */
export async function recalibrate(
  detector: Detector,
  request: CalibrationRequest,
  watch: Watch = {},
): Promise<CalibrationOutcome> {
  const { manifest, location } = detector;
  const { rule = manifest.decision, group, strict = false } = request;
  const groupOf = group === undefined ? undefined : groupReader(group);
  const given = request.normal;
  const source = typeof given === "string" ? await openImages(given, setting("normal"), { use: "comparison" }) : given;
  const place = typeof given === "string" ? given : source.location;
  await refuseOtherSamples(source, manifest);
  const skipped: PreparationProblem[] = [];
  const tables: ModelTerms[] = [];
  const groups: string[] = [];
  const hashes: string[] = [];
  const hash = createHash("sha256");
  const onProblem = (problem: PreparationProblem) => skipped.push(problem);
  let unlike: string | undefined;
  const onFound = (found: FoundImages): void => {
    unlike = describeUnlike(found, manifest);
  };
  const coders = [1, 3].includes(manifest.input.channels);
  const named = namedScores(manifest, [...(request.scores ?? []), ...(request.score ? [request.score] : [])]);
  const measured = measuredFor(manifest, [...named.map(({ name }) => name), ...measuredBefore(manifest)]);
  for await (const batch of scoreSource(detector, source, { strict, coders, measured, onProblem, onFound }, watch)) {
    tables.push(batch.terms);
    hash.update(batch.pixels);
    hashes.push(...contentHashes(batch.pixels, batch.names.length));
    if (groupOf) groups.push(...batch.names.map(groupOf));
  }
  if (skipped.length > 0) watch.onEvent?.({ kind: "skipped", subject: place, problems: skipped });
  const fingerprint = hash.digest("hex");
  if (fingerprint === manifest.data.normal.fingerprint) {
    throw new ConfigError({
      code: "other-images",
      subject: setting("normal"),
      expected: "images that the detector was not trained on",
      got: "those of its training, whose p-values would be too large",
      remedy: { key: "choose-another" },
    });
  }
  const terms = joinModelTerms(tables);
  const { calibration, groupCount } = calibrationOf(terms, groupOf && groups, manifest);
  const score = scoreAfter(request.score, manifest, calibration, terms);
  refuseOldThreshold(request.rule, manifest, calibration, score);
  const used = rule ?? usualRule;
  const known = await describeKnown(location, { name: place, hashes }, watch);
  const doubts = [...(unlike === undefined ? [] : [unlike]), ...known, ...doubtsOf(calibration, score)];
  const shortage = shortageOf(used, calibration, score);
  for (const doubt of doubts) watch.onEvent?.({ kind: "warning", text: `warning: ${doubt}` });
  watch.signal?.throwIfAborted();
  const images = terms.normal.count;
  const calibrated = {
    location: typeof given === "string" ? await recordedLocation(given, setting("normal")) : place,
    count: images,
    fingerprint,
    groups: groupCount === null ? null : { count: groupCount, by: group! },
  };
  const part = { calibration, defaultScore: score, decision: rule, calibrated };
  const replaced = await replaceCalibration(location, manifest, part);
  return {
    ...replaced,
    rule: used,
    score,
    images,
    references: calibration.count,
    groups: groupCount,
    leastRate: markingRate(calibration.count),
    doubts,
    skipped,
    ...(shortage === undefined ? {} : { shortage }),
  };
}

const usualRule: AnyRule = { kind: "false-alarm", rate: usualFalseAlarm };

/** Gives a detector another rule or score of its own; scores and p-values stay as they are. Throws ConfigError for what it cannot decide by. */
export async function setDecision(
  folder: string,
  manifest: Manifest,
  { rule, score = manifest.defaultScore }: { readonly rule?: AnyRule | undefined; readonly score?: string | undefined },
): Promise<SettingOutcome> {
  const { calibration, calibrated } = manifest;
  scoreDefinition(score, manifest.training.model.scales, namedSources(manifest));
  checkCalibrated(calibration, score);
  const decision = rule ?? manifest.decision;
  refuseOldThreshold(rule, manifest, calibration, score);
  const used = decision ?? usualRule;
  const shortage = shortageOf(used, calibration, score);
  const part = { calibration, calibrated, defaultScore: score, decision };
  const replaced = await replaceCalibration(folder, manifest, part);
  return { ...replaced, rule: used, score, ...(shortage === undefined ? {} : { shortage }) };
}

/** How an image's name gives its group. Throws ConfigError for what is no regular expression with a capture, and for a name without a group. */
export function groupReader(by: string): (name: string) => string {
  if (by === "folder") return (name) => posix.dirname(name.replaceAll("\\", "/"));
  const subject = setting("group");
  let pattern: RegExp;
  try {
    pattern = new RegExp(by, "u");
  } catch (error) {
    const expected = "folder or a regular expression";
    throw new ConfigError({ code: "unsupported", subject, expected, got: messageOf(error) });
  }
  // An empty text matches one more alternative, so that the captures are there to be counted.
  if (new RegExp(`${by}|`, "u").exec("")!.length < 2) {
    throw new ConfigError({
      code: "unsupported",
      subject,
      expected: "a regular expression with a capture",
      got: `'${by}'`,
      remedy: { key: "other", text: "put the part that names the group into parentheses, as in 'camera-(\\d+)'" },
    });
  }
  return (name) => {
    const found = pattern.exec(name)?.[1];
    if (found !== undefined) return found;
    throw new ConfigError({
      code: "other-images",
      subject,
      expected: `names in which '${by}' finds a group`,
      got: `'${name}'`,
    });
  };
}

function calibrationOf(
  terms: ModelTerms,
  groups: readonly string[] | undefined,
  { calibration: before, training }: Manifest,
): { readonly calibration: Calibration; readonly groupCount: number | null } {
  const key = randomKey(training.seed).fold("calibration");
  if (groups === undefined) return { calibration: calibrate(terms, key, before), groupCount: null };
  const calibration = oneReferencePerGroup(calibrateByGroup(terms, groups, key, before));
  return { calibration, groupCount: new Set(groups).size };
}

/** The score that decides: the wished one, the one that did, or where the new calibration lacks it the best that it has. */
function scoreAfter(
  wished: string | undefined,
  manifest: Manifest,
  calibration: Calibration,
  terms: ModelTerms,
): string {
  const sources = sourcesOf(terms);
  if (wished !== undefined) {
    scoreDefinition(wished, terms.normal.scales, sources);
    checkCalibrated(calibration, wished);
    return wished;
  }
  const { defaultScore } = manifest;
  return Object.hasOwn(calibration.scores, defaultScore)
    ? defaultScore
    : defaultScoreName(sources, calibration, terms.normal.scales);
}

/** A saved threshold says nothing once its score is another one, by name or by a new fit. */
function refuseOldThreshold(
  given: AnyRule | undefined,
  { decision, calibration: before, defaultScore }: Manifest,
  after: Calibration,
  score: string,
): void {
  if (given !== undefined) {
    if (given.kind !== "false-discovery") decideBy(given, after, score);
    return;
  }
  if (decision?.kind !== "score") return;
  const same = score === defaultScore && JSON.stringify(before.fits[score]) === JSON.stringify(after.fits[score]);
  if (same) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("threshold"),
    expected: "a rule for the new scores",
    got: `the detector's own threshold ${decision.above}, which was for the former ones`,
    remedy: { key: "other", text: `give ${setting("threshold")} anew or ${setting("falseAlarm")}` },
  });
}

function doubtsOf({ count, scores }: Calibration, score: string): string[] {
  const doubts = calibrationDoubts({ count, scores: scores[score]! }).map((doubt) => describeDoubt(doubt, count));
  if (count > 1) return doubts;
  return [
    ...doubts,
    "one normal image says next to nothing: every image scores above it or not, and no rate below 0.5 marks any",
  ];
}

/** What is said of images that the detector knows from its training. */
async function describeKnown(location: string, set: HashedSet, { onEvent }: Watch): Promise<string[]> {
  const known = await readKnownImages(location, (text) => onEvent?.({ kind: "warning", text }));
  return known.flatMap((one) =>
    overlapsOf([one, set]).map(
      ({ count }) =>
        `${count} of ${set.hashes.length} images are among ${one.name}, and new normal images may score higher than those: leave them out`,
    ),
  );
}

/**
 * Throws ConfigError for images whose samples are of another kind than those of the training: 8 bits where those were brought down from more, no
 * numbers of floating point where those were. Prepared as the detector prepares images, they would all be darker or lighter than they are.
 */
async function refuseOtherSamples(
  source: ImageSource,
  { input: { sampleBits, sampleRange, deepRange } }: Manifest,
): Promise<void> {
  const other = (expected: string, got: string): ConfigError =>
    new ConfigError({
      code: "other-images",
      subject: setting("normal"),
      expected,
      got,
      remedy: { key: "other", text: "train a detector on images like these" },
    });
  // Detectors of earlier programs say 16 whatever they were trained on.
  const deep = deepRange !== undefined || (sampleBits !== null && sampleBits < 16);
  if (deep && (await sampleBitsOf(source)) === null) {
    throw other(`images of ${sampleBits} bits a sample, as in training`, "images of 8 bits");
  }
  if (sampleRange !== null && (await sampleRangeOf(source)) === null) {
    throw other("images of floating point, as in training", "images of whole numbers");
  }
}

/** What is said of images whose colours are not the detector's; undefined where they are alike. */
function describeUnlike({ count, grey }: FoundImages, { input: { channels } }: Manifest): string | undefined {
  if (channels === 3 && count > 0 && grey === count)
    return "all images are grey, and the detector is one of colour images";
  if (channels === 1 && count > 0 && grey === 0) return "all images are of colour, and the detector sees them grey";
  return undefined;
}
