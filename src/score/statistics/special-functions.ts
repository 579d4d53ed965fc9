/**
 * Functions that intervals and p-values rest on: the beta distribution, Clopper and Pearson's interval, the normal distribution's tails.
 *
 *   I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) * continued fraction     (Abramowitz and Stegun, 1964, 26.5.8)
 *
 * log Gamma by Lanczos' approximation (Lanczos, 1964; nine terms, g = 7). Relative errors are about 1e-13.
 */
import { internalError } from "../../base/index.ts";
import type { Interval } from "./interval.ts";

const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** log Gamma(x) for x > 0. */
export function logGamma(x: number): number {
  if (!(x > 0)) throw internalError(`the logarithm of Gamma(${x})`);
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x + 6.5;
  const series = lanczos.reduce((sum, term, index) => sum + term / (x + index), 0.99999999999980993);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** The distribution function of Beta(a, b) at x, for a, b > 0. */
export function betaDistribution(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const scale = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The continued fraction converges fast on this side of the mean only.
  return x < (a + 1) / (a + b + 2) ? (scale * betaFraction(x, a, b)) / a : 1 - (scale * betaFraction(1 - x, b, a)) / b;
}

/** The continued fraction by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const safe = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return result;
}

/** The x at which Beta(a, b) reaches a probability; 0 for a = 0 and 1 for b = 0, where the distribution is one point. */
export function betaQuantile(probability: number, a: number, b: number): number {
  if (a === 0) return 0;
  if (b === 0) return 1;
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (betaDistribution(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The interval of a share of which `hits` of `trials` were seen: at least `coverage` whatever the share is (Clopper and Pearson, 1934).
 * [0, 1] without trials.
 */
export function shareInterval(hits: number, trials: number, coverage: number): Interval {
  const tail = (1 - coverage) / 2;
  return {
    low: hits === 0 ? 0 : betaQuantile(tail, hits, trials - hits + 1),
    high: hits === trials ? 1 : betaQuantile(1 - tail, hits + 1, trials - hits),
  };
}

/** P(|Z| > z) of a standard normal Z, for z >= 0: the complementary error function at z / sqrt 2. */
export function normalTails(z: number): number {
  const x = z / Math.SQRT2;
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let k = 1; k < 60; k++) {
      term *= -(x * x) / k;
      sum += term / (2 * k + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}

/** The z of a standard normal Z with P(Z <= z) = `probability`; infinite for 0 and 1. Newton's steps from the middle of both tails. */
export function normalQuantile(probability: number): number {
  if (probability === 0.5) return 0;
  if (probability > 0.5) return -normalQuantile(1 - probability);
  if (probability <= 0) return Number.NEGATIVE_INFINITY;
  // -log of the tail is convex in z and about z^2 / 2: Newton's steps on it converge from anywhere.
  const wanted = -Math.log(probability);
  let z = Math.sqrt(2 * Math.max(0, wanted - Math.LN2));
  for (let step = 0; step < 50; step++) {
    const tail = normalTails(z) / 2;
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const change = ((wanted + Math.log(tail)) * tail) / density;
    z = Math.max(0, z + change);
    if (Math.abs(change) < 1e-13 * (1 + z)) break;
  }
  return -z;
}
