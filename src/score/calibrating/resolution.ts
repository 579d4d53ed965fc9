/**
 * What a calibration can resolve: how many normal images a rate needs, and how far the real rate may lie from the wished one.
 *
 *   flagged where at most k - 1 of n references score as high, k = floor(rate (n + 1)):   false-alarm rate ~ Beta(k, n + 1 - k)
 *
 * The mean of that Beta, k / (n + 1), is what conformal p-values promise: over calibrations. The spread is what one calibration may
 * have by luck (Vovk, "Conditional validity of inductive conformal predictors", 2012, section 3). Exact where scores do not tie; with ties
 * fewer images are flagged.
 */
import { ConfigError } from "../../base/index.ts";
import type { Interval } from "../statistics/interval.ts";
import { betaDistribution, betaQuantile } from "../statistics/special-functions.ts";

/** What n reference images can say about a false-alarm rate. */
export interface Resolution {
  /** Reference images n, or groups where a group counts once. */
  readonly count: number;
  /** The wished rate. */
  readonly rate: number;
  /** The least rate that flags anything: 1 / (n + 1). */
  readonly least: number;
  /** The largest rate that can be kept, at most the wished one: k / (n + 1); 0 where nothing is ever flagged. */
  readonly kept: number;
  /** Where the real false-alarm rate of this one calibration lies, with 95 % certainty. */
  readonly interval: Interval;
  /** The fewest images that flag anything at the wished rate. */
  readonly leastCount: number;
  /** So many images and any more keep the real rate, with 95 % certainty, at most twice the wished one. */
  readonly steadyCount: number;
}

const certainty = 0.95;

/** What `count` reference images can say about a rate in (0, 1). Throws ConfigError for another rate. */
export function resolutionOf(count: number, rate: number): Resolution {
  checkFalseAlarm(rate);
  const allowed = allowedReferences(count, rate);
  return {
    count,
    rate,
    least: 1 / (count + 1),
    kept: allowed / (count + 1),
    interval: {
      low: betaQuantile((1 - certainty) / 2, allowed, count + 1 - allowed),
      high: betaQuantile((1 + certainty) / 2, allowed, count + 1 - allowed),
    },
    leastCount: leastImagesFor(rate),
    steadyCount: steadyImagesFor(rate),
  };
}

/** k: the most images, the new one among them, that may score as high as a flagged one. */
function allowedReferences(count: number, rate: number): number {
  // Found with the very division and comparison that decide: rate * (count + 1) may round past a whole number.
  let allowed = Math.max(0, Math.floor(rate * (count + 1)) - 1);
  while ((allowed + 1) / (count + 1) <= rate) allowed++;
  return allowed;
}

/** The fewest reference images n for which a p-value, at least 1 / (n + 1), can be at or below a rate. */
export function leastImagesFor(rate: number): number {
  checkFalseAlarm(rate);
  let count = Math.max(1, Math.floor(1 / rate) - 2);
  while (1 / (count + 1) > rate) count++;
  return count;
}

/** So many reference images and any more keep the real rate, with 95 % certainty, at most `factor` times the wished one. */
export function steadyImagesFor(rate: number, factor = 2): number {
  checkFalseAlarm(rate);
  const bound = Math.min(1, factor * rate);
  // Within one k the fewest images are the worst, so it is enough to look at the first n of every k.
  for (let k = 1; ; k++) {
    let count = Math.max(1, Math.floor(k / rate) - 2);
    while (k / (count + 1) > rate) count++;
    if (betaDistribution(bound, k, count + 1 - k) >= certainty) return count;
  }
}

/** Refuses what is no rate of false alarms. */
export function checkFalseAlarm(rate: number): void {
  if (rate > 0 && rate < 1) return;
  throw new ConfigError({
    code: "out-of-range",
    subject: "false-alarm rate",
    expected: "a number between 0 and 1",
    got: String(rate),
    remedy: { key: "other", text: "try 0.01 for one in a hundred" },
  });
}
