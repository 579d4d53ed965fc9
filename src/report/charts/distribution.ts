/** Numbers as a picture needs them: ranges that a few far values do not stretch, and how many bins. */
import { quantile } from "../../score/index.ts";

/** An interval of values. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** The finite values in ascending order. */
function sortedFinite(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).filter(Number.isFinite).sort();
}

/** Interquartile ranges between the quartiles and the farthest values that stretch an axis: Tukey's outer fences (1977). */
const fence = 3;

/**
 * The range from the lowest to the highest of the sets' inner ranges, each without `tail` of its values at either end and without what
 * lies beyond Tukey's outer fences: far values do not stretch it, and no set is outside. 0 to 1 where there is no finite value.
 */
export function robustRange(sets: readonly ArrayLike<number>[], tail: number): ValueRange {
  const inner = sets
    .map(sortedFinite)
    .filter(({ length }) => length > 0)
    .map((values) => {
      const [low, high] = [quantile(values, tail), quantile(values, 1 - tail)];
      const [first, third] = [quantile(values, 0.25), quantile(values, 0.75)];
      const reach = third > first ? fence * (third - first) : Number.POSITIVE_INFINITY;
      return [Math.max(low, first - reach), Math.min(high, third + reach)] as const;
    });
  if (inner.length === 0) return { low: 0, high: 1 };
  return { low: Math.min(...inner.map(([low]) => low)), high: Math.max(...inner.map(([, high]) => high)) };
}

const fewestBins = 20;

/**
 * A number of bins over a range: as wide as the narrowest set asks by the rule of Freedman and Diaconis (1981), 2 IQR / n^(1/3), within 20
 * and `most`.
 */
export function binCount({ low, high }: ValueRange, sets: readonly ArrayLike<number>[], most: number): number {
  const widths = sets.map(sortedFinite).map((values) => {
    if (values.length < 2) return Number.POSITIVE_INFINITY;
    return (2 * (quantile(values, 0.75) - quantile(values, 0.25))) / Math.cbrt(values.length);
  });
  const width = Math.min(...widths.filter((value) => value > 0), high - low);
  return Math.max(fewestBins, Math.min(most, Math.ceil((high - low) / width)));
}

/** How many values are finite but outside a range, and how many are not finite. */
export function countOutside(
  values: ArrayLike<number>,
  { low, high }: ValueRange,
): { outside: number; infinite: number } {
  let outside = 0;
  let infinite = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) infinite++;
    else if (value < low || value > high) outside++;
  }
  return { outside, infinite };
}
