/** Summaries over seeds, and the paper's expectations against numbers that meet them or do not. */
import { expect, test } from "vitest";
import { checkExpectations, type MethodResult, type SetResult, summarize } from "./results.ts";

function result(method: string, set: string, auroc: number): MethodResult {
  const interval = { low: auroc - 0.01, high: auroc + 0.01 };
  return { method, detector: "plain", score: method, set, ...summarize([auroc]), interval, intervals: [interval] };
}

const results = (raw: number, ratio: number, outlier: number): MethodResult[] => [
  result("raw", "near", 0.7),
  result("ratio", "near", 0.6),
  result("ratio, outlier loss", "near", 0.5),
  result("raw", "far", raw),
  result("ratio", "far", ratio),
  result("ratio, outlier loss", "far", outlier),
];

const sets = (...ranks: (number | null)[]): SetResult[] =>
  ranks.map((rank, index) => ({
    name: `set ${index}`,
    location: "",
    count: 1,
    skipped: 0,
    bitsPerDimension: {},
    rankCorrelation: rank === null ? null : summarize([rank]),
  }));

const held = (...args: Parameters<typeof checkExpectations>): (boolean | null)[] =>
  checkExpectations(...args).map((one) => one.held);

test("mean and sample standard deviation", () => {
  expect(summarize([2, 4, 6])).toEqual({ mean: 4, deviation: 2, values: [2, 4, 6] });
  expect(summarize([3])).toEqual({ mean: 3, deviation: null, values: [3] });
});

test("expectations are checked on the pairs on which raw likelihood fails", () => {
  expect(held(results(0.1, 0.3, 0.96), sets(0.95, 0.99))).toEqual([true, true, true, true]);
  expect(held(results(0.1, 0.11, 0.94), sets(0.95, 0.89))).toEqual([true, false, false, false]);
});

test("where raw likelihood does not fail, there is nothing to check", () => {
  expect(held(results(0.6, 0.3, 0.96), sets(null))).toEqual([false, null, null, null]);
});
