/** Sizes: what the engine cannot hold is refused before anything is read. */
import { expect, test } from "vitest";
import { trainingWith } from "../../../test/reference/training.ts";
import { flowOf, type TrainingConfiguration } from "../../model/index.ts";
import { layoutOf } from "../../nn/index.ts";
import { checkTrainingSize, mostParameters } from "./training-size.ts";

function configured(depth: number, hidden: number, batchSize = 64): TrainingConfiguration {
  return trainingWith({
    input: { channels: 3, height: 32, width: 32 },
    model: { scales: 2, depth, hidden },
    batchSize,
  });
}

test("the paper's size is no question", () => {
  expect(() => checkTrainingSize(configured(32, 512))).not.toThrow();
});

test.each([
  [
    "a wide flow",
    8,
    1_000_000,
    64,
    /^model: expected at most 536870911 numbers, got \d+ at depth 8 and width 1000000; give a smaller/,
  ],
  ["a deep flow", 1_000_000, 96, 64, /got \d+ at depth 1000000 and width 96/],
  ["a large batch", 1, 8, 100_000_000, /^batch: expected at most 43690 images of this size, got 100000000/],
])("%s is refused", (_name, depth, hidden, batch, message) => {
  expect(() => checkTrainingSize(configured(depth, hidden, batch))).toThrow(message);
});

test("two shallow flows tell the size of a deep one", () => {
  const deep = layoutOf(flowOf(configured(7, 24), "normal").parameters).trainableSize;
  const at = (depth: number) => layoutOf(flowOf(configured(depth, 24), "normal").parameters).trainableSize;
  expect(at(1) + 6 * (at(2) - at(1))).toBe(deep);
  expect(deep).toBeLessThan(mostParameters);
});
