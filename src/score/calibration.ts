/**
 * Calibration: what scores normal images get, so that a score becomes a p-value and a p-value a decision.
 *
 *   p(s) = (1 + #{normal >= s}) / (n + 1)
 *
 * the conformal p-value (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005): for an image exchangeable with
 * the n reference images, P(p <= a) <= a for every a. It holds only if the reference images had no part in making the score: neither
 * in training nor in a fit, hence the two halves below.
 */
import { ConfigError, internalError, permutation, type RandomKey, RunError } from "../base/index.ts";
import type { ScoreFit, ScoreFits } from "./fits.ts";
import { leastHierarchyImages } from "./hierarchy.ts";
import type { ScoreDefinition } from "./score-definition.ts";
import { computeScore, isFitted, scoreDefinitions } from "./scores.ts";
import { sourcesOf } from "./sources.ts";
import { checkModelTerms, type ModelTerms, selectTerms } from "./terms.ts";

/** Reference scores of held-out normal images and the fits they rest on: plain data, safe to keep as JSON. */
export interface Calibration {
  /** Number of reference images n. */
  readonly count: number;
  /** The same of scores that have other reference images than the rest, by score name. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
  /**
   * The finite reference scores by score name, ascending. The other count - length images had a score of +Infinity, which JSON
   * cannot hold.
   */
  readonly scores: Readonly<Record<string, readonly number[]>>;
  /** The fits of the scores that need one, by score name, made from the other half of the held-out images; empty where those were too few. */
  readonly fits: ScoreFits["fits"];
}

/** The fewest held-out images that are split into halves. Fewer are all used as references and the scores that need a fit are missing. */
export const leastCalibrationSplit = 2 * leastHierarchyImages;

/**
 * Calibrates every score that the terms allow on those of normal images held out of training. With at least leastCalibrationSplit images a
 * random half (the smaller one) fits the scores that need a fit, and the other half gives the reference scores of all scores, so all share one n.
 * With fewer, all images are references, and the scores that need a fit keep what was there `before`, or are missing without any: fits on
 * other images are as good as fits on the other half for what p-values promise.
 * Throws RunError for no images, or where most of the fitting half has non-finite terms.
 */
export function calibrate(heldOut: ModelTerms, key: RandomKey, before?: ScoreFits): Calibration {
  checkModelTerms(heldOut);
  const { count, scales } = heldOut.normal;
  if (count === 0)
    throw new RunError({
      code: "too-few-images",
      subject: "calibration",
      expected: "normal images",
      got: "none",
      remedy: { key: "other", text: "give at least one held-out image" },
    });
  const order = permutation(count, key.fold("calibration halves").stream());
  const fitCount = count < leastCalibrationSplit ? 0 : Math.floor(count / 2);
  const fitted = selectTerms(heldOut, order.subarray(0, fitCount));
  const references = selectTerms(heldOut, order.subarray(fitCount));

  const all = scoreDefinitions(scales, sourcesOf(heldOut));
  const fits = fitScores(all, fitCount > 0 ? fitted : undefined, before);
  const definitions = all.filter((definition) => isFitted(definition, { fits }));
  const scores = Object.fromEntries(
    definitions.map(({ name }) => {
      const { values } = computeScore(name, references, { fits });
      return [name, Array.from(values.filter(Number.isFinite).sort())];
    }),
  );
  return { count: references.normal.count, scores, fits };
}

/** The fits of scores that need one: made anew from images, or else those that there were. */
export function fitScores(
  definitions: readonly ScoreDefinition[],
  fitted: ModelTerms | undefined,
  before: ScoreFits | undefined,
): Record<string, ScoreFit> {
  const fits: Record<string, ScoreFit> = {};
  for (const { name, learn } of definitions) {
    if (learn === undefined) continue;
    const fit = fitted ? learn(fitted) : before?.fits[name];
    if (fit !== undefined) fits[name] = fit;
  }
  return fits;
}

/** The number of reference images of a score. */
export function referenceCount({ count, counts = {} }: Calibration, name: string): number {
  return Object.hasOwn(counts, name) ? counts[name]! : count;
}

/** The same calibration with a score whose references are its own, such as those that a part of the detector brings with it. */
export function withReferences(calibration: Calibration, name: string, scores: ArrayLike<number>): Calibration {
  return {
    ...calibration,
    counts: { ...calibration.counts, [name]: scores.length },
    scores: { ...calibration.scores, [name]: Array.from(Float64Array.from(scores).sort()) },
  };
}

/** Throws ConfigError where the calibration lacks this score: a detector calibrated before there was such a score, or on few images. */
export function checkCalibrated(calibration: Calibration, name: string): void {
  referenceScores(calibration, name);
}

/**
 * The p-value of every score, each in [1/(n + 1), 1]: the share of normal images that look at least as anomalous.
 * Throws ConfigError where the calibration lacks this score.
 */
export function pValues(calibration: Calibration, name: string, scores: ArrayLike<number>): Float64Array {
  const reference = referenceScores(calibration, name);
  const count = referenceCount(calibration, name);
  return Float64Array.from(scores, (score) => {
    if (Number.isNaN(score)) throw internalError(`the score ${name} is not a number`);
    return (1 + count - countBelow(reference, score)) / (count + 1);
  });
}

/** Whether an image with this p-value is flagged as anomalous at a false-alarm rate in (0, 1). Throws ConfigError for another rate. */
export function decide(pValue: number, falseAlarm: number): boolean {
  checkFalseAlarm(falseAlarm);
  return pValue <= falseAlarm;
}

/** The smallest false-alarm rate that n reference images can resolve: below it nothing is ever flagged. */
export function smallestFalseAlarm(count: number): number {
  return 1 / (count + 1);
}

/**
 * The score above which (not at which) an image is flagged at a false-alarm rate, the same decision as by p-value. +Infinity, so nothing
 * is flagged, where the rate is below smallestFalseAlarm; also where so many references are +Infinity that the rate allows no finite one.
 * Throws ConfigError for a rate outside (0, 1) or a missing score.
 */
export function scoreThreshold(calibration: Calibration, name: string, falseAlarm: number): number {
  checkFalseAlarm(falseAlarm);
  const reference = referenceScores(calibration, name);
  const count = referenceCount(calibration, name);
  // The most references allowed at or above a flagged score, found with the very division and comparison of decide and pValues.
  let allowed = Math.floor(falseAlarm * (count + 1)) - 2;
  while ((2 + allowed) / (count + 1) <= falseAlarm) allowed++;
  if (allowed < 0) return Number.POSITIVE_INFINITY;
  return reference[count - allowed - 1] ?? Number.POSITIVE_INFINITY;
}

function referenceScores(calibration: Calibration, name: string): readonly number[] {
  // Object.hasOwn: a score called like a property that every object has is still a missing score.
  if (Object.hasOwn(calibration.scores, name)) return calibration.scores[name]!;
  throw new ConfigError({
    code: "not-calibrated",
    subject: `score ${name}`,
    expected: `one of the calibrated scores ${Object.keys(calibration.scores).join(", ")}`,
    got: "another",
    remedy: { key: "other", text: "calibrate with this version of outglow" },
  });
}

function checkFalseAlarm(rate: number): void {
  if (rate > 0 && rate < 1) return;
  throw new ConfigError({
    code: "out-of-range",
    subject: "false-alarm rate",
    expected: "a number between 0 and 1",
    got: String(rate),
    remedy: { key: "other", text: "try 0.01 for one in a hundred" },
  });
}

/** How many of the ascending values are less than a number, by bisection. */
function countBelow(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
