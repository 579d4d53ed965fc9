/** Tests of marginals: monotone, normal on what they were fitted to, finite whatever the values. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { fitMarginal, normalScore } from "./marginals.ts";

const stream = randomKey("marginals").stream();
const sample = (count: number, draw: () => number): Float64Array => Float64Array.from({ length: count }, draw);

test("normal images come out standard normal, however skewed they were", () => {
  const marginal = fitMarginal(
    sample(4000, () => Math.exp(2 * stream.normal())),
    1e-6,
  );
  const scores = sample(4000, () => normalScore(marginal, Math.exp(2 * stream.normal()))).sort();
  // The quantiles of fresh images; sampling moves those in the middle by 1.25 / sqrt(4000) = 0.02.
  for (const [share, score] of [
    [0.1, -1.2816],
    [0.3, -0.5244],
    [0.5, 0],
    [0.7, 0.5244],
    [0.9, 1.2816],
  ] as const) {
    expect(Math.abs(scores[Math.floor(share * 4000)]! - score)).toBeLessThan(0.1);
  }
});

test("few images give a straight line through mean and deviation", () => {
  const values = Float64Array.of(1, 2, 3, 4, 10);
  const marginal = fitMarginal(values, 1e-6);
  expect(normalScore(marginal, 4)).toBeCloseTo(0, 12);
  expect(normalScore(marginal, 4 + Math.sqrt(10))).toBeCloseTo(1, 12);
  expect(normalScore(marginal, 4 - 3 * Math.sqrt(10))).toBeCloseTo(-3, 12);
});

test("a constant feature counts in units of the least deviation", () => {
  const marginal = fitMarginal(
    sample(100, () => 7),
    0.01,
  );
  expect([6.99, 7, 7.02].map((value) => normalScore(marginal, value))).toBeAllclose([-1, 0, 2], {
    relative: 1e-6,
    absolute: 1e-9,
  });
});

test("is increasing and finite for any images and any value", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
  fc.assert(
    fc.property(fc.array(number, { minLength: 8, maxLength: 300 }), number, number, (values, a, b) => {
      const marginal = fitMarginal(Float64Array.from(values), 1e-5);
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const scores = [normalScore(marginal, low), normalScore(marginal, high)];
      expect(scores.every(Number.isFinite)).toBe(true);
      expect(scores[0]!).toBeLessThanOrEqual(scores[1]! + 1e-9 * Math.abs(scores[1]!));
      // Images that share a value, half of them: neighbours in value never become infinitely far apart.
      const steep = fitMarginal(Float64Array.from([...values, ...values.map(() => values[0]!)]), 1e-5);
      expect(Number.isFinite(normalScore(steep, high))).toBe(true);
    }),
    { seed: 20261125 },
  );
});
