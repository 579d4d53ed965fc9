/**
 * The hierarchy score: how unusual an image's log-dets and prior terms of all scales are together, among normal images.
 *
 *   score(x) = max over two densities of 1/2 (z - m)' S^-1 (z - m)   in nats,   z_j = z_j(f_j)
 *
 * each the negative log-density of a Gaussian up to a constant (half the squared Mahalanobis distance), fitted on held-out normal images: once
 * with every z_j a straight line, once through the feature's quantiles (`marginals.ts`). The line keeps small differences between features that
 * move together; the quantiles see what lies beyond the sharp end of a skewed one. An image is as anomalous as either finds it.
 *
 * The features f are the 2L terms of the normal model and, with a general model, their 2L differences to the general model's.
 *
 * Differences instead of the general model's own terms: without shrinkage the distance is the same for every invertible linear map of
 * the features. With shrinkage it is not. The terms of the two models correlate at 0.97 and more, and their small difference is what tells
 * images apart; with few images, shrinkage inflates exactly that direction. As a feature of its own the difference has its own
 * variance, which shrinkage hardly touches.
 */
import { ConfigError, RunError } from "../../base/index.ts";
import {
  choleskyFactor,
  columnMoments,
  inverseQuadraticForm,
  type LowerTriangle,
  shrunkCorrelation,
} from "../statistics/covariance.ts";
import { fitLine, fitMarginal, hasQuantiles, type Marginal, normalScore } from "../statistics/marginals.ts";
import { type TermTable, termsPerScale } from "../tables/term-table.ts";
import { checkModelTerms, type ModelTerms } from "../tables/terms.ts";

/** Fitted Gaussians over the terms of all scales: plain data, safe to keep as JSON. */
export interface HierarchyFit {
  /** `normal-log-det-0`, `normal-prior-0`, ..., then `difference-log-det-0`, ... where a general model took part. */
  readonly featureNames: readonly string[];
  /** The straight one, and where there are images enough the one through quantiles. */
  readonly densities: readonly Density[];
  /** How much of the correlations shrinkage took away from the straight one, in [0, 1]. */
  readonly shrinkage: number;
  /** Images with finite terms that the fit rests on. */
  readonly count: number;
}

/** A Gaussian over features that were mapped one by one. */
export interface Density {
  readonly marginals: readonly Marginal[];
  /** Of the mapped features: close to 0. */
  readonly mean: readonly number[];
  /** Of the mapped features: close to 1, never zero. */
  readonly standardDeviation: readonly number[];
  /** Cholesky factor of the shrunk correlation matrix. */
  readonly cholesky: LowerTriangle;
}

/** The fewest images with finite terms that a fit accepts: with fewer, means and deviations alone are guesses. */
export const leastHierarchyImages = 8;

/**
 * The least standard deviation of a feature, relative to its mean. A feature that is constant on normal images, such as the log-det of
 * a volume-preserving scale, still differs by float32 rounding (6e-8 per operation) between batch sizes: that must not count.
 */
const leastRelativeDeviation = 1e-5;

/** The names of the features, in the order of hierarchyFeatures. */
export function hierarchyFeatureNames(scales: number, hasGeneral: boolean): string[] {
  return (hasGeneral ? ["normal", "difference"] : ["normal"]).flatMap((source) =>
    Array.from({ length: scales }, (_, scale) => [`${source}-log-det-${scale}`, `${source}-prior-${scale}`]).flat(),
  );
}

/** The features of every image, [count] rows of 2L or, with a general model, 4L numbers in nats. */
function hierarchyFeatures({ normal, general }: ModelTerms): Float64Array[] {
  const width = normal.scales * termsPerScale;
  return Array.from({ length: normal.count }, (_, image) => {
    const own = rowOf(normal, image);
    if (general === undefined) return Float64Array.from(own);
    const other = rowOf(general, image);
    return Float64Array.from({ length: 2 * width }, (_, j) =>
      j < width ? own[j]! : own[j - width]! - other[j - width]!,
    );
  });
}

function rowOf({ scales, values }: TermTable, image: number): Float32Array {
  const width = scales * termsPerScale;
  return values.subarray(image * width, (image + 1) * width);
}

/**
 * The Gaussian over all terms that `terms` has, fitted on normal images that took no part in training. Works with fewer images than
 * features and with constant features. Images with a non-finite term are left out.
 * Throws RunError where fewer than leastHierarchyImages remain.
 */
export function fitHierarchy(terms: ModelTerms): HierarchyFit {
  checkModelTerms(terms);
  const featureNames = hierarchyFeatureNames(terms.normal.scales, terms.general !== undefined);
  const rows = hierarchyFeatures(terms).filter((row) => row.every(Number.isFinite));
  if (rows.length < leastHierarchyImages) {
    throw new RunError({
      code: "too-few-images",
      subject: "hierarchy score",
      expected: `at least ${leastHierarchyImages} normal images with finite terms`,
      got: `${rows.length} of ${terms.normal.count}`,
      remedy: { key: "other", text: "train with more images" },
    });
  }
  const raw = columnMoments(rows, featureNames.length);
  const least = raw.mean.map((value) => leastRelativeDeviation * Math.max(1, Math.abs(value)));
  const varies = raw.deviation.map((value, j) => value > least[j]!);
  const densityWith = (marginalOf: typeof fitMarginal) => {
    const marginals = featureNames.map((_, j) =>
      marginalOf(
        Float64Array.from(rows, (row) => row[j]!),
        least[j]!,
      ),
    );
    return fitDensity(rows, marginals, varies);
  };
  const straight = densityWith(fitLine);
  const densities = hasQuantiles(rows.length)
    ? [straight.density, densityWith(fitMarginal).density]
    : [straight.density];
  return { featureNames, densities, shrinkage: straight.shrinkage, count: rows.length };
}

/** A density over mapped features, those that vary. */
function fitDensity(
  rows: readonly Float64Array[],
  marginals: readonly Marginal[],
  varies: readonly boolean[],
): { density: Density; shrinkage: number } {
  const normal = rows.map((row) => row.map((value, j) => normalScore(marginals[j]!, value)));
  const moments = columnMoments(normal, marginals.length);
  const mean = moments.mean.map((value, j) => (varies[j] ? value : 0));
  const standardDeviation = moments.deviation.map((value, j) => (varies[j] ? value : 1));
  // Rounding around a constant must not count as correlation: such a column becomes zero and takes no part in the estimate.
  const standardised = normal.map((row) =>
    row.map((value, j) => (varies[j] ? (value - mean[j]!) / standardDeviation[j]! : 0)),
  );
  const { matrix, shrinkage } = shrunkCorrelation(standardised, marginals.length);
  return { density: { marginals, mean, standardDeviation, cholesky: choleskyFactor(matrix) }, shrinkage };
}

/** Half the squared distance of one image's features. */
function distanceOf({ marginals, mean, standardDeviation, cholesky }: Density, row: Float64Array): number {
  const z = row.map((value, j) => (normalScore(marginals[j]!, value) - mean[j]!) / standardDeviation[j]!);
  return inverseQuadraticForm(cholesky, z) / 2;
}

/**
 * The hierarchy score of every image, [count] in nats, 0 at the mean; an image with a non-finite term gets +Infinity.
 * Throws ConfigError where the fit is one of other features, such as of a detector with a general model.
 */
export function hierarchyScores(fit: HierarchyFit, terms: ModelTerms): Float64Array {
  checkModelTerms(terms);
  const names = hierarchyFeatureNames(terms.normal.scales, terms.general !== undefined);
  if (names.join() !== fit.featureNames.join()) {
    throw new ConfigError({
      code: "not-calibrated",
      subject: "hierarchy score",
      expected: `a calibration over ${names.length} numbers`,
      got: `one over ${fit.featureNames.length}`,
      remedy: { key: "other", text: "calibrate this detector again" },
    });
  }
  return Float64Array.from(hierarchyFeatures(terms), (row) => {
    if (!row.every(Number.isFinite)) return Number.POSITIVE_INFINITY;
    return Math.max(...fit.densities.map((density) => distanceOf(density, row)));
  });
}
