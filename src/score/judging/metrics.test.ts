/** Tests of the metrics: values by hand, against counting every pair, and what must not change them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../base/index.ts";
import type { ScoreSets } from "../statistics/ranking.ts";
import {
  auroc,
  averagePrecision,
  fpr95AnomalousPositive,
  fpr95NormalPositive,
  spearmanCorrelation,
} from "./metrics.ts";

/** Fixed, so that a failure can be repeated; fast-check prints it. */
const seed = 20_061_084;

/** Decimal places that two orders of adding up to a hundred float64 numbers agree to. */
const sumDigits = 12;

/** Few distinct scores, so that ties are common, and both infinities. */
const scores = fc.array(
  fc.oneof(fc.integer({ min: -4, max: 4 }), fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
  { minLength: 1, maxLength: 40 },
);
const sets = fc.record({ normal: scores, anomalous: scores });

/** AUROC by definition, over all pairs. */
function pairwiseAuroc({ normal, anomalous }: { normal: number[]; anomalous: number[] }): number {
  const wins = anomalous.flatMap((a) => normal.map((n) => (a > n ? 1 : a === n ? 0.5 : 0) as number));
  return wins.reduce((sum, win) => sum + win, 0) / wins.length;
}

/** The share of false positives by definition: the smallest over all thresholds that find at least 95 % of the positives. */
function thresholdFpr(positives: number[], negatives: number[]): number {
  const rates = positives
    .map((threshold) => [positives, negatives].map((set) => set.filter((score) => score >= threshold).length))
    .filter(([found]) => found! * 20 >= positives.length * 19)
    .map(([, falsePositives]) => falsePositives! / negatives.length);
  return Math.min(...rates);
}

// The expected area and precision are scikit-learn 1.x's roc_auc_score and average_precision_score of the same numbers.
const tied: ScoreSets = { normal: [0.1, 0.4, 0.35, 0.8, 0.5, 0.5], anomalous: [0.4, 0.5, 0.9, 0.5, 0.2] };

describe("AUROC", () => {
  test.each<[string, ScoreSets, number]>([
    ["separated sets", { normal: [1, 2], anomalous: [3, 4] }, 1],
    ["separated the wrong way", { normal: [3, 4], anomalous: [1, 2] }, 0],
    ["all tied", { normal: [7, 7, 7], anomalous: [7, 7] }, 0.5],
    ["one of four pairs wrong", { normal: [1, 3], anomalous: [2, 4] }, 0.75],
    ["ties in part", tied, 17.5 / 30],
    ["an infinite score", { normal: [1, 2], anomalous: [Number.POSITIVE_INFINITY, 1.5] }, 0.75],
    [
      "infinite scores that tie",
      { normal: [Number.POSITIVE_INFINITY], anomalous: [Number.POSITIVE_INFINITY, 1] },
      0.25,
    ],
    ["zeros of both signs tie", { normal: [0], anomalous: [-0] }, 0.5],
  ])("%s", (_, example, expected) => expect(auroc(example)).toBe(expected));

  test("is the share of pairs in order", () => {
    fc.assert(
      fc.property(sets, (example) => {
        expect(auroc(example)).toBeCloseTo(pairwiseAuroc(example), sumDigits);
      }),
      { seed },
    );
  });

  test("and with the sets swapped add up to 1", () => {
    fc.assert(
      fc.property(sets, ({ normal, anomalous }) => {
        expect(auroc({ normal, anomalous }) + auroc({ normal: anomalous, anomalous: normal })).toBeCloseTo(
          1,
          sumDigits,
        );
      }),
      { seed },
    );
  });
});

describe("average precision", () => {
  test.each<[string, ScoreSets, number]>([
    ["separated sets", { normal: [1, 2], anomalous: [3, 4] }, 1],
    ["separated the wrong way", { normal: [3, 4], anomalous: [1, 2] }, (1 / 3 + 2 / 4) / 2],
    ["all tied: the share of anomalous images", { normal: [7, 7, 7], anomalous: [7, 7] }, 0.4],
    ["ties in part", tied, 0.6],
  ])("%s", (_, example, expected) => expect(averagePrecision(example)).toBeCloseTo(expected, sumDigits));

  test("is at least that of flagging the anomalous images last", () => {
    fc.assert(
      fc.property(sets, (example) => {
        const worst = averagePrecision({
          normal: example.normal.map(() => 1),
          anomalous: example.anomalous.map((_, index) => -index),
        });
        expect(averagePrecision(example)).toBeGreaterThanOrEqual(worst - 10 ** -sumDigits);
        expect(averagePrecision(example)).toBeLessThanOrEqual(1);
      }),
      { seed },
    );
  });
});

describe("false-positive rate at 95 % true-positive rate", () => {
  const twenty = Array.from({ length: 20 }, (_, index) => index + 1);

  test("anomalous positive: 19 of 20 anomalous images are enough", () => {
    // The anomalous scores are 1..20; the threshold is 2.
    const normal = [1, 2, 2.5, 0];
    expect(fpr95AnomalousPositive({ normal, anomalous: twenty })).toBe(2 / 4);
  });

  test("normal positive: 19 of 20 normal images are enough", () => {
    // The normal scores are 1..20; the threshold is 19.
    const anomalous = [19, 19.5, 20, 3, 30];
    expect(fpr95NormalPositive({ normal: twenty, anomalous })).toBe(2 / 5);
  });

  test("the two conventions differ", () => {
    const example = { normal: [1, 2, 3, 100], anomalous: [50, 60, 70, 80] };
    expect(fpr95AnomalousPositive(example)).toBe(1 / 4);
    expect(fpr95NormalPositive(example)).toBe(1);
  });

  test("are what trying every threshold gives", () => {
    fc.assert(
      fc.property(sets, ({ normal, anomalous }) => {
        const negated = (values: number[]) => values.map((value) => -value);
        expect(fpr95AnomalousPositive({ normal, anomalous })).toBe(thresholdFpr(anomalous, normal));
        expect(fpr95NormalPositive({ normal, anomalous })).toBe(thresholdFpr(negated(normal), negated(anomalous)));
      }),
      { seed },
    );
  });
});

describe("every metric", () => {
  const metrics = { auroc, averagePrecision, fpr95AnomalousPositive, fpr95NormalPositive };

  test.each(Object.entries(metrics))("%s depends on the order of scores alone", (_, metric) => {
    const rising = (values: number[]) => values.map((value) => Math.exp(value / 2) - 3);
    fc.assert(
      fc.property(sets, ({ normal, anomalous }) => {
        expect(metric({ normal: rising(normal), anomalous: rising(anomalous) })).toBe(metric({ normal, anomalous }));
      }),
      { seed },
    );
  });

  test.each(Object.entries(metrics))("%s refuses an empty set and NaN", (_, metric) => {
    expect(() => metric({ normal: [], anomalous: [1] })).toThrow(ConfigError);
    expect(() => metric({ normal: [1], anomalous: [] })).toThrow(
      "metrics: expected at least one anomalous image, got none",
    );
    expect(() => metric({ normal: [1], anomalous: [Number.NaN] })).toThrow("internal: ");
  });
});

describe("Spearman's rank correlation", () => {
  test.each<[string, number[], number[], number | undefined]>([
    ["rising together", [1, 2, 3], [10, 100, 1000], 1],
    ["falling", [1, 2, 3], [3, 2, Number.NEGATIVE_INFINITY], -1],
    ["without ties, by 1 - 6 sum d^2 / (n (n^2 - 1))", [1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 1 - (6 * 4) / (5 * 24)],
    // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: covariance 4.5 over the root of 4.5 times 5.
    ["with ties", [1, 2, 2, 3], [1, 2, 3, 4], 4.5 / Math.sqrt(4.5 * 5)],
    ["a constant side", [1, 1, 1], [1, 2, 3], undefined],
    ["a single pair", [1], [2], undefined],
  ])("%s", (_, a, b, expected) => {
    const actual = spearmanCorrelation(a, b);
    if (expected === undefined) expect(actual).toBeUndefined();
    else expect(actual).toBeCloseTo(expected, sumDigits);
  });

  test("refuses unequal lengths", () => expect(() => spearmanCorrelation([1], [])).toThrow("internal: "));
});
