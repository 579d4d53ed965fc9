/** Learning-rate schedules. */
import { describe, expect, test } from "vitest";
import { checkSchedule, learningRateAt, type Schedule } from "./index.ts";

const schedule: Schedule = { learningRate: 0.1, warmup: 10, milestones: [100, 200], factor: 0.5 };

test.each([
  ["the first step takes a share of the rate", 0, 0.01],
  ["the last step of the warm-up has the full rate", 9, 0.1],
  ["the rate stays", 99, 0.1],
  ["a milestone multiplies it", 100, 0.05],
  ["milestones add up", 250, 0.025],
])("%s", (_name, step, expected) => {
  expect(learningRateAt(schedule, step)).toBeCloseTo(expected, 12);
});

test("without warm-up the first step has the full rate", () => {
  expect(learningRateAt({ ...schedule, warmup: 0 }, 0)).toBe(0.1);
});

describe("a schedule that cannot be meant is refused", () => {
  test.each([
    ["learning rate", { learningRate: 0 }],
    ["learning rate", { learningRate: Number.NaN }],
    ["warm-up", { warmup: -1 }],
    ["milestones", { milestones: [200, 100] }],
    ["factor", { factor: 2 }],
  ])("%s", (name, change) => {
    expect(() => checkSchedule({ ...schedule, ...change })).toThrow(new RegExp(`^schedule: expected .*${name}`));
  });
});
