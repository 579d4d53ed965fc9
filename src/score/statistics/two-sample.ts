/**
 * Do two samples come from one distribution? Kolmogorov and Smirnov's test, by exact counting.
 *
 *   D = max |F_a - F_b|      P(D >= d) = share of the orders of both samples whose distance reaches d
 *
 * The share is that of lattice paths from (0, 0) to (m, n) that leave the band |i / m - j / n| < d (Hodges, "The significance probability of the
 * Smirnov two-sample test", 1958); where scores tie, a path is looked at after each tie only (Schroer and Trenkler, 1995), so the p-value is
 * exact with ties, too. Beyond 4 million steps: Smirnov's limit 2 sum (-1)^(k-1) exp(-2 k^2 d^2 m n / (m + n)) (1939), a little too large.
 *
 * **What is promised.** The chance of a p-value at or below a is at most a, for *one* look. A window that is looked at every hour raises a
 * false alarm sooner or later; `drift-martingale.ts` may be watched for ever.
 */
import { ConfigError, internalError } from "../../base/index.ts";

/** What the test found: plain data. */
export interface TwoSampleTest {
  /** D in [0, 1]. */
  readonly distance: number;
  readonly pValue: number;
  readonly method: "exact" | "asymptotic";
  /** Where the samples differ most: up to here the first has this much more (positive) or less of its values than the second. */
  readonly at: number;
  readonly signedDistance: number;
}

/** The most lattice points that are counted exactly. */
const mostExactSteps = 4_000_000;

/** Compares two samples. Infinite values are allowed. Throws ConfigError for an empty sample, an internal error for a NaN. */
export function compareSamples(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  mostSteps: number = mostExactSteps,
): TwoSampleTest {
  const a = ascending(first);
  const b = ascending(second);
  const [m, n] = [a.length, b.length];
  // Distances in units of 1 / (m n) are whole numbers, so that "at least as large" is exact.
  let distance = 0;
  let signed = 0;
  let at = Number.NaN;
  const tieEnds = new Uint8Array(m + n + 1);
  for (let i = 0, j = 0; i < m || j < n; ) {
    const value = j >= n || (i < m && a[i]! <= b[j]!) ? a[i]! : b[j]!;
    while (i < m && a[i] === value) i++;
    while (j < n && b[j] === value) j++;
    tieEnds[i + j] = 1;
    if (Math.abs(i * n - j * m) > distance) {
      signed = i * n - j * m;
      distance = Math.abs(signed);
      at = value;
    }
  }
  const exact = m * n <= mostSteps;
  const pValue = exact ? exactTail(m, n, distance, tieEnds) : smirnovTail(distance / Math.sqrt(m * n * (m + n)));
  return {
    distance: distance / (m * n),
    pValue,
    method: exact ? "exact" : "asymptotic",
    at,
    signedDistance: signed / (m * n),
  };
}

/** The share of orders whose distance is at least `distance`, in units of 1 / (m n). */
function exactTail(m: number, n: number, distance: number, tieEnds: Uint8Array): number {
  if (distance === 0) return 1;
  // inside[j] = chance that a random path passes (i, j) after staying within the band: each of the i + j values came last alike.
  const inside = new Float64Array(n + 1);
  for (let i = 0; i <= m; i++) {
    for (let j = 0; j <= n; j++) {
      const from = i + j;
      const reached = from === 0 ? 1 : (i * inside[j]!) / from + (j > 0 ? (j * inside[j - 1]!) / from : 0);
      inside[j] = tieEnds[from] === 1 && Math.abs(i * n - j * m) >= distance ? 0 : reached;
    }
  }
  return Math.min(1, Math.max(0, 1 - inside[n]!));
}

function smirnovTail(lambda: number): number {
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * lambda * lambda);
  return Math.min(1, Math.max(0, sum));
}

function ascending(values: ArrayLike<number>): Float64Array {
  if (values.length === 0) {
    throw new ConfigError({ code: "too-few-images", subject: "drift", expected: "at least one score", got: "none" });
  }
  const result = Float64Array.from(values).sort();
  if (result.some(Number.isNaN)) throw internalError("a score is not a number");
  return result;
}
