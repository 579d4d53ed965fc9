/**
 * Complexity as a variable of its own: how rare an image's prior term and its size as a file are together among normal images.
 *
 *   complexity(x) = -ln 1/n sum_i N(t(x); t_i, h^2 S),   t = (log p(z), bits),   S their covariance, h = n^(-1/6)
 *
 * Osada, Takahashi and Nishide, "Understanding likelihood of normalizing flow and image complexity through the lens of out-of-distribution
 * detection", 2024, who fit a mixture of Gaussians; a kernel density with Scott's bandwidth has nothing to choose. The ratio to a coder
 * (Serra et al., 2020) takes the same two numbers' difference, and so fixes how much one makes up for the other; here normal images say.
 *
 * Trap: a coder that is no good local model of the images says little, and PNG of small images is mostly headers.
 * Cost: every image as a WebP file. It needs the terms, the coded sizes and held-out normal images.
 */
import { choleskyFactor, type LowerTriangle } from "../statistics/covariance.ts";
import { termsPerScale, termWidth } from "../tables/term-table.ts";
import type { ModelTerms } from "../tables/terms.ts";
import { finiteRows } from "./enough-images.ts";
import { fitted, type ScoreDefinition } from "./score-definition.ts";

/** A kernel density of two numbers: plain data, safe to keep as JSON. */
export interface ComplexityFit {
  /** Prior term in nats and bits, of normal images. */
  readonly centres: readonly (readonly [number, number])[];
  /** Cholesky factor of one kernel's covariance. */
  readonly cholesky: LowerTriangle;
  readonly count: number;
}

/** The most kernels: the first so many of the normal images. */
const mostCentres = 256;
/** A kernel that is e^-40 times the nearest one adds nothing that a sum of 256 keeps. */
const leastExponent = -40;
/** The fewest images that a fit accepts. */
const leastImages = 8;
/** The least deviation of either number, relative to its mean. */
const leastRelativeDeviation = 1e-5;

/** Prior term and bits of every image. */
function statesOf({ normal, coders }: ModelTerms): (readonly [number, number])[] {
  const width = termWidth(normal);
  return Array.from({ length: normal.count }, (_, image) => {
    let prior = 0;
    for (let index = 1; index < width; index += termsPerScale) prior += normal.values[image * width + index]!;
    return [prior, coders!.webp[image]!] as const;
  });
}

/** Fits the density on held-out normal images. Images with a non-finite term are left out. Throws RunError for too few. */
export function fitComplexity(terms: ModelTerms): ComplexityFit {
  const need = { subject: "score complexity", numbers: "terms", least: leastImages };
  const centres = finiteRows(statesOf(terms), need).slice(0, mostCentres);
  const count = centres.length;
  const mean = [0, 1].map((axis) => centres.reduce((sum, state) => sum + state[axis]!, 0) / count);
  const covariance = [0, 1].map((a) =>
    [0, 1].map(
      (b) => centres.reduce((sum, state) => sum + (state[a]! - mean[a]!) * (state[b]! - mean[b]!), 0) / (count - 1),
    ),
  );
  const squaredBandwidth = count ** (-1 / 3);
  // A constant number, or two that say the same, still leave a kernel with an extent.
  const kernel = covariance.map((row, a) =>
    row.map((value, b) => {
      const least = (leastRelativeDeviation * Math.max(1, Math.abs(mean[a]!))) ** 2;
      return squaredBandwidth * (value + (a === b ? least + 1e-9 * value : 0));
    }),
  );
  return { centres, cholesky: choleskyFactor(kernel), count };
}

/** The score of every image, [count] in nats; +Infinity for a non-finite term. */
export function complexityScores({ centres, cholesky }: ComplexityFit, terms: ModelTerms): Float64Array {
  const [[a], [b, c]] = cholesky as readonly [readonly [number], readonly [number, number]];
  const logNormaliser = Math.log(2 * Math.PI * a * c);
  const distances = new Float64Array(centres.length);
  return Float64Array.from(statesOf(terms), ([prior, bits]) => {
    if (!Number.isFinite(prior)) return Number.POSITIVE_INFINITY;
    // Relative to the nearest kernel, or a far image would have density zero. Loops, as every image that is scored comes by here.
    let nearest = Number.POSITIVE_INFINITY;
    for (let index = 0; index < centres.length; index++) {
      const [ownPrior, ownBits] = centres[index]!;
      const u = (prior - ownPrior) / a;
      const v = (bits - ownBits - b * u) / c;
      distances[index] = u * u + v * v;
      nearest = Math.min(nearest, distances[index]!);
    }
    let sum = 0;
    for (const distance of distances) {
      const exponent = 0.5 * (nearest - distance);
      if (exponent > leastExponent) sum += Math.exp(exponent);
    }
    return logNormaliser + nearest / 2 - Math.log(sum / centres.length);
  });
}

/** The record of the score. */
export const complexityDefinition: ScoreDefinition = {
  name: "complexity",
  unit: "nats",
  needs: ["coders"],
  description: "how rare prior term and size as lossless WebP are together among normal images",
  paper: "Osada et al. 2024",
  ...fitted("complexity", fitComplexity, complexityScores),
};
