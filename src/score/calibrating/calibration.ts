/**
 * Calibration: what scores normal images get, so that a score becomes a p-value and a p-value a decision.
 *
 *   p(s) = (1 + #{normal >= s}) / (n + 1)
 *
 * the conformal p-value (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005): for an image exchangeable with
 * the n reference images, P(p <= a) <= a for every a. It holds only if the reference images had no part in making the score: neither
 * in training nor in a fit, hence the two halves below.
 */
import { ConfigError, internalError, permutation, type RandomKey, RunError } from "../../base/index.ts";
import type { ScoreFit, ScoreFits } from "../definitions/fits.ts";
import { leastHierarchyImages } from "../definitions/hierarchy.ts";
import type { ScoreDefinition } from "../definitions/score-definition.ts";
import { computable, computeScore, scoreDefinitions } from "../definitions/scores.ts";
import { joinScores } from "../joining/expert-choice.ts";
import { countBelow } from "../statistics/bisection.ts";
import { sourcesOf } from "../tables/sources.ts";
import { checkModelTerms, type ModelTerms, selectTerms } from "../tables/terms.ts";
import { bringJoined, chooseJoined, type ExpertTrials, type FittingImages } from "./joined.ts";
import { checkFalseAlarm } from "./resolution.ts";

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
 * The joined score hears whom it heard before, or is missing until `withJoined` adds it.
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
  const { fitting, referring } = halvesOf(count, key);
  const references = selectTerms(heldOut, referring);

  const all = scoreDefinitions(scales, sourcesOf(heldOut));
  const fits = fitScores(all, fitting.length > 0 ? selectTerms(heldOut, fitting) : undefined, before);
  const definitions = computable(all, scales, sourcesOf(heldOut), { fits });
  const scores = Object.fromEntries(
    definitions.map(({ name }) => {
      const { values } = computeScore(name, references, { fits });
      return [name, Array.from(values.filter(Number.isFinite).sort())];
    }),
  );
  return { count: references.normal.count, scores, fits };
}

/** Which of so many held-out images fit, none where they are few, and which are the references. */
export function halvesOf(
  count: number,
  key: RandomKey,
): { readonly fitting: Uint32Array; readonly referring: Uint32Array } {
  const order = permutation(count, key.fold("calibration halves").stream());
  const fitCount = count < leastCalibrationSplit ? 0 : Math.floor(count / 2);
  return { fitting: order.subarray(0, fitCount), referring: order.subarray(fitCount) };
}

/** The fits of scores that need one: made anew from images, or else those that there were. The choice of a joined score stays. */
export function fitScores(
  definitions: readonly ScoreDefinition[],
  fitted: ModelTerms | undefined,
  before: ScoreFits | undefined,
): Record<string, ScoreFit> {
  const fits: Record<string, ScoreFit> = {};
  for (const { name, fit: kind, learn } of definitions) {
    if (kind === undefined) continue;
    const fit = fitted ? learn?.(fitted) : before?.fits[name];
    if (fit !== undefined) fits[name] = fit;
  }
  const former = before?.fits.joined;
  const choice = fitted && former?.kind === "joined" ? bringJoined(former, definitions, fitted, measure) : undefined;
  if (choice) fits.joined = { ...choice, kind: "joined" };
  return fits;
}

function measure({ name }: ScoreDefinition, terms: ModelTerms, fits: ScoreFits): Float64Array {
  return computeScore(name, terms, fits).values;
}

/**
 * The same calibration with a joined score. `fitting` are some of the images that fitted the other scores, with all that experts draw from, `referring`
 * some of the references; without these, those that fit are the references, each left out. Unchanged where there are too few images or experts
 * to join anything. Of the experts those `among` which somebody asks for are compared.
 */
export function withJoined(
  calibration: Calibration,
  { referring, ...images }: FittingImages & { readonly referring?: ModelTerms | undefined },
  trials: ExpertTrials,
  among: (definition: ScoreDefinition) => boolean = () => true,
): Calibration {
  const { fitting } = images;
  const available = new Set([...sourcesOf(fitting)].filter((source) => trials.terms[source] !== undefined));
  const { scales } = fitting.normal;
  const definitions = computable(scoreDefinitions(scales, available), scales, available, calibration);
  const joined = chooseJoined(definitions.filter(among), images, trials, measure);
  if (!joined) return calibration;
  const { choice, normals } = joined;
  const fits = { ...calibration.fits, joined: { kind: "joined", ...choice } } as const;
  const saidOf = (name: string): Float64Array => normals[choice.experts.findIndex((expert) => expert.name === name)]!;
  const { values } = referring ? computeScore("joined", referring, { fits }) : joinScores(choice, saidOf);
  return { ...withReferences(calibration, "joined", values), fits };
}

/** The number of reference images of a score. */
export function referenceCount({ count, counts = {} }: Calibration, name: string): number {
  return Object.hasOwn(counts, name) ? counts[name]! : count;
}

/** The same calibration with a score whose references are its own, such as those that a part of the detector brings with it. Infinite ones count. */
export function withReferences(calibration: Calibration, name: string, scores: ArrayLike<number>): Calibration {
  return {
    ...calibration,
    counts: { ...calibration.counts, [name]: scores.length },
    scores: { ...calibration.scores, [name]: Array.from(Float64Array.from(scores).filter(Number.isFinite).sort()) },
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
