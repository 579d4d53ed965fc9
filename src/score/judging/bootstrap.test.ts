/** Tests of the bootstrap interval: its width against theory, its seed, its edges. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { aurocInterval } from "./bootstrap.ts";
import { evaluateScores } from "./evaluation.ts";
import { auroc } from "./metrics.ts";

const key = randomKey("bootstrap");

function normals(count: number, mean: number, label: string): Float64Array {
  const stream = key.fold(label).stream();
  return Float64Array.from({ length: count }, () => mean + stream.normal());
}

const sets = { normal: normals(400, 0, "normal"), anomalous: normals(300, 1, "anomalous") };

describe("interval of AUROC", () => {
  test("is as wide as Hanley and McNeil's standard error says", () => {
    const area = auroc(sets);
    // Hanley and McNeil (1982), equation 2, with their exponential approximation of Q1 and Q2.
    const [q1, q2] = [area / (2 - area), (2 * area ** 2) / (1 + area)];
    const variance = (area * (1 - area) + (300 - 1) * (q1 - area ** 2) + (400 - 1) * (q2 - area ** 2)) / (300 * 400);
    const { low, high } = aurocInterval(sets, key);
    // A fifth: 1,000 resamples place each end within 5 % and the formula is an approximation.
    const tolerance = 0.2;
    expect((high - low) / (2 * 1.96 * Math.sqrt(variance))).toBeGreaterThan(1 - tolerance);
    expect((high - low) / (2 * 1.96 * Math.sqrt(variance))).toBeLessThan(1 + tolerance);
    expect(low).toBeLessThan(area);
    expect(high).toBeGreaterThan(area);
  });

  test("depends on the key alone", () => {
    expect(aurocInterval(sets, key, 50)).toEqual(aurocInterval(sets, key, 50));
    expect(aurocInterval(sets, key, 50)).not.toEqual(aurocInterval(sets, key.fold("other"), 50));
  });

  test("is a point where the sets do not overlap", () => {
    expect(aurocInterval({ normal: [1, 2, 3], anomalous: [4, 5] }, key, 50)).toEqual({ low: 1, high: 1 });
  });

  test("one resample has both ends in one place", () => {
    const { low, high } = aurocInterval(sets, key, 1);
    expect(low).toBe(high);
  });

  test("takes infinite scores", () => {
    const { low, high } = aurocInterval({ normal: [0, 1], anomalous: [Number.POSITIVE_INFINITY, 0.5] }, key, 100);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBe(1);
  });

  test("refuses no resamples", () => expect(() => aurocInterval(sets, key, 0)).toThrow("internal: "));
});

test("an evaluation bundles the metrics of a score and a set", () => {
  const evaluation = evaluateScores({ score: "ratio", set: "letters" }, { normal: [1, 2], anomalous: [3, 4, 5] }, key);
  expect(evaluation).toEqual({
    score: "ratio",
    set: "letters",
    normalCount: 2,
    anomalousCount: 3,
    auroc: 1,
    aurocInterval: { low: 1, high: 1 },
    averagePrecision: 1,
    fpr95AnomalousPositive: 0,
    fpr95NormalPositive: 0,
  });
});
