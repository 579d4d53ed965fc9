/**
 * Histograms of scores, for plots: a few far images must not squeeze all others into one bin.
 *
 *   width = 2 IQR n^(-1/3)
 *
 * Freedman and Diaconis, "On the histogram as a density estimator: L2 theory" (1981). The bins cover the values within Tukey's outer fences,
 * [Q1 - 3 IQR, Q3 + 3 IQR] ("Exploratory Data Analysis", 1977); what lies outside is counted, not drawn.
 */
import { internalError } from "../../base/index.ts";
import { quantile } from "./ranking.ts";

/** Counts of values by interval: plain data, safe to keep as JSON. */
export interface Histogram {
  /** Ascending, one more than there are bins, all finite. Bin i holds edges[i] <= value < edges[i + 1], the last one its upper end too. */
  readonly edges: readonly number[];
  /** [bins]. */
  readonly counts: readonly number[];
  /** How many values lie below the first edge, -Infinity among them. */
  readonly below: number;
  /** How many values lie above the last edge, +Infinity among them. */
  readonly above: number;
}

/** The most bins that are chosen: more are finer than a plot shows. */
const mostBins = 200;

/** Interquartile ranges between the quartiles and the outermost edges. */
const fenceWidth = 3;

/**
 * Counts values in bins: as many as `binning` says, between the edges it gives, or, without it, as histogramEdges chooses.
 * Throws an internal error for a NaN among the values, for less than one bin, and for edges that are not finite or do not ascend.
 */
export function histogram(values: ArrayLike<number>, binning?: number | readonly number[]): Histogram {
  const edges = typeof binning === "object" ? binning : histogramEdges(values, binning);
  if (edges.length < 2 || edges.some((edge, index) => !Number.isFinite(edge) || edge <= edges[index - 1]!)) {
    throw internalError(`a histogram with edges ${edges.join(", ")}`);
  }
  const bins = edges.length - 1;
  const counts = new Array<number>(bins).fill(0);
  let below = 0;
  let above = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (Number.isNaN(value)) throw internalError("a histogram of values of which one is not a number");
    if (value < edges[0]!) below++;
    else if (value > edges[bins]!) above++;
    else counts[binOf(value, edges)]!++;
  }
  return { edges, counts, below, above };
}

/**
 * Edges of equal bins over the finite values that are not far outliers, the whole range of values where half of them and more are equal.
 * For several sets in one plot, choose edges for all their values together. Without `bins` their number is Freedman and Diaconis', at
 * most 200. Values that are all equal get one interval around them, no finite values [0, 1].
 */
export function histogramEdges(values: ArrayLike<number>, bins?: number): number[] {
  if (bins !== undefined && !(Number.isSafeInteger(bins) && bins >= 1)) {
    throw internalError(`a histogram of ${bins} bins`);
  }
  const ascending = Float64Array.from(values).filter(Number.isFinite).sort();
  if (ascending.length === 0) return evenEdges(0, 1, bins ?? 1);
  const [first, third] = [quantile(ascending, 0.25), quantile(ascending, 0.75)];
  const spread = third - first;
  const inside = ascending.filter(
    (value) => spread === 0 || (value >= first - fenceWidth * spread && value <= third + fenceWidth * spread),
  );
  const [low, high] = [inside[0]!, inside[inside.length - 1]!];
  if (high - low <= leastRelativeRange * Math.max(Math.abs(low), Math.abs(high))) {
    const margin = Math.max(0.5, leastRelativeRange * Math.abs(low) * mostBins);
    return evenEdges(low - margin, high + margin, bins ?? 1);
  }
  // Without a spread the rule has no width: Sturges' number of bins instead.
  const wanted =
    spread === 0 ? Math.log2(ascending.length) + 1 : ((high - low) * Math.cbrt(ascending.length)) / (2 * spread);
  return evenEdges(low, high, bins ?? Math.min(mostBins, Math.max(1, Math.ceil(wanted))));
}

/** Below this share of the values themselves, a range is rounding and cannot be cut into bins. */
const leastRelativeRange = 1e-12;

function evenEdges(low: number, high: number, bins: number): number[] {
  return Array.from({ length: bins + 1 }, (_, index) => (index === bins ? high : low + (index / bins) * (high - low)));
}

/** The bin of a value within the edges, by bisection: the very comparison that defines a bin. */
function binOf(value: number, edges: readonly number[]): number {
  let low = 0;
  let high = edges.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
