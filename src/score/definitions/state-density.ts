/**
 * Density of states: how rare the values of several statistics of an image are among normal images, each by a kernel density of its own.
 *
 *   score(x) = - sum_j log KDE_j(T_j(x)),   KDE_j(t) = 1 / (n h) sum_i phi((t - t_i) / h),   h = deviation n^(-1/5)
 *
 * Morningstar, Ham, Gallagher, Lakshminarayanan, Alemi and Dillon, "Density of states estimation for out-of-distribution detection", 2021 (DoSE
 * with kernel densities), on their three statistics of a flow, log p(x), the prior and the log-determinant, and on the last two of every
 * scale. The bandwidth is Scott's (1992). The numbers are in units of the statistic's deviation, so the score is free of nats.
 *
 * Trap: it adds up statistics as if they were independent; an image that is odd only in how they go together looks normal (`hierarchy.ts`
 * sees it). Published figures for it differ by 20 points between flows.
 * Cost: nothing beyond the forward pass. It needs the terms of the normal model and held-out normal images.
 */
import { ConfigError } from "../../base/index.ts";
import { quantile } from "../statistics/ranking.ts";
import { type TermTable, termsPerScale } from "../tables/term-table.ts";
import { finiteRows } from "./enough-images.ts";
import { fitted, type ScoreDefinition } from "./score-definition.ts";

/** One statistic's kernel density over normal images. */
export interface KernelDensity {
  readonly mean: number;
  readonly deviation: number;
  /** Quantiles of the standardised values, ascending: the kernels' centres. */
  readonly centres: readonly number[];
  /** In deviations. */
  readonly bandwidth: number;
}

/** The densities of all statistics: plain data, safe to keep as JSON. */
export interface StateDensityFit {
  readonly statistics: readonly string[];
  readonly densities: readonly KernelDensity[];
  /** Images with finite terms that the fit rests on. */
  readonly count: number;
}

/** The most kernels of a density: more images are represented by their quantiles, a 128th of them each. */
const mostCentres = 128;
/** A kernel that is e^-40 times the nearest one adds nothing that a sum of 128 keeps. */
const leastExponent = -40;
/** The fewest images that a fit accepts. */
const leastImages = 8;
/** The least deviation relative to the mean: below it a statistic is constant and says nothing. */
const leastRelativeDeviation = 1e-5;

/** Names of the statistics of a model with so many scales. */
export function stateStatistics(scales: number): string[] {
  const perScale = Array.from({ length: scales }, (_, scale) => [`log-det-${scale}`, `prior-${scale}`]).flat();
  // With one scale the totals are its two terms.
  return scales === 1 ? ["log-likelihood", ...perScale] : ["log-likelihood", "log-det", "prior", ...perScale];
}

/** The statistics of every image, rows of as many numbers as there are names. */
function statisticsOf({ count, scales, values }: TermTable): Float64Array[] {
  const width = scales * termsPerScale;
  return Array.from({ length: count }, (_, image) => {
    const terms = values.subarray(image * width, (image + 1) * width);
    const totals = [0, 1].map((part) => {
      let sum = 0;
      for (let index = part; index < width; index += termsPerScale) sum += terms[index]!;
      return sum;
    });
    return Float64Array.from([totals[0]! + totals[1]!, ...(scales === 1 ? [] : totals), ...terms]);
  });
}

/** Fits the densities on held-out normal images. Images with a non-finite term are left out. Throws RunError for too few. */
export function fitStateDensity(normal: TermTable): StateDensityFit {
  const rows = finiteRows(statisticsOf(normal), { subject: "density of states", numbers: "terms", least: leastImages });
  const statistics = stateStatistics(normal.scales);
  const densities = statistics.map((_, j) => fitKernels(Float64Array.from(rows, (row) => row[j]!)));
  return { statistics, densities, count: rows.length };
}

function fitKernels(values: Float64Array): KernelDensity {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const deviation = Math.max(Math.sqrt(variance), leastRelativeDeviation * Math.max(1, Math.abs(mean)));
  const standardised = values.map((value) => (value - mean) / deviation).sort();
  const count = Math.min(mostCentres, values.length);
  const centres = Array.from({ length: count }, (_, index) =>
    count === values.length ? standardised[index]! : quantile(standardised, (index + 0.5) / count),
  );
  return { mean, deviation, centres, bandwidth: values.length ** -0.2 };
}

/** The score of every image, [count], +Infinity for a non-finite term. Throws ConfigError for a model of other scales. */
export function stateDensityScores(fit: StateDensityFit, normal: TermTable): Float64Array {
  const names = stateStatistics(normal.scales);
  if (names.join() !== fit.statistics.join()) {
    throw new ConfigError({
      code: "other-model",
      subject: "density of states",
      expected: `terms with ${fit.statistics.length} statistics`,
      got: `${names.length}`,
      remedy: { key: "other", text: "calibrate this detector again" },
    });
  }
  return Float64Array.from(statisticsOf(normal), (row) => {
    if (!row.every(Number.isFinite)) return Number.POSITIVE_INFINITY;
    return fit.densities.reduce((sum, density, j) => sum - logDensity(density, row[j]!), 0);
  });
}

/** log KDE at a value, in units of the deviation; finite however far away. */
export function logDensity({ mean, deviation, centres, bandwidth }: KernelDensity, value: number): number {
  const z = (value - mean) / deviation;
  // Relative to the nearest kernel, or a far value would have density zero. Loops, as every image that is scored comes by here.
  let nearest = Number.POSITIVE_INFINITY;
  for (const centre of centres) nearest = Math.min(nearest, ((z - centre) / bandwidth) ** 2);
  let sum = 0;
  for (const centre of centres) {
    const exponent = 0.5 * (nearest - ((z - centre) / bandwidth) ** 2);
    if (exponent > leastExponent) sum += Math.exp(exponent);
  }
  return Math.log(sum / centres.length) - nearest / 2 - Math.log(bandwidth * Math.sqrt(2 * Math.PI));
}

/** The record of the score. */
export const stateDensityDefinition: ScoreDefinition = {
  name: "density-of-states",
  unit: "nats",
  needs: [],
  ofScales: true,
  description: "how rare every log-det and prior term and their sums are among normal images, each by itself",
  paper: "Morningstar et al. 2021",
  ...fitted(
    "state-density",
    ({ normal }) => fitStateDensity(normal),
    (fit, { normal }) => stateDensityScores(fit, normal),
  ),
};
