/** Tests of false alarms against chance: SciPy's values, by simulation, and the ends. */
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { mayBeAtMost } from "./example-trials.ts";
import { beyondChance, falseAlarmTails } from "./false-alarm-check.ts";

test.each([
  // sf(m - 1) and cdf(m) of scipy.stats.betabinom.
  [6, 200, 0.01, 999, 0.026664119960302934, 0.9903686889031533],
  [9, 200, 0.02, 99, 0.10269963937987714, 0.9264936107619309],
  [9, 200, 0.01, 99, 0.025218370381050348, 0.9833906595077094],
  [0, 2000, 0.01, 999, 1, 1.6322571690887613e-5],
  [3, 50, 0.1, 19, 0.6971651854653724, 0.42212461737598206],
])("%d of %d at %d from %d references is SciPy's beta-binomial", (marked, images, rate, references, asMany, asFew) => {
  const tails = falseAlarmTails(marked, images, rate, references);
  expect(tails.asMany).toBeCloseTo(asMany, 9);
  expect(tails.asFew / asFew).toBeCloseTo(1, 6);
});

test("ends", () => {
  expect(falseAlarmTails(0, 10, 0, 9)).toEqual({ asMany: 1, asFew: 1 });
  expect(falseAlarmTails(1, 10, 0, 9).asMany).toBe(0);
  expect(falseAlarmTails(10, 10, 1, 9)).toEqual({ asMany: 1, asFew: 1 });
  expect(() => falseAlarmTails(11, 10, 0.1, 9)).toThrow("internal: ");
});

test("of like images chance explains all but one in twenty", () => {
  const key = randomKey("false alarms");
  let [more, fewer] = [0, 0];
  const trials = 400;
  for (let trial = 0; trial < trials; trial++) {
    const stream = key.fold(trial).stream();
    const references = Float64Array.from({ length: 99 }, () => stream.normal()).sort();
    const threshold = references[89]!;
    const marked = Array.from({ length: 300 }, () => stream.normal()).filter((score) => score > threshold).length;
    const found = beyondChance(marked, 300, 0.1, 99);
    if (found === "more") more++;
    if (found === "fewer") fewer++;
  }
  expect(mayBeAtMost(more, trials, 0.025)).toBe(true);
  expect(mayBeAtMost(fewer, trials, 0.025)).toBe(true);
  expect(more + fewer).toBeGreaterThan(2);
});
