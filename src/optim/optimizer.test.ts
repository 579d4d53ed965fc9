/** What optimisers are called, and clipping. The update formulas are tested where they are compiled, in train/update.test.ts. */
import { expect, test } from "vitest";
import { adam, adamax, clipFactor, optimizers } from "./index.ts";

test("optimisers by name", () => {
  expect(optimizers).toEqual({ adamax, adam });
  expect(Object.values(optimizers).map(({ name }) => name)).toEqual(Object.keys(optimizers));
});

test("clipping shortens what is longer, and nothing else", () => {
  expect(clipFactor(10, 5)).toBeCloseTo(0.5, 8);
  expect(clipFactor(4, 5)).toBe(1);
  expect(clipFactor(0, 5)).toBe(1);
  expect(clipFactor(1e6, undefined)).toBe(1);
});
