/** Whether p-values of normal images that had no part in the calibration are as uniform as they should be: a plot and a sentence. */
import { compareSamples, pValues } from "../../score/index.ts";
import { showNumber } from "../documents/table.ts";
import type { DecisionReference, DecisionSet } from "./decision-bins.ts";
import { uniformPlot } from "./decision-plots.ts";
import { showCount } from "./decision-words.ts";

/** What the check found. */
export interface CalibrationCheck {
  readonly svg: string;
  /** What the plot shows and what it means. */
  readonly text: string;
  /** Whether the normal images are like those of the calibration: Kolmogorov and Smirnov's p-value is above 0.01. */
  readonly passed: boolean;
}

/** A p-value at or below it is said to be a difference: one check in a hundred errs. */
const level = 0.01;

/** Checks one set of normal images against the references. */
export function checkCalibration(set: DecisionSet, reference: DecisionReference): CalibrationCheck {
  const calibration = { count: reference.count, scores: { score: reference.scores }, fits: {} };
  const values = pValues(calibration, "score", set.scores);
  const bins = values.length >= 400 && reference.count >= 399 ? 20 : 10;
  const counts = new Array<number>(bins).fill(0);
  const binOf = (value: number): number => Math.min(bins - 1, Math.ceil(value * bins - 1e-9) - 1);
  for (const value of values) counts[binOf(value)]!++;
  // Two samples make the noise: these images and the references.
  const expected = values.length / bins;
  const spread = 1.96 * Math.sqrt(expected * (1 - 1 / bins) * (1 + values.length / reference.count));
  const infinite = new Array<number>(reference.count - reference.scores.length).fill(Number.POSITIVE_INFINITY);
  const test = compareSamples(set.scores, [...reference.scores, ...infinite]);
  const passed = test.pValue > level;
  const p = test.pValue < 0.0001 ? "below 0.0001" : showNumber(test.pValue, test.pValue < 0.01 ? 4 : 2);
  // The first sample has fewer of its scores below a point: it lies higher.
  const meaning = passed
    ? "no sign that they differ, so the promised false-alarm rates hold for them"
    : test.signedDistance < 0
      ? "these images score higher than those of the calibration: expect more false alarms than promised, and calibrate again on images like these"
      : "these images score lower than those of the calibration: expect fewer false alarms than promised, and more missed anomalies; calibrate again on images like these";
  return {
    svg: uniformPlot(
      counts,
      { low: Math.max(0, expected - spread), high: expected + spread },
      `P-values of ${set.name} in ${bins} bins`,
    ),
    text: `P-values of the ${showCount(values.length)} images of ${set.name} against ${showCount(reference.count)} calibration images. All bars should be of one height, 19 of 20 within the band. Kolmogorov-Smirnov p-value ${p}: ${meaning}.`,
    passed,
  };
}
