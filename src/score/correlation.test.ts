/** Tests of rank correlation matrices. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { correlationMatrix } from "./correlation.ts";
import { spearmanCorrelation } from "./metrics.ts";

test("by hand", () => {
  const columns = { up: [1, 2, 3, 4], down: [8, 6, 1, -5], other: [1, 2, 4, 3] };
  expect(correlationMatrix(columns)).toEqual({
    names: ["up", "down", "other"],
    values: [
      [1, -1, 0.8],
      [-1, 1, -0.8],
      [0.8, -0.8, 1],
    ],
  });
});

test("every entry is the correlation of its pair, symmetric", () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(Number.POSITIVE_INFINITY));
  const columns = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 9 }))
    .chain(([count, length]) =>
      fc.array(fc.array(value, { minLength: length, maxLength: length }), { minLength: count, maxLength: count }),
    );
  fc.assert(
    fc.property(columns, (drawn) => {
      const { names, values } = correlationMatrix(
        Object.fromEntries(drawn.map((column, i) => [`column ${i}`, column])),
      );
      expect(names).toHaveLength(drawn.length);
      drawn.forEach((a, i) => {
        drawn.forEach((b, j) => {
          expect(values[i]![j]).toBe(spearmanCorrelation(a, b) ?? null);
          expect(values[i]![j]).toBe(values[j]![i]);
        });
      });
    }),
    { seed: 20_061_084 },
  );
});

test("a constant column correlates with nothing, not even itself", () => {
  expect(correlationMatrix({ constant: [1, 1], rising: [1, 2] }).values).toEqual([
    [null, null],
    [null, 1],
  ]);
});

test("columns of unequal length and NaN are refused", () => {
  expect(() => correlationMatrix({ a: [1, 2], b: [1] })).toThrow("internal: ");
  expect(() => correlationMatrix({ a: [1, Number.NaN] })).toThrow("the column a is not a number");
});
