/**
 * Thresholds in several units. An image is marked where its score is above the threshold; with n references of which k are above it too, that is
 *
 *   p-value at most (1 + k) / (n + 1)
 *
 * for every image that is marked, and the share of normal images that may be marked by it. Pure.
 */
import { countUpTo } from "../../src/score/index.ts";
import type { References } from "./scoring-data.ts";

export const thresholdUnits = ["score", "p-value", "false alarms"] as const;
export type ThresholdUnit = (typeof thresholdUnits)[number];

/** The p-value of a score just above a threshold: what the calibration promises of false alarms. */
export function rateAt({ count, scores }: References, threshold: number): number {
  // References that are infinite are not among the scores, and above any threshold.
  const above = count - countUpTo(scores, threshold);
  return (1 + above) / (count + 1);
}

/** The least threshold whose rate is at most so much; above all references where no rate is that small. */
export function thresholdFor({ count, scores }: References, rate: number): number {
  const allowed = Math.floor(rate * (count + 1) + 1e-9) - 1;
  if (allowed < 0) return Number.POSITIVE_INFINITY;
  return scores[count - allowed - 1] ?? (scores.length === count ? (scores[0] ?? 0) - 1 : Number.POSITIVE_INFINITY);
}

/** The rate of a threshold before anybody moves it. */
const usualRate = 0.01;

/** Where a threshold stands: where it was put, or at the usual rate. */
export function thresholdOf(references: References, put: number | undefined): number {
  return put ?? thresholdFor(references, Math.max(usualRate, 1 / (references.count + 1)));
}

/** Where a threshold is after some references to the right, or left; every step is one of n + 1 possible rates. */
export function steppedByReference({ scores }: References, threshold: number, steps: number): number {
  if (scores.length === 0) return threshold;
  const place = countUpTo(scores, threshold) - 1 + steps;
  if (place < 0) return scores[0]! - 1e-9 * Math.max(1, Math.abs(scores[0]!));
  return scores[Math.min(scores.length - 1, place)]!;
}

/** A rate in words. */
export function showRate(rate: number): string {
  return rate < 0.0001 ? rate.toExponential(1) : rate < 0.1 ? rate.toPrecision(2) : rate.toFixed(3);
}

/** How often normal images are marked, in words. */
export function showFalseAlarms(rate: number): string {
  const inThousand = 1000 * rate;
  return `${inThousand < 10 ? inThousand.toFixed(1) : inThousand.toFixed(0)} of 1,000`;
}
