/** Tests of the special functions against SciPy's values, and of the interval's coverage. */
import { describe, expect, test } from "vitest";
import {
  betaDistribution,
  betaQuantile,
  logGamma,
  normalQuantile,
  normalTails,
  shareInterval,
} from "./special-functions.ts";

/** Expected values are SciPy 1.17's gammaln, beta.cdf, beta.ppf and 2 norm.sf. */
const relative = (got: number, expected: number): number =>
  Math.abs(got - expected) / Math.max(Math.abs(expected), 1e-300);

test.each([
  [0.1, 2.252712651734206],
  [0.5, 0.5723649429247],
  [3.7, 1.428072326665388],
  [100, 359.1342053695754],
  [12345.6, 103959.18506616844],
])("log Gamma(%d)", (x, expected) => expect(relative(logGamma(x), expected)).toBeLessThan(1e-12));

test.each([
  [0.3, 2, 5, 0.5798250000000003],
  [0.01, 1, 99, 0.6302703623502732],
  [0.5, 500, 510, 0.6235397566556701],
  [0.999, 300, 2, 0.9629191418029293],
  [1e-4, 3, 2000, 0.0011502831503989186],
])("Beta at %d of (%d, %d)", (x, a, b, expected) =>
  expect(relative(betaDistribution(x, a, b), expected)).toBeLessThan(1e-11),
);

test.each([
  [0.025, 5, 16, 0.08657146910143461],
  [0.975, 6, 15, 0.49104587170795744],
  [0.95, 10, 991, 0.015652573749606477],
])("the %d quantile of Beta(%d, %d)", (probability, a, b, expected) =>
  expect(relative(betaQuantile(probability, a, b), expected)).toBeLessThan(1e-11),
);

test.each([
  [0, 1],
  [0.5, 0.6170750774519738],
  [1.96, 0.04999579029644087],
  [2.8, 0.005110260660855864],
  [2.9, 0.003731626600768075],
  [5, 5.733031437583866e-7],
  [9, 2.2571768119076647e-19],
])("both tails of a normal beyond %d", (z, expected) => expect(relative(normalTails(z), expected)).toBeLessThan(1e-9));

describe("the interval of a share", () => {
  test("5 of 20, by SciPy's beta.ppf", () => {
    const { low, high } = shareInterval(5, 20, 0.95);
    expect(low).toBeCloseTo(0.08657146910143461, 10);
    expect(high).toBeCloseTo(0.49104587170795744, 10);
  });

  test("all or none of them: the rule of three's exact form", () => {
    expect(shareInterval(0, 10, 0.95)).toEqual({ low: 0, high: expect.closeTo(1 - 0.025 ** 0.1, 10) });
    expect(shareInterval(10, 10, 0.95)).toEqual({ low: expect.closeTo(0.025 ** 0.1, 10), high: 1 });
  });

  test("covers every share at least as often as it says", () => {
    for (const share of [0.01, 0.1, 0.37, 0.5, 0.9]) {
      let covered = 0;
      for (let hits = 0; hits <= 25; hits++) {
        const chance = Math.exp(
          logGamma(26) -
            logGamma(hits + 1) -
            logGamma(26 - hits) +
            hits * Math.log(share) +
            (25 - hits) * Math.log1p(-share),
        );
        const { low, high } = shareInterval(hits, 25, 0.9);
        if (low <= share && share <= high) covered += chance;
      }
      expect(covered).toBeGreaterThanOrEqual(0.9);
    }
  });
});

describe("normal quantiles", () => {
  test.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.2, -0.8416212335729142],
    [1e-9, -5.997807015007686],
    [0.999, 3.090232306167813],
  ])("of %d is %d, by SciPy's norm.ppf", (probability, expected) => {
    expect(normalQuantile(probability)).toBeCloseTo(expected, 9);
  });

  test("undo the tails", () => {
    for (const z of [0.1, 0.7, 1.5, 3, 6]) expect(-normalQuantile(normalTails(z) / 2)).toBeCloseTo(z, 9);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  });
});
