/** Budgets: their whole is spent, no more, and seeds give way before steps do. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../base/index.ts";
import { estimateSeconds, leastGeneralSteps, leastPlainSteps, paperSteps, planSteps } from "./budget.ts";
import type { Speeds } from "./speed.ts";

const speeds: Speeds = {
  step: 0.3,
  localStep: 0.2,
  classifierStep: 0.25,
  score: 0.001,
  readNormal: 1e-4,
  readGeneral: 1e-3,
};
const counts = { normal: 60_000, general: 12_000, test: 6000 };

describe("planSteps", () => {
  test("spends the budget and keeps within it", () => {
    const second = fc.double({ min: 0.01, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 900, max: 100_000 }),
        fc.integer({ min: 1, max: 5 }),
        second,
        (budget, seeds, step) => {
          const measured = { ...speeds, step, localStep: step * 0.7 };
          const plan = planSteps(budget, seeds, measured, counts);
          const estimate = estimateSeconds(plan, plan.seeds, measured, counts);
          // Every model needs one step, and at most one of each is not whole.
          const rounding = plan.seeds * 1.08 * step * 7;
          expect(estimate).toBeLessThanOrEqual(budget + rounding);
          expect(estimate).toBeGreaterThan(budget - rounding);
        },
      ),
      { seed: 20_061_084 },
    );
  });

  test("leaves out seeds rather than train the general model too briefly", () => {
    expect(planSteps(1800, 3, speeds, counts).seeds).toBe(1);
    const long = planSteps(4 * 3600, 3, speeds, counts);
    expect(long.seeds).toBe(3);
    expect(long.steps.general).toBeGreaterThanOrEqual(leastGeneralSteps);
    expect(planSteps(900, 3, speeds, counts).steps.general).toBeLessThan(leastGeneralSteps);
  });

  test("divides the same budget among the supervised models too, and saves a general model that is there", () => {
    const extents = [true, false].flatMap((general) => [true, false].map((supervised) => ({ general, supervised })));
    for (const extent of extents) {
      const plan = planSteps(3600, 1, speeds, counts, extent);
      expect(Math.abs(estimateSeconds(plan, 1, speeds, counts) - 3600)).toBeLessThan(10);
      expect([plan.steps.general > 0, plan.supervised !== null]).toEqual([extent.general, extent.supervised]);
    }
    const shared = planSteps(1800, 3, speeds, counts, { general: false, supervised: false });
    expect(shared.seeds).toBe(2);
    expect(shared.steps.plain).toBeGreaterThanOrEqual(leastPlainSteps);
  });

  test("refuses a budget that training gets nothing of", () => {
    expect(() => planSteps(30, 3, speeds, counts)).toThrow(ConfigError);
    expect(() => planSteps(30, 3, speeds, counts)).toThrow(/^budget: expected more than .*, got 30 s; give/);
  });
});

test("the paper trains every model for 250 epochs", () => {
  const steps = paperSteps({ normal: 50_000, general: 100_000, test: 0 }, 64);
  const normal = 250 * 781;
  expect(steps).toEqual({
    steps: { general: 250 * 1562, plain: normal, margin: normal, outlier: normal },
    supervised: null,
  });
});
