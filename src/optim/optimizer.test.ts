/** What optimisers are called, and clipping. The update formulas are tested where they are compiled, in train/update.test.ts. */
import { expect, test } from "vitest";
import { adam, adamax, clipFactor, optimizerNamed } from "./index.ts";

test("optimisers by name", () => {
  expect([optimizerNamed("adamax"), optimizerNamed("adam")]).toEqual([adamax, adam]);
});

test("an unknown optimiser is refused", () => {
  expect(() => optimizerNamed("sgd")).toThrow("optimizer: expected adamax or adam, got 'sgd'");
});

test("clipping shortens what is longer, and nothing else", () => {
  expect(clipFactor(10, 5)).toBeCloseTo(0.5, 8);
  expect(clipFactor(4, 5)).toBe(1);
  expect(clipFactor(0, 5)).toBe(1);
  expect(clipFactor(1e6, undefined)).toBe(1);
});
