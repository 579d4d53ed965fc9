/** Maps of cells: resampling, means and scores worked by hand. */
import { expect, test } from "vitest";
import { type CellMap, meanMap, resampled, standardised, topMean } from "./cell-map.ts";

const map = (rows: number, columns: number, ...values: number[]): CellMap => ({
  rows,
  columns,
  values: Float32Array.from(values),
});

test("between the centres of cells a map is a line, beyond them constant", () => {
  // Two cells to four: centres at -0.25, 0.25, 0.75, 1.25 of the old ones.
  expect([...resampled(map(1, 2, 0, 8), 1, 4).values]).toEqual([0, 2, 6, 8]);
  expect([...resampled(map(2, 1, 0, 8), 4, 1).values]).toEqual([0, 2, 6, 8]);
  const same = map(1, 2, 0, 8);
  expect(resampled(same, 1, 2)).toBe(same);
});

test("a mean of maps lies on the first one's grid", () => {
  expect(meanMap([map(1, 4, 0, 2, 6, 8), map(1, 2, 0, 8)])).toEqual(map(1, 4, 0, 2, 6, 8));
  expect(meanMap([map(1, 2, 1, 3), map(1, 1, 5)])).toEqual(map(1, 2, 3, 4));
  // (3 * 1 + 5) / 4 and (3 * 3 + 5) / 4
  expect(meanMap([map(1, 2, 1, 3), map(1, 1, 5)], [6, 2])).toEqual(map(1, 2, 2, 3.5));
});

test("standardised cells have the mean and deviation taken out", () => {
  expect(standardised(map(1, 2, 1, 7), { mean: 1, deviation: 2 })).toEqual(map(1, 2, 0, 3));
});

test("a score is the mean of the top 1 % of the cells, of one at least", () => {
  expect(topMean(map(1, 3, -5, 4, 2))).toBe(4);
  const values = Array.from({ length: 300 }, (_, index) => (7 * index) % 300);
  expect(topMean(map(10, 30, ...values))).toBe(298);
});
