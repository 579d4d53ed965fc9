/**
 * AUROC of two scores of the same images compared in closed form.
 *
 *   AUROC_a - AUROC_b over its standard error, from V_i = P(anomalous image i scores above a normal one) and W_j = P(an anomalous image
 *   scores above normal image j):    Var = S_V / m + S_W / n
 *
 * DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating characteristic curves", 1988; V and W
 * by midranks (Sun and Xu, 2014). It holds for many images that were drawn one by one; for groups of images see `resampling.ts`.
 */
import { averageRanks, groupScores, type ScoreSets } from "../statistics/ranking.ts";
import { normalTails } from "../statistics/special-functions.ts";
import { checkPaired, type ScoreComparison, verdictOf } from "./score-comparison.ts";

/** Two-sided 95 % of a standard normal. */
const normalQuantile = 1.959963984540054;

/** AUROC with its standard error by DeLong. Throws ConfigError for an empty set. */
export function delongAuroc(sets: ScoreSets): { readonly auroc: number; readonly standardError: number } {
  const { auroc, variance } = structureOf([sets])[0]!;
  return { auroc, standardError: Math.sqrt(variance) };
}

/**
 * Compares the AUROC of two scores of the same images, in the same order, by DeLong.
 * Throws ConfigError for an empty set, an internal error for other numbers of images.
 */
export function compareAuroc(first: ScoreSets, second: ScoreSets): ScoreComparison {
  checkPaired(first, second);
  const [a, b] = structureOf([first, second]) as [AurocStructure, AurocStructure];
  const difference = a.auroc - b.auroc;
  const variance = varianceOf(minus(a.ofAnomalous, b.ofAnomalous)) + varianceOf(minus(a.ofNormal, b.ofNormal));
  const error = Math.sqrt(Math.max(0, variance));
  // Without any variance, two scores that order all images alike, the difference is 0; else it is beyond chance.
  const pValue = error > 1e-12 ? normalTails(Math.abs(difference) / error) : Math.abs(difference) < 1e-12 ? 1 : 0;
  return {
    metric: "auroc",
    first: a.auroc,
    second: b.auroc,
    difference,
    interval: { low: difference - normalQuantile * error, high: difference + normalQuantile * error },
    pValue,
    method: "DeLong",
    verdict: verdictOf("auroc", difference, pValue),
  };
}

interface AurocStructure {
  readonly auroc: number;
  readonly variance: number;
  /** V_i / sqrt m and W_j / sqrt n: their variances add up to that of AUROC. */
  readonly ofAnomalous: Float64Array;
  readonly ofNormal: Float64Array;
}

function structureOf(list: readonly ScoreSets[]): AurocStructure[] {
  return list.map((sets) => {
    groupScores(sets); // Its checks: no empty set, no NaN.
    const [n, m] = [sets.normal.length, sets.anomalous.length];
    const all = averageRanks([...Array.from(sets.anomalous), ...Array.from(sets.normal)]);
    const [ownAnomalous, ownNormal] = [averageRanks(sets.anomalous), averageRanks(sets.normal)];
    const shares = ownAnomalous.map((rank, i) => (all[i]! - rank) / n);
    const auroc = shares.reduce((sum, share) => sum + share, 0) / m;
    const ofAnomalous = shares.map((share) => share / Math.sqrt(m));
    const ofNormal = ownNormal.map((rank, j) => (1 - (all[m + j]! - rank) / m) / Math.sqrt(n));
    return { auroc, ofAnomalous, ofNormal, variance: varianceOf(ofAnomalous) + varianceOf(ofNormal) };
  });
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, index) => value - b[index]!);
}

/** The sample variance, divisor n - 1; 0 of one value. */
function varianceOf(values: Float64Array): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
