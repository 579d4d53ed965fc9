/**
 * Detection metrics. Scores are higher = more anomalous everywhere; each metric says which class it calls positive.
 *
 *   AUROC = P(anomalous > normal) + P(anomalous = normal) / 2
 *   average precision = sum_k (R_k - R_{k-1}) P_k   (step sum, no interpolation)
 *
 * Rank statistic: Mann and Whitney (1947), Hanley and McNeil (1982). Average precision as scikit-learn's average_precision_score.
 * OpenOOD's AUPR joins the points with a trapezoid and differs.
 */
import { internalError } from "../../base/index.ts";
import { averageRanks, groupScores, type ScoreGroups, type ScoreSets, total } from "../statistics/ranking.ts";

/**
 * Area under the receiver operating characteristic, in [0, 1]: the chance that an anomalous image scores higher than a normal one,
 * ties counting half. The same number whichever class is positive. Throws ConfigError for an empty set.
 */
export function auroc(sets: ScoreSets): number {
  return aurocOfGroups(groupScores(sets));
}

/** AUROC from counts on ranks. */
export function aurocOfGroups({ normal, anomalous }: ScoreGroups): number {
  // Pairs counted in halves stay whole numbers, exact up to 2^53: AUROC and its mirror image add up to 1.
  let halfPairs = 0;
  let normalBelow = 0;
  let anomalousBelow = 0;
  for (let group = 0; group < normal.length; group++) {
    halfPairs += anomalous[group]! * (2 * normalBelow + normal[group]!);
    normalBelow += normal[group]!;
    anomalousBelow += anomalous[group]!;
  }
  return halfPairs / (2 * normalBelow * anomalousBelow);
}

/** Average precision, in (0, 1], positive class = anomalous; tied images enter together. Throws ConfigError for an empty set. */
export function averagePrecision(sets: ScoreSets): number {
  return averagePrecisionOfGroups(groupScores(sets));
}

/** Average precision from counts on ranks. */
export function averagePrecisionOfGroups({ normal, anomalous }: ScoreGroups): number {
  const positives = total(anomalous);
  let found = 0;
  let flagged = 0;
  let sum = 0;
  for (let group = normal.length - 1; group >= 0; group--) {
    found += anomalous[group]!;
    flagged += anomalous[group]! + normal[group]!;
    // A rank that a resample drew no image of has nothing flagged yet: 0 / 0.
    if (anomalous[group]! > 0) sum += anomalous[group]! * (found / flagged);
  }
  return sum / positives;
}

/**
 * False-positive rate at 95 % true-positive rate, positive class = anomalous (OpenOOD, pytorch-ood, Outlier Exposure): the share of
 * normal images flagged at the highest score threshold that flags (score >= threshold) at least 95 % of the anomalous ones.
 * Throws ConfigError for an empty set.
 */
export function fpr95AnomalousPositive(sets: ScoreSets): number {
  const { normal, anomalous } = groupScores(sets);
  return falsePositivesAt95(Uint32Array.from(anomalous).reverse(), Uint32Array.from(normal).reverse());
}

/**
 * False-positive rate at 95 % true-positive rate, positive class = normal (the ODIN line of papers): the share of anomalous images
 * passed at the lowest score threshold that passes (score <= threshold) at least 95 % of the normal ones.
 * Throws ConfigError for an empty set.
 */
export function fpr95NormalPositive(sets: ScoreSets): number {
  const { normal, anomalous } = groupScores(sets);
  return falsePositivesAt95(normal, anomalous);
}

/** The false-positive rate where, group by group from the most positive one, 95 % of the positives are in. */
export function falsePositivesAt95(positives: Uint32Array, negatives: Uint32Array): number {
  const positiveCount = total(positives);
  let truePositives = 0;
  let falsePositives = 0;
  for (let group = 0; group < positives.length; group++) {
    truePositives += positives[group]!;
    falsePositives += negatives[group]!;
    // 20 * found >= 19 * all is 95 % in whole numbers: 0.95 * all may round up past an attained share.
    if (20 * truePositives >= 19 * positiveCount) break;
  }
  return falsePositives / total(negatives);
}

/**
 * Spearman's rank correlation of paired values, in [-1, 1], ties sharing their average rank; undefined where one side is constant or
 * has fewer than two values. Throws an internal error for unequal lengths.
 */
export function spearmanCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  if (a.length !== b.length) throw internalError(`rank correlation of ${a.length} and ${b.length} values`);
  return correlationOfRanks(averageRanks(a), averageRanks(b));
}

/** Pearson's correlation of two sets of average ranks of as many values; undefined where one is constant. */
function correlationOfRanks(ranksA: Float64Array, ranksB: Float64Array): number | undefined {
  const mean = (ranksA.length + 1) / 2;
  let products = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let index = 0; index < ranksA.length; index++) {
    const [x, y] = [ranksA[index]! - mean, ranksB[index]! - mean];
    products += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return squaresA === 0 || squaresB === 0 ? undefined : products / Math.sqrt(squaresA * squaresB);
}
