/** Tests of thresholds from labelled images: by hand, against the metrics, and the intervals by simulation. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, randomKey } from "../../base/index.ts";
import { mayBeAtLeast } from "../calibrating/example-trials.ts";
import { bestF1, operations, thinOperations, thresholdForDetection } from "./labelled-decisions.ts";
import { measureMetric } from "./metric-definitions.ts";

const seed = 20_061_084;
const key = randomKey("labelled decisions");

// From the top: 9 anomalous, 8 both, 5 normal, 4 anomalous, 1 normal.
const mixed = { normal: [8, 5, 1], anomalous: [9, 8, 4] };

describe("operations", () => {
  test("mark none, then one distinct score after the other, then all", () => {
    expect(
      operations(mixed).map(({ threshold, falseAlarms, detections }) => [threshold, falseAlarms, detections]),
    ).toEqual([
      [9, 0, 0],
      [8.5, 0, 1],
      [6.5, 1, 2],
      [4.5, 2, 2],
      [2.5, 2, 3],
      [Number.NEGATIVE_INFINITY, 3, 3],
    ]);
    expect(operations(mixed)[2]).toMatchObject({ falseAlarmRate: 1 / 3, detectionRate: 2 / 3, precision: 2 / 3 });
    expect(operations(mixed)[0]!.precision).toBe(1);
  });

  test("have thresholds that mark just what they say, infinite scores included", () => {
    const scores = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.POSITIVE_INFINITY)), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.record({ normal: scores, anomalous: scores }), (sets) => {
        for (const { threshold, falseAlarms, detections } of operations(sets)) {
          expect(sets.normal.filter((score) => score > threshold).length).toBe(falseAlarms);
          expect(sets.anomalous.filter((score) => score > threshold).length).toBe(detections);
        }
      }),
      { seed },
    );
  });

  test("are thinned with both ends kept", () => {
    const list = operations({ normal: Array.from({ length: 500 }, (_, i) => i), anomalous: [0] });
    const thin = thinOperations(list, 10);
    expect(thin).toHaveLength(10);
    expect(thin[0]).toBe(list[0]);
    expect(thin[9]).toBe(list.at(-1));
    expect(thinOperations(list.slice(0, 3), 10)).toHaveLength(3);
  });
});

describe("the best F1", () => {
  test("by hand: 2 of 3 found and one false alarm, or all and two", () => {
    // 4 / (2 + 1 + 3) = 0.667, 6 / (3 + 2 + 3) = 0.75.
    expect(bestF1(mixed)).toMatchObject({ f1: 0.75, threshold: 2.5 });
  });

  test("is the metric's", () => {
    const scores = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.record({ normal: scores, anomalous: scores }), (sets) => {
        expect(bestF1(sets).f1).toBe(measureMetric("bestF1", sets));
      }),
      { seed },
    );
  });

  test("of indistinguishable images marks all", () => {
    expect(bestF1({ normal: [1, 1], anomalous: [1] })).toMatchObject({ threshold: Number.NEGATIVE_INFINITY, f1: 0.5 });
  });
});

describe("the threshold for a detection rate", () => {
  test("is the highest that reaches it on these images", () => {
    expect(thresholdForDetection(mixed, { rate: 0.6 })).toMatchObject({ threshold: 6.5, detectionRate: 2 / 3 });
    expect(thresholdForDetection(mixed, { rate: 1 })).toMatchObject({ threshold: 2.5, falseAlarms: 2 });
  });

  test("with a certainty needs more anomalous images: 22 of 22 for 0.9 at 0.9", () => {
    // 0.9^22 = 0.098: all of them marked say at least 0.9 with certainty 0.902.
    const sets = (count: number) => ({ normal: [0], anomalous: Array.from({ length: count }, (_, i) => 1 + i) });
    expect(thresholdForDetection(sets(22), { rate: 0.9, certainty: 0.9 }).detections).toBe(22);
    expect(() => thresholdForDetection(sets(21), { rate: 0.9, certainty: 0.9 })).toThrow(ConfigError);
    expect(() => thresholdForDetection(sets(21), { rate: 0.9, certainty: 0.9 })).toThrow(
      "at least 22 anomalous images",
    );
  });

  test.each([0, 1.1, Number.NaN])("refuses a rate of %d", (rate) =>
    expect(() => thresholdForDetection(mixed, { rate })).toThrow(ConfigError),
  );

  test("its intervals hold although the threshold was chosen on the same images", () => {
    const trials = 400;
    let [detections, thresholds, certain] = [0, 0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold(trial).stream();
      const sets = { normal: [0, 0.5], anomalous: Array.from({ length: 60 }, () => stream.uniform()) };
      const found = thresholdForDetection(sets, { rate: 0.8 });
      const real = 1 - found.threshold;
      if (found.detectionInterval.low <= real && real <= found.detectionInterval.high) detections++;
      if (found.thresholdInterval.low <= 0.2 && 0.2 <= found.thresholdInterval.high) thresholds++;
      if (1 - thresholdForDetection(sets, { rate: 0.8, certainty: 0.9 }).threshold >= 0.8) certain++;
    }
    expect(mayBeAtLeast(detections, trials, 0.95)).toBe(true);
    expect(mayBeAtLeast(thresholds, trials, 0.95)).toBe(true);
    expect(mayBeAtLeast(certain, trials, 0.9)).toBe(true);
  });
});
