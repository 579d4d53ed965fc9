/** Scores of a pile with strays in it: what is trimmed, and how ranks are joined. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { scoreDefinitions } from "../definitions/scores.ts";
import { makeTermTable } from "../tables/term-table.ts";
import { joinShares, leastOf, sharesOf } from "./pile-ranks.ts";
import { trimmedScores } from "./pile-scores.ts";

test("shares count who is at least as odd, and equal ones share the larger", () => {
  expect(Array.from(sharesOf([3, 9, 3, 1]))).toEqual([0.75, 0.25, 0.75, 1]);
  expect(Array.from(sharesOf([Number.NaN, 1, Number.POSITIVE_INFINITY]))).toEqual([2 / 3, 1, 2 / 3]);
});

test("joined shares are nats of both: the oddest of four by one and the second by the other", () => {
  const joined = joinShares([
    [9, 3, 2, 1],
    [3, 9, 2, 1],
  ]);
  expect(joined[0]).toBeCloseTo(Math.log(4) + Math.log(2), 12);
  expect(joined[3]).toBeCloseTo(0, 12);
});

test("joining does not depend on how scores are scaled", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: -99, max: 99 }), { minLength: 3, maxLength: 20 }), (values) => {
      const others = values.map((_, index) => index);
      const scaled = values.map((value) => Math.exp(value / 10));
      expect(joinShares([scaled, others])).toEqual(joinShares([values, others]));
    }),
    { seed: 2, numRuns: 30 },
  );
});

test("the least odd images, by index", () => {
  expect(Array.from(leastOf([5, 1, 4, 2, 3], 0.5))).toEqual([1, 3, 4]);
  expect(Array.from(leastOf([1, Number.NaN], 0.5))).toEqual([0]);
});

test("a tenth of strays that are alike do not explain themselves", () => {
  const stream = randomKey("strays").stream();
  const count = 400;
  const values = Float32Array.from({ length: count * 4 }, (_, at) => {
    const isStray = Math.floor(at / 4) < count / 10;
    // Log-det and prior of two scales move together; those of strays do not, and their spread is small.
    const column = at % 4;
    return isStray ? (column % 2 === 0 ? 2 : -2) + 0.1 * stream.normal() : 0.3 * stream.normal();
  });
  for (let image = count / 10; image < count; image++) {
    const shared = stream.normal();
    for (let column = 0; column < 4; column++) values[image * 4 + column]! += shared;
  }
  const terms = { normal: makeTermTable(count, 2, values), dimensions: 64 };
  const hierarchy = scoreDefinitions(2, new Set()).find(({ name }) => name === "hierarchy")!;
  const scores = trimmedScores(hierarchy, terms);
  const least = Math.min(...scores.subarray(0, count / 10));
  expect(scores.subarray(count / 10).filter((score) => score >= least).length).toBe(0);
  const untrimmed = hierarchy.measure(terms, hierarchy.learn!(terms), () => new Float64Array(0));
  expect(Math.min(...untrimmed.subarray(0, count / 10))).toBeLessThan(least / 2);
});

test("a score that learns nothing is what it is", () => {
  const terms = { normal: makeTermTable(2, 1, Float32Array.of(-1, -2, -5, -1)), dimensions: 4 };
  const likelihood = scoreDefinitions(1, new Set()).find(({ name }) => name === "likelihood")!;
  expect(Array.from(trimmedScores(likelihood, terms))).toEqual([3, 6]);
});
