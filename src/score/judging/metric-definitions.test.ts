/** Tests of the metrics against scikit-learn's values, by hand, and of their intervals and paired comparisons. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConfigError, type RandomStream, randomKey } from "../../base/index.ts";
import { mayBeAtLeast, mayBeAtMost } from "../calibrating/example-trials.ts";
import { compareAuroc, delongAuroc } from "./delong.ts";
import { type MetricName, measureMetric, metricDefinitions, metricNames } from "./metric-definitions.ts";
import { auroc, averagePrecision, fpr95AnomalousPositive, fpr95NormalPositive } from "./metrics.ts";
import { compareScores, measureMetrics, metricInterval } from "./resampling.ts";
import { describeComparison } from "./score-comparison.ts";

interface Fixture {
  readonly first: { readonly normal: number[]; readonly anomalous: number[] };
  readonly second: { readonly normal: number[]; readonly anomalous: number[] };
  readonly firstMetrics: Record<MetricName, number>;
  readonly secondMetrics: Record<MetricName, number>;
  readonly delong: Record<"first" | "standardError" | "difference" | "differenceError" | "pValue", number>;
}

/**
 * Tied scores drawn by NumPy. The metrics are scikit-learn 1.9's: roc_auc_score, average_precision_score, auc of precision_recall_curve, and
 * minima and maxima over roc_curve and precision_recall_curve. DeLong's numbers are NumPy's, by comparing every pair.
 */
const fixtures = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/scikit-learn-metrics.json", import.meta.url), "utf8"),
) as Fixture[];

const seed = "metrics";
const key = randomKey(seed);

describe.each(fixtures)("scores from NumPy, set %#", ({ first, second, firstMetrics, secondMetrics, delong }) => {
  test.each(metricNames)("%s is scikit-learn's", (name) => {
    expect(measureMetric(name, first)).toBeCloseTo(firstMetrics[name], 12);
    expect(measureMetric(name, second)).toBeCloseTo(secondMetrics[name], 12);
  });

  test("DeLong's errors are those of comparing every pair", () => {
    expect(delongAuroc(first).auroc).toBeCloseTo(delong.first, 12);
    expect(delongAuroc(first).standardError).toBeCloseTo(delong.standardError, 12);
    const comparison = compareAuroc(first, second);
    expect(comparison.difference).toBeCloseTo(delong.difference, 12);
    expect((comparison.interval.high - comparison.interval.low) / (2 * 1.959963984540054)).toBeCloseTo(
      delong.differenceError,
      12,
    );
    expect(comparison.pValue).toBeCloseTo(delong.pValue, 9);
  });

  test("those that there were before are the same", () => {
    expect(measureMetric("auroc", first)).toBe(auroc(first));
    expect(measureMetric("averagePrecision", first)).toBe(averagePrecision(first));
    expect(measureMetric("fpr95", first)).toBe(fpr95AnomalousPositive(first));
    expect(measureMetric("fpr95Normal", first)).toBe(fpr95NormalPositive(first));
  });
});

describe("by hand", () => {
  // From the top: anomalous, normal, anomalous, normal.
  const alternating = { normal: [3, 1], anomalous: [4, 2] };

  test.each<[MetricName, number]>([
    ["averagePrecision", (1 + 2 / 3) / 2],
    // From the bottom the normal images come first: the same figures.
    ["averagePrecisionNormal", (1 + 2 / 3) / 2],
    // (0, 1), (1/2, 1), (1/2, 1/2), (1, 2/3): 1/2 + (1/2 + 2/3) / 4.
    ["trapezoid", 1 / 2 + (1 / 2 + 2 / 3) / 4],
    ["bestF1", 0.8],
    ["detectionError", 0.25],
    ["detection5", 0.5],
  ])("%s", (name, expected) => expect(measureMetric(name, alternating)).toBeCloseTo(expected, 12));

  test("a perfect score", () => {
    const perfect = { normal: [1, 2], anomalous: [3, Number.POSITIVE_INFINITY] };
    for (const name of metricNames) {
      expect(measureMetric(name, perfect)).toBe(metricDefinitions[name].better === "higher" ? 1 : 0);
    }
  });

  test("an empty set is refused", () =>
    expect(() => measureMetric("bestF1", { normal: [], anomalous: [1] })).toThrow(ConfigError));
});

/** Two scores of the same images that both see the anomaly through noise of their own and a common one. */
function drawPair(stream: RandomStream, gain: number) {
  const pair = {
    first: { normal: [] as number[], anomalous: [] as number[] },
    second: { normal: [] as number[], anomalous: [] as number[] },
  };
  for (const kind of ["normal", "anomalous"] as const) {
    for (let image = 0; image < 60; image++) {
      const common = stream.normal() + (kind === "anomalous" ? 1 : 0);
      pair.first[kind].push(common + stream.normal() + (kind === "anomalous" ? gain : 0));
      pair.second[kind].push(common + stream.normal());
    }
  }
  return pair;
}

describe("comparing two scores of the same images", () => {
  test(`equally good ones differ by noise, 19 times in 20 (seed ${seed})`, () => {
    const trials = 300;
    const verdicts = Array.from({ length: trials }, (_, trial) => {
      const { first, second } = drawPair(key.fold("equal").fold(trial).stream(), 0);
      return compareAuroc(first, second).verdict;
    });
    const noise = verdicts.filter((verdict) => verdict === "noise").length;
    // DeLong is exact for many images; with 60 it errs a little, hence 0.93.
    expect(mayBeAtLeast(noise, trials, 0.93)).toBe(true);
    expect(mayBeAtMost(noise, trials, 0.98)).toBe(true);
  });

  test("a better one is found by both methods, and both give the same figures", () => {
    const { first, second } = drawPair(key.fold("better").stream(), 1);
    const delong = compareAuroc(first, second);
    const bootstrap = compareScores("auroc", first, second, { key, resamples: 1000 });
    expect(delong.verdict).toBe("first");
    expect(bootstrap.verdict).toBe("first");
    expect(bootstrap.difference).toBeCloseTo(delong.difference, 12);
    expect(bootstrap.interval.low).toBeCloseTo(delong.interval.low, 1);
    expect(bootstrap.interval.high).toBeCloseTo(delong.interval.high, 1);
    expect(compareAuroc(second, first).verdict).toBe("second");
  });

  test("a score and itself", () => {
    const { first } = drawPair(key.stream(), 0);
    expect(compareAuroc(first, first)).toMatchObject({ difference: 0, pValue: 1, verdict: "noise" });
    for (const metric of metricNames) {
      expect(compareScores(metric, first, first, { key, resamples: 20 })).toMatchObject({
        pValue: 1,
        verdict: "noise",
      });
    }
  });

  test("lower is better where it is", () => {
    const [good, bad] = [
      { normal: [1, 2, 3, 4], anomalous: [5, 6, 7, 8] },
      { normal: [5, 6, 7, 8], anomalous: [1, 2, 3, 4] },
    ];
    expect(compareScores("fpr95", good, bad, { key }).verdict).toBe("first");
    expect(compareAuroc(good, bad)).toMatchObject({ pValue: 0, verdict: "first" });
  });

  test("is said in one sentence", () => {
    const comparison = compareAuroc({ normal: [1, 2], anomalous: [3, 4] }, { normal: [3, 4], anomalous: [1, 2] });
    expect(describeComparison(comparison, { first: "ratio", second: "likelihood" })).toBe(
      "AUROC: ratio is better than likelihood (+1.000, 95 % interval +1.000 to +1.000, p = 0.0, DeLong)",
    );
    expect(describeComparison({ ...comparison, verdict: "noise" }, { first: "a", second: "b" })).toContain(
      "AUROC of a and b: the difference is noise",
    );
  });

  test("other images are refused", () => {
    expect(() => compareAuroc({ normal: [1], anomalous: [2] }, { normal: [1, 2], anomalous: [2] })).toThrow(
      "internal: ",
    );
  });
});

describe("intervals", () => {
  test.each(metricNames)("of %s hold the metric and stay in [0, 1]", (name) => {
    const { first } = drawPair(key.fold("interval").stream(), 0.5);
    const { low, high } = metricInterval(name, first, { key, resamples: 200 });
    const value = measureMetric(name, first);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(1);
    expect(low).toBeLessThanOrEqual(value + 0.05);
    expect(high).toBeGreaterThanOrEqual(value - 0.05);
    expect(high).toBeGreaterThan(low);
  });

  test("of all metrics at once are those of one at a time", () => {
    const { first } = drawPair(key.fold("together").stream(), 0.5);
    const options = { key, resamples: 50 };
    expect(measureMetrics(metricNames, first, options)).toEqual(
      metricNames.map((metric) => ({
        metric,
        value: measureMetric(metric, first),
        interval: metricInterval(metric, first, options),
      })),
    );
  });

  test("by group are as wide as the groups differ: copies of an image are no news", () => {
    const stream = key.fold("copies").stream();
    const normal = Array.from({ length: 30 }, () => stream.normal());
    const anomalous = Array.from({ length: 30 }, () => 1 + stream.normal());
    const copy = (scores: number[]): number[] => scores.flatMap((score) => new Array<number>(20).fill(score));
    const names = Array.from({ length: 30 }, (_, index) => new Array<string>(20).fill(`g${index}`)).flat();
    const [single, copied] = [
      { normal, anomalous },
      { normal: copy(normal), anomalous: copy(anomalous) },
    ];
    const width = ({ low, high }: { low: number; high: number }): number => high - low;
    const honest = width(metricInterval("auroc", single, { key }));
    const byGroup = width(metricInterval("auroc", copied, { key, groups: { normal: names, anomalous: names } }));
    const byImage = width(metricInterval("auroc", copied, { key }));
    expect(byGroup).toBeCloseTo(honest, 12);
    expect(byImage).toBeLessThan(honest / 3);
  });

  test("depend on the key alone and refuse no resamples", () => {
    const sets = { normal: [1, 2, 3], anomalous: [2, 3, 4] };
    expect(metricInterval("bestF1", sets, { key })).toEqual(metricInterval("bestF1", sets, { key }));
    expect(() => metricInterval("bestF1", sets, { key, resamples: 0 })).toThrow("internal: ");
    expect(() => metricInterval("bestF1", sets, { key, groups: { normal: ["a"], anomalous: [] } })).toThrow(
      "internal: ",
    );
  });
});
