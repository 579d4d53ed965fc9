/**
 * Decision rules: from scores to marked images, at a false-alarm rate, at a budget or at a score.
 *
 * **What is promised.** For a rate: if a new image is normal, that is, exchangeable with the n reference images, it is marked with a chance of
 * at most the rate, for every n and whatever the scores look like. The chance counts the draw of the reference images, too; what one
 * calibration may have by luck is in `resolution.ts`. For a budget of B images of E:
 *
 *   P(X = x) = C(x + a, x) C(E - x + n - a - 1, E - x) / C(E + n, E)     a + 1 = place of the threshold among the references, from the top
 *
 * is the number X of normal images marked among E new ones. Each of the arrangements of n old and E new scores is as likely as every other
 * (a negative hypergeometric distribution). E[X] = E (a + 1) / (n + 1). Ties only make X smaller.
 */
import { ConfigError } from "../../base/index.ts";
import { logGamma } from "../statistics/special-functions.ts";
import { type Calibration, pValues, referenceCount, scoreThreshold } from "./calibration.ts";

/** How it is decided which images are marked. */
export type DecisionRule =
  /** At most this share of normal images is marked. */
  | { readonly kind: "false-alarm"; readonly rate: number }
  /** Of `expected` normal images at most `images` are marked: on average, or with a certainty such as 0.95. */
  | { readonly kind: "budget"; readonly images: number; readonly expected: number; readonly certainty?: number }
  /** What scores above a number is marked. */
  | { readonly kind: "score"; readonly above: number };

/** A rule in the light of a calibration: plain data. */
export interface Decision {
  readonly rule: DecisionRule;
  /** An image is marked where its p-value is at or below it; undefined for a rule by score. */
  readonly rate: number | undefined;
  /** An image is marked where its score is above it. Undefined where no finite score is: then nothing is marked. */
  readonly threshold: number | undefined;
  /** The false-alarm rate that the calibration promises: at most `rate`, 0 where nothing can be marked. */
  readonly falseAlarm: number;
}

/**
 * What a rule means for a calibrated score.
 * Throws ConfigError for a rate outside (0, 1), a budget that is negative or no smaller than the number of images, a certainty outside (0, 1),
 * a score that is not finite, and a score that the calibration lacks.
 */
export function decideBy(rule: DecisionRule, calibration: Calibration, name: string): Decision {
  if (rule.kind === "score") {
    if (!Number.isFinite(rule.above)) throw outOfRange("threshold", "a finite score", rule.above);
    // Images at the threshold itself are not marked, hence the next number above it.
    const [share] = pValues(calibration, name, [nextUp(rule.above)]);
    return { rule, rate: undefined, threshold: rule.above, falseAlarm: share! };
  }
  const count = referenceCount(calibration, name);
  const rate = rule.kind === "false-alarm" ? rule.rate : budgetRate(rule, count);
  if (rate === 0) return { rule, rate, threshold: undefined, falseAlarm: 0 };
  const threshold = scoreThreshold(calibration, name, rate);
  if (threshold === Number.POSITIVE_INFINITY) return { rule, rate, threshold: undefined, falseAlarm: 0 };
  const [share] = pValues(calibration, name, [nextUp(threshold)]);
  return { rule, rate, threshold, falseAlarm: share! };
}

/** Whether an image with this score and p-value is marked. An infinite score is marked where its p-value says so. */
export function isMarked({ rate, threshold }: Decision, score: number, pValue: number): boolean {
  return rate === undefined ? score > threshold! : pValue <= rate;
}

/** The largest rate that keeps a budget with n references; 0 where none does. */
function budgetRate(rule: DecisionRule & { kind: "budget" }, count: number): number {
  const { images, expected, certainty } = rule;
  if (!(Number.isSafeInteger(expected) && expected >= 1)) {
    throw outOfRange("budget", "a whole number of expected images, at least 1", expected);
  }
  if (!(images >= 0 && images < expected)) {
    throw outOfRange("budget", `less than the ${expected} images that are expected`, images);
  }
  if (certainty === undefined) return images / expected;
  if (!(certainty > 0 && certainty < 1)) throw outOfRange("certainty", "a number between 0 and 1", certainty);
  // More references above the threshold mean more marked images: find the last place that keeps the budget by bisection.
  const keeps = (place: number): boolean =>
    markedAtMost(Math.floor(images), { place, references: count, images: expected }) >= certainty;
  let low = 0;
  let high = count + 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (keeps(middle)) low = middle;
    else high = middle;
  }
  return low / (count + 1);
}

/** Where a threshold stands, and how many images come. */
interface Placement {
  /** 1 for the highest of the references. */
  readonly place: number;
  readonly references: number;
  /** New normal images. */
  readonly images: number;
}

/** P(X <= most): the chance that at most so many of the new normal images score above the reference at this place. */
export function markedAtMost(most: number, { place, references, images }: Placement): number {
  const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
  const all = logChoose(images + references, images);
  let sum = 0;
  for (let x = 0; x <= Math.min(most, images); x++) {
    sum += Math.exp(logChoose(x + place - 1, x) + logChoose(images - x + references - place, images - x) - all);
  }
  return Math.min(1, sum);
}

/** The least number above a finite one. */
function nextUp(value: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  // Adding 0 makes -0 a 0.
  bits.setFloat64(0, value + 0);
  bits.setBigInt64(0, bits.getBigInt64(0) + (value >= 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

function outOfRange(subject: string, expected: string, got: number): ConfigError {
  return new ConfigError({ code: "out-of-range", subject, expected, got: String(got) });
}
