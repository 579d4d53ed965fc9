/**
 * P-values that hold for the calibration at hand, not only on average over calibrations.
 *
 *   p' = b_i   where p = i / (n + 1),   b such that P(U_(i) <= b_i for all i <= n) >= 1 - delta    U_(i): order statistics of n uniform numbers
 *
 * **What is promised.** With a chance of at least 1 - delta over the draw of the references, a new normal image has P(p' <= a | references) <= a
 * for every a, and the p-values of several new images are independent given the references (Bates, Candes, Lei, Romano and Sesia, "Testing for
 * outliers with conformal p-values", 2023, section 3). So what is said of a rate, of false discoveries or of Fisher's sum is then true of all
 * that this one calibration will ever be used for. The price: p' > p.
 *
 * Two ways to b. `simes`: b_(n+1-i) = 1 - delta^(1/k) (i ... (i-k+1) / (n ... (n-k+1)))^(1/k), k = n / 2 (the same paper, after Sarkar, 2008), in
 * closed form and tight at small p, where decisions are made. `levels`: every b_i is the same quantile of its own U_(i), Beta(i, n + 1 - i), found
 * by simulation (ours): 1.1 times the other's at p = 0.01, but less than it from p = 0.1 on, so better for sums over all p-values. The paper's
 * asymptotic bounds are left out: they promise only for n without end.
 */
import { ConfigError, internalError, type RandomKey } from "../../base/index.ts";
import { betaDistribution, betaQuantile } from "../statistics/special-functions.ts";

/** The p' of every p = i / (n + 1): plain data, safe to keep as JSON. */
export interface ConditionalBounds {
  readonly delta: number;
  /** b_1 ... b_n, ascending. b_(n+1) is 1. */
  readonly bounds: readonly number[];
}

/** The bounds in closed form for n references. Throws ConfigError for a delta outside (0, 1). */
export function simesBounds(count: number, delta: number): ConditionalBounds {
  checkBounds(count, delta);
  const k = Math.max(1, Math.floor(count / 2));
  const bounds = new Array<number>(count).fill(1);
  for (let i = k; i <= count; i++) {
    let logarithm = Math.log(delta);
    for (let j = 0; j < k; j++) logarithm += Math.log((i - j) / (count - j));
    bounds[count - i] = -Math.expm1(logarithm / k);
  }
  return { delta, bounds };
}

/** Simulated samples behind the bounds of equal levels. */
const defaultSimulations = 2000;

/**
 * The bounds of equal levels for n references. The promise counts the draw of the simulation, too, so it is exact for any number of
 * simulations; more make the bounds steadier. Throws ConfigError for a delta outside (0, 1).
 */
export function levelBounds(
  count: number,
  delta: number,
  key: RandomKey,
  simulations: number = defaultSimulations,
): ConditionalBounds {
  checkBounds(count, delta);
  const places = coarsePlaces(count);
  const stream = key.fold("conditional bounds").stream();
  const leastLevels = new Float64Array(simulations);
  const sums = new Float64Array(count + 1);
  for (let simulation = 0; simulation < simulations; simulation++) {
    // Partial sums of n + 1 exponentials over their total are the order statistics of n uniform numbers.
    for (let i = 0, sum = 0; i <= count; i++) {
      sum -= Math.log(1 - stream.uniform());
      sums[i] = sum;
    }
    let least = 1;
    for (const place of places) {
      const value = sums[place - 1]! / sums[count]!;
      least = Math.min(least, 1 - betaDistribution(value, place, count + 1 - place));
    }
    leastLevels[simulation] = least;
  }
  leastLevels.sort();
  const rank = Math.floor(delta * (simulations + 1));
  const level = rank === 0 ? 0 : leastLevels[rank - 1]!;
  // A place between two of the coarse ones takes the bound of the upper: its order statistic is no larger.
  const bounds: number[] = [];
  for (const place of places) {
    const bound = betaQuantile(1 - level, place, count + 1 - place);
    while (bounds.length < place) bounds.push(bound);
  }
  return { delta, bounds };
}

/** Places from 1 to n, all of the first few and then ever wider apart. */
function coarsePlaces(count: number): number[] {
  const places: number[] = [];
  for (let place = 1; place < count; place = Math.max(place + 1, Math.floor(place * 1.15))) places.push(place);
  return [...places, count];
}

/** The p' of conformal p-values that rest on as many references as there are bounds, each in (0, 1]. */
export function conditionalPValues({ bounds }: ConditionalBounds, pValues: ArrayLike<number>): Float64Array {
  return Float64Array.from(pValues, (value) => {
    const place = Math.round(value * (bounds.length + 1));
    if (!(place >= 1 && Math.abs(value * (bounds.length + 1) - place) < 1e-6)) {
      throw internalError(`a conformal p-value of ${bounds.length} references cannot be ${value}`);
    }
    return bounds[place - 1] ?? 1;
  });
}

function checkBounds(count: number, delta: number): void {
  if (!(count >= 1)) throw internalError(`conditional calibration on ${count} references`);
  if (delta > 0 && delta < 1) return;
  throw new ConfigError({
    code: "out-of-range",
    subject: "chance of an unlucky calibration",
    expected: "a number between 0 and 1",
    got: String(delta),
    remedy: { key: "other", text: "try 0.1" },
  });
}
