/**
 * Many images at once: marking so that at most a share of the marked ones is normal, on average.
 *
 *   Benjamini-Hochberg: mark the k images with the least p-values, k the largest with p_(k) <= level k / m
 *
 * **What is promised.** The expected share of normal images among the marked (0 where none is marked) is at most the level times the share
 * of normal images (Benjamini and Hochberg, "Controlling the false discovery rate", 1995). The p-values of one calibration depend on each
 * other, since all rest on the same references; the dependence is positive, and the promise stands (Bates, Candes, Lei, Romano and Sesia,
 * "Testing for outliers with conformal p-values", 2023, section 2). It is an average over calibrations. `conditional-calibration.ts` makes p-values
 * with which it holds for the calibration at hand.
 */
import { ConfigError } from "../../base/index.ts";

/** What false-discovery control decided. */
export interface Discoveries {
  /** Whether every image is marked, in the order given. */
  readonly marked: readonly boolean[];
  readonly count: number;
  /** Images with a p-value at or below it are marked; 0 where none is. */
  readonly largestPValue: number;
}

/** Benjamini-Hochberg at a level in (0, 1). Throws ConfigError for another level. */
export function discoveries(pValues: ArrayLike<number>, level: number): Discoveries {
  checkLevel(level);
  const adjusted = adjustedPValues(pValues);
  const marked = Array.from(adjusted, (value) => value <= level);
  const largestPValue = marked.reduce((most, is, image) => (is ? Math.max(most, pValues[image]!) : most), 0);
  return { marked, count: marked.filter(Boolean).length, largestPValue };
}

/**
 * The least level at which Benjamini-Hochberg marks each image: min over j >= its place of p_(j) m / j, at most 1. [m], in the order given.
 */
export function adjustedPValues(pValues: ArrayLike<number>): Float64Array {
  const count = pValues.length;
  const order = Array.from({ length: count }, (_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Float64Array(count);
  let least = 1;
  for (let place = count; place >= 1; place--) {
    const image = order[place - 1]!;
    least = Math.min(least, (pValues[image]! * count) / place);
    adjusted[image] = least;
  }
  return adjusted;
}

/**
 * The fewest reference images with which `anomalies` images out of `images` can be marked at a level, if all normal ones score lower:
 * 1 / (n + 1) <= level anomalies / images. Throws ConfigError for a level outside (0, 1).
 */
export function referencesForDiscovery(images: number, anomalies: number, level: number): number {
  checkLevel(level);
  return Math.max(1, Math.ceil(images / (level * anomalies) - 1 - 1e-9));
}

function checkLevel(level: number): void {
  if (level > 0 && level < 1) return;
  throw new ConfigError({
    code: "out-of-range",
    subject: "false-discovery rate",
    expected: "a number between 0 and 1",
    got: String(level),
    remedy: { key: "other", text: "try 0.1 for one in ten of the marked images" },
  });
}
