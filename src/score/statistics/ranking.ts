/**
 * Two sets of scores as counts on their common ranks: everything that detection metrics need, free of the scores' scale.
 *
 * Score group g holds all images that share the g-th smallest distinct score. Ties are therefore exact in every metric.
 */
import { ConfigError, internalError } from "../../base/index.ts";

/** Scores (higher = more anomalous) of normal images and of anomalous ones. Infinite scores are allowed, NaN is not. */
export interface ScoreSets {
  readonly normal: ArrayLike<number>;
  readonly anomalous: ArrayLike<number>;
}

/** How many normal and anomalous images share each distinct score, ascending. Both [groups]. */
export interface ScoreGroups {
  readonly normal: Uint32Array;
  readonly anomalous: Uint32Array;
}

/** Groups two sets by score. Throws ConfigError where one is empty, an internal error for a NaN. */
export function groupScores({ normal, anomalous }: ScoreSets): ScoreGroups {
  const sortedNormal = sorted(normal, "normal");
  const sortedAnomalous = sorted(anomalous, "anomalous");
  const normalCounts: number[] = [];
  const anomalousCounts: number[] = [];
  let i = 0;
  let j = 0;
  while (i < sortedNormal.length || j < sortedAnomalous.length) {
    // Beyond the end of one set its infinity could equal a score of the other: compare lengths, not a sentinel.
    const score =
      j >= sortedAnomalous.length || (i < sortedNormal.length && sortedNormal[i]! <= sortedAnomalous[j]!)
        ? sortedNormal[i]!
        : sortedAnomalous[j]!;
    const [startI, startJ] = [i, j];
    while (i < sortedNormal.length && sortedNormal[i] === score) i++;
    while (j < sortedAnomalous.length && sortedAnomalous[j] === score) j++;
    normalCounts.push(i - startI);
    anomalousCounts.push(j - startJ);
  }
  return { normal: Uint32Array.from(normalCounts), anomalous: Uint32Array.from(anomalousCounts) };
}

function sorted(scores: ArrayLike<number>, kind: string): Float64Array {
  if (scores.length === 0)
    throw new ConfigError({
      code: "too-few-images",
      subject: "metrics",
      expected: `at least one ${kind} image`,
      got: "none",
    });
  // Typed arrays sort -0 before 0, yet the comparisons above treat them as equal: harmless, they end in one group.
  const result = Float64Array.from(scores).sort();
  if (result.some(Number.isNaN)) throw internalError(`a score of the ${kind} images is not a number`);
  return result;
}

/** The sum of counts. */
export function total(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Ranks 1..n of values, ties sharing their average rank. [n]. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, index) => index).sort((a, b) =>
    // Not a difference: Infinity - Infinity is NaN.
    values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0,
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let position = start; position < end; position++) ranks[order[position]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** The quantile of one or more ascending finite values by linear interpolation (type 7 of Hyndman and Fan, 1996). */
export function quantile(ascending: ArrayLike<number>, probability: number): number {
  const position = probability * (ascending.length - 1);
  const below = Math.floor(position);
  const low = ascending[below]!;
  return low + (position - below) * ((ascending[below + 1] ?? low) - low);
}
