/** Tests of typicality, density of states, WAIC and joined scores: by hand, where they shine, and that the joint is calibrated. */
import { describe, expect, test } from "vitest";
import { ConfigError, type RandomStream, RunError, randomKey } from "../../base/index.ts";
import { mayBeAtLeast, mayBeAtMost } from "../calibrating/example-trials.ts";
import { learnWeights } from "../joining/join-weights.ts";
import { jointPValues } from "../joining/joined-scores.ts";
import { auroc } from "../judging/metrics.ts";
import { waicScores } from "./ensemble-scores.ts";
import { rowsOf, tableOf } from "./example-terms.ts";
import { fitStateDensity, logDensity, stateDensityScores, stateStatistics } from "./state-density.ts";
import { fitTypicality, scaleTypicality, typicalityScores, worstScaleTypicality } from "./typicality.ts";

const seed = "statistic scores";
const key = randomKey(seed);

/** Two scales, each log-det 1 more or less than 10 and 20, prior 0. */
const eight = tableOf([9, 11, 9, 11, 9, 11, 9, 11].map((first, image) => [first, 0, image < 4 ? 19 : 21, 0]));

describe("typicality", () => {
  const fit = fitTypicality(eight);

  test("is the distance to the mean, by hand", () => {
    expect(fit).toEqual({
      mean: 30,
      scales: [
        { mean: 10, deviation: 1 },
        { mean: 20, deviation: 1 },
      ],
      count: 8,
    });
    const table = tableOf([
      [10, 0, 20, 0],
      [13, 0, 19, 0],
      [7, -1, 20, 2],
    ]);
    expect([...typicalityScores(fit, table)]).toEqual([0, 2, 2]);
    expect([...scaleTypicality(fit, table)]).toEqual([0, 0, 3, 1, 4, 2]);
    expect([...worstScaleTypicality(fit, table)]).toEqual([0, 3, 4]);
  });

  test("sees what cancels in the sum only scale by scale", () => {
    const table = tableOf([[20, 0, 10, 0]]);
    expect(typicalityScores(fit, table)[0]).toBe(0);
    expect(worstScaleTypicality(fit, table)[0]).toBe(10);
  });

  test("of a non-finite term is infinite; too few images and other scales are refused", () => {
    const broken = tableOf([[Number.NaN, 0, 0, 0]]);
    expect(typicalityScores(fit, broken)[0]).toBe(Number.POSITIVE_INFINITY);
    expect(worstScaleTypicality(fit, broken)[0]).toBe(Number.POSITIVE_INFINITY);
    expect(() => fitTypicality(tableOf([[1, 2]]))).toThrow(RunError);
    expect(() => typicalityScores(fit, tableOf([[1, 2]]))).toThrow(ConfigError);
  });
});

describe("density of states", () => {
  test("has the paper's three statistics and those of every scale", () => {
    expect(stateStatistics(2)).toEqual([
      "log-likelihood",
      "log-det",
      "prior",
      "log-det-0",
      "prior-0",
      "log-det-1",
      "prior-1",
    ]);
    expect(stateStatistics(1)).toEqual(["log-likelihood", "log-det-0", "prior-0"]);
  });

  test("one kernel density by hand", () => {
    const density = { mean: 5, deviation: 2, centres: [-1, 1], bandwidth: 1 };
    // At the middle both kernels give phi(1), at 7 phi(0) and phi(2).
    const phi = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    expect(logDensity(density, 5)).toBeCloseTo(Math.log(phi(1)), 12);
    expect(logDensity(density, 7)).toBeCloseTo(Math.log((phi(0) + phi(2)) / 2), 12);
    expect(logDensity(density, 1e6)).toBeLessThan(-1e10);
    expect(Number.isFinite(logDensity(density, 1e6))).toBe(true);
  });

  test("integrates to 1", () => {
    const stream = key.fold("integral").stream();
    const fit = fitStateDensity(tableOf(rowsOf(1000, () => [stream.normal(), 3 * stream.normal()])));
    for (const density of fit.densities) {
      expect(density.centres).toHaveLength(128);
      let sum = 0;
      for (let z = -10; z < 10; z += 0.01)
        sum += Math.exp(logDensity(density, density.mean + z * density.deviation)) * 0.01;
      expect(sum).toBeCloseTo(1, 3);
    }
  });

  test("finds an image between two modes, where a distance to the mean finds none", () => {
    const stream = key.fold("modes").stream();
    const rows = (count: number) =>
      tableOf(rowsOf(count, () => [(stream.integer(2) === 0 ? -10 : 10) + stream.normal(), 0]));
    const between = tableOf(rowsOf(50, () => [stream.normal(), 0]));
    const [normal, fresh] = [rows(400), rows(200)];
    const state = fitStateDensity(normal);
    const typicality = fitTypicality(normal);
    expect(
      auroc({ normal: stateDensityScores(state, fresh), anomalous: stateDensityScores(state, between) }),
    ).toBeGreaterThan(0.99);
    expect(
      auroc({ normal: typicalityScores(typicality, fresh), anomalous: typicalityScores(typicality, between) }),
    ).toBeLessThan(0.1);
  });

  test("survives JSON, takes constant statistics, refuses other models and too few images", () => {
    const fit = fitStateDensity(eight);
    expect(JSON.parse(JSON.stringify(fit))).toEqual(fit);
    expect(stateDensityScores(fit, eight).every(Number.isFinite)).toBe(true);
    expect(stateDensityScores(fit, tableOf([[Number.POSITIVE_INFINITY, 0, 0, 0]]))[0]).toBe(Number.POSITIVE_INFINITY);
    expect(() => stateDensityScores(fit, tableOf([[1, 2]]))).toThrow(ConfigError);
    expect(() => fitStateDensity(tableOf([[1, 2]]))).toThrow(RunError);
  });
});

describe("WAIC", () => {
  test("is variance less mean, by hand", () => {
    expect([
      ...waicScores([
        [1, 5],
        [3, 5],
      ]),
    ]).toEqual([-1, -5]);
    expect(waicScores([[1], [Number.NaN]])[0]).toBe(Number.POSITIVE_INFINITY);
  });

  test("needs two flows of the same images", () => {
    expect(() => waicScores([[1]])).toThrow(ConfigError);
    expect(() => waicScores([])).toThrow(ConfigError);
    expect(() => waicScores([[1], [1, 2]])).toThrow("internal: ");
  });
});

describe("joined scores", () => {
  test("of one score have that score's p-values", () => {
    const found = jointPValues([[1, 2, 2, 3]], [[0, 1, 1.5, 2, 3, 4]], "fisher");
    expect([...found]).toEqual([1, 1, 0.8, 0.8, 0.4, 0.2]);
    expect([...jointPValues([[1, 2, 2, 3]], [[0, 1, 1.5, 2, 3, 4]], "worst")]).toEqual([...found]);
  });

  test("of two, by hand", () => {
    // The new image is second under both. With it the ranks are (1, 3), (3, 1) and its own (2, 2) of 3.
    // Fisher: 3 against 4 as products of ranks, so both references are higher; worst: a least rank of 1 against 2, too.
    const references = [
      [9, 1],
      [1, 9],
    ];
    expect(jointPValues(references, [[5], [5]], "fisher")[0]).toBe(1);
    expect(jointPValues(references, [[5], [5]], "worst")[0]).toBe(1);
    expect(jointPValues(references, [[10], [10]], "fisher")[0]).toBeCloseTo(1 / 3, 12);
  });

  /** Two scores that correlate at 0.9. */
  const drawTwo = (stream: RandomStream, count: number): [number[], number[]] => {
    const [first, second]: [number[], number[]] = [[], []];
    for (let image = 0; image < count; image++) {
      const common = 3 * stream.normal();
      first.push(common + stream.normal());
      second.push(common + stream.normal());
    }
    return [first, second];
  };

  test.each(["fisher", "worst"] as const)(
    `%s: the joint is calibrated although the scores depend on each other (seed ${seed})`,
    (rule) => {
      const trials = 1000;
      const found = Array.from({ length: trials }, (_, trial) => {
        const stream = key.fold(rule).fold(trial).stream();
        return jointPValues(drawTwo(stream, 49), drawTwo(stream, 1), rule)[0]!;
      });
      for (const rate of [0.02, 0.1, 0.5]) {
        const marked = found.filter((value) => value <= rate).length;
        expect(mayBeAtMost(marked, trials, rate)).toBe(true);
        // Ties of least ranks make `worst` a little careful.
        expect(mayBeAtLeast(marked, trials, rate / 2)).toBe(true);
      }
    },
  );

  test("hear an anomaly that either score alone sees", () => {
    const stream = key.fold("either").stream();
    const references = [0, 1].map(() => Array.from({ length: 200 }, () => stream.normal()));
    const images = [
      [5, 0, 0],
      [0, 5, 0],
    ];
    for (const rule of ["fisher", "worst"] as const) {
      const [first, second, none] = jointPValues(references, images, rule);
      expect(first!).toBeLessThan(0.05);
      expect(second!).toBeLessThan(0.05);
      expect(none!).toBeGreaterThan(0.2);
    }
  });

  test("refuse other images and NaN", () => {
    expect(() => jointPValues([[1]], [[1], [2]], "fisher")).toThrow("internal: ");
    expect(() => jointPValues([[1], [1, 2]], [[1], [2]], "fisher")).toThrow("internal: ");
    expect(() => jointPValues([[Number.NaN]], [[1]], "fisher")).toThrow("internal: ");
  });
});

describe("learned weights", () => {
  /** Three scores: the first sees the anomaly well, the second a little, the third not at all. */
  const drawThree = (stream: RandomStream, count: number, shift: number): number[][] =>
    [1, 0.3, 0].map((gain) => Array.from({ length: count }, () => stream.normal() + gain * shift));

  test("follow what each score sees, and are never negative", () => {
    const stream = key.fold("weights").stream();
    const [first, second, third] = learnWeights(drawThree(stream, 150, 0), drawThree(stream, 150, 3));
    expect(first!).toBeGreaterThan(2 * second!);
    expect(second!).toBeGreaterThan(third!);
    expect(third!).toBeLessThan(0.2 * first!);
    expect(third!).toBeGreaterThanOrEqual(0);
  });

  test("of a score that is upside down are zero", () => {
    const stream = key.fold("upside down").stream();
    const [good] = drawThree(stream, 100, 0);
    const [bad] = drawThree(stream, 100, 3);
    const [weight, wrong] = learnWeights([good!, good!.map((z) => -z)], [bad!, bad!.map((z) => -z)]);
    expect(weight!).toBeGreaterThan(0.5);
    expect(wrong).toBe(0);
  });

  test("join scores better than equal ones where some see nothing, and the joint stays calibrated", () => {
    const stream = key.fold("joined").stream();
    const weights = learnWeights(drawThree(stream, 150, 0), drawThree(stream, 150, 3));
    const references = drawThree(stream, 199, 0);
    const [normal, anomalous] = [drawThree(stream, 300, 0), drawThree(stream, 300, 2.5)];
    const found = (rule: Parameters<typeof jointPValues>[2]) => ({
      detections: jointPValues(references, anomalous, rule).filter((value) => value <= 0.05).length,
      falseAlarms: jointPValues(references, normal, rule).filter((value) => value <= 0.05).length,
    });
    const [learned, equal] = [found({ weights }), found("fisher")];
    expect(learned.detections).toBeGreaterThan(equal.detections + 10);
    // One calibration: its real rate is Beta(10, 190), and three standard deviations of 300 images.
    expect(learned.falseAlarms / 300).toBeLessThan(0.05 + 3 * Math.sqrt(0.05 * 0.95 * (1 / 200 + 1 / 300)));
  });

  test("of all equal weights are Fisher's sum, and refuse others", () => {
    const references = [
      [1, 2, 3],
      [3, 1, 2],
    ];
    const images = [
      [2.5, 4],
      [0, 2.5],
    ];
    expect(jointPValues(references, images, { weights: [1, 1] })).toEqual(jointPValues(references, images, "fisher"));
    expect(() => jointPValues(references, images, { weights: [1] })).toThrow("internal: ");
    expect(() => jointPValues(references, images, { weights: [1, -1] })).toThrow("internal: ");
    expect(() => learnWeights([[]], [[1]])).toThrow(ConfigError);
  });
});
