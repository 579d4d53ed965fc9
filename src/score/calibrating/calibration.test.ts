/** Tests of calibration: honest p-values, decisions, thresholds, few images, JSON. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, RunError, randomKey } from "../../base/index.ts";
import { likelyEverything, likelyTerms, termsOf } from "../definitions/example-terms.ts";
import { computeScore, scoreNames } from "../definitions/scores.ts";
import { scoreSources } from "../tables/sources.ts";
import {
  type Calibration,
  calibrate,
  checkCalibrated,
  decide,
  leastCalibrationSplit,
  pValues,
  scoreThreshold,
  smallestFalseAlarm,
} from "./calibration.ts";

const key = randomKey("calibration");

/** Fixed, so that a failure can be repeated; fast-check prints it. */
const seed = 20_061_084;

/** A calibration of one score; references of +Infinity are the ones missing from the list. */
function calibrationOf(scores: number[], infinite = 0): Calibration {
  return { count: scores.length + infinite, scores: { made: scores.sort((a, b) => a - b) }, fits: {} };
}

describe("calibrating", () => {
  const terms = likelyTerms(101, 2, key.fold("terms").stream());
  const calibration = calibrate(terms, key);

  test("has sorted references of every score from the half that fitted nothing", () => {
    expect(calibration.count).toBe(51);
    expect(Object.keys(calibration.scores)).toEqual(scoreNames(2, ["general"]).slice(1));
    expect(Object.keys(calibration.fits)).toEqual([
      "hierarchy",
      "hierarchy-normal",
      "typicality",
      "typicality-scales",
      "density-of-states",
    ]);
    expect(calibration.fits.hierarchy!.count).toBe(50);
    for (const references of Object.values(calibration.scores)) {
      expect(references).toHaveLength(51);
      expect(references).toEqual([...references].sort((a, b) => a - b));
    }
  });

  test("depends on the key alone", () => {
    expect(calibrate(terms, key)).toEqual(calibration);
    expect(calibrate(terms, key.fold("other"))).not.toEqual(calibration);
  });

  test("survives JSON, infinite references included", () => {
    const broken = termsOf([...Array.from({ length: 9 }, (_, index) => [index, index]), [Number.NaN, 0]]);
    const made = calibrate(broken, key);
    expect(made.scores.likelihood).toHaveLength(9);
    expect(made.count).toBe(10);
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
    expect(JSON.parse(JSON.stringify(calibration))).toEqual(calibration);
  });

  test("few images are all references, without hierarchy scores", () => {
    const few = calibrate(likelyTerms(leastCalibrationSplit - 1, 1, key.stream()), key);
    expect(few.count).toBe(leastCalibrationSplit - 1);
    expect(few.fits).toEqual({});
    expect(Object.keys(few.scores)).not.toContain("hierarchy");
    expect(() => pValues(few, "hierarchy", [0])).toThrow(ConfigError);
  });

  test("the fewest images that are split have a hierarchy score", () => {
    const split = calibrate(likelyTerms(leastCalibrationSplit, 1, key.stream()), key);
    expect(split.count).toBe(leastCalibrationSplit / 2);
    expect(Object.keys(split.scores)).toContain("hierarchy");
  });

  test("no images are refused", () => expect(() => calibrate(termsOf([]), key)).toThrow(RunError));
});

describe("scores of other sources", () => {
  const terms = likelyEverything(60, 2, key.fold("everything").stream());
  const calibration = calibrate(terms, key);

  test("are calibrated on the same halves, and survive JSON", () => {
    expect(Object.keys(calibration.scores)).toEqual(scoreNames(2, scoreSources).slice(1));
    for (const references of Object.values(calibration.scores)) expect(references).toHaveLength(30);
    expect(JSON.parse(JSON.stringify(calibration))).toEqual(calibration);
  });

  test("change nothing about the scores of the two models", () => {
    const { normal, general, dimensions } = terms;
    const plain = calibrate({ normal, general: general!, dimensions }, key);
    expect(calibration.fits).toMatchObject(plain.fits);
    expect(Object.keys(calibration.fits)).toEqual([
      ...Object.keys(plain.fits),
      "complexity",
      "whitening",
      "whitening-likelihood",
      "latent-fit",
      "gradient-layers",
      "gradient-fisher",
    ]);
    expect(calibration.scores).toMatchObject(plain.scores);
  });

  test("that were not calibrated are refused by name", () => {
    const { normal, dimensions } = terms;
    const old = calibrate({ normal, dimensions }, key);
    expect(() => checkCalibrated(calibration, "ratio-png")).not.toThrow();
    expect(() => checkCalibrated(old, "ratio-png")).toThrow(ConfigError);
    expect(() => checkCalibrated(old, "ratio-png")).toThrow(
      "score ratio-png: expected one of the calibrated scores hierarchy, likelihood, final-scale, scale-0, scale-1, typicality, typicality-scales, density-of-states, got another; calibrate with this version of outglow",
    );
    expect(() => pValues(old, "ratio-png", [1])).toThrow(ConfigError);
  });
});

describe("p-values", () => {
  test("count the references at or above a score, and the image itself", () => {
    const calibration = calibrationOf([1, 2, 2, 3]);
    expect([...pValues(calibration, "made", [0, 1, 1.5, 2, 3, 4])]).toEqual([1, 1, 0.8, 0.8, 0.4, 0.2]);
  });

  test("infinite references are at or above every score", () => {
    const calibration = calibrationOf([1, 2], 2);
    expect([...pValues(calibration, "made", [0, 5, Number.POSITIVE_INFINITY])]).toEqual([1, 0.6, 0.6]);
  });

  test("refuse NaN and unknown scores", () => {
    expect(() => pValues(calibrationOf([1]), "made", [Number.NaN])).toThrow("internal: ");
    expect(() => pValues(calibrationOf([1]), "toString", [1])).toThrow(ConfigError);
  });

  describe.each([1, 2])("of new normal images are uniform, %d scales", (scales) => {
    const calibration = calibrate(likelyEverything(4000, scales, key.fold("references").stream()), key);
    const fresh = likelyEverything(4000, scales, key.fold("fresh").stream());

    test.each([
      "hierarchy",
      "hierarchy-normal",
      "ratio",
      "likelihood",
      "ratio-local",
      "class-ratio",
      "class-likelihood",
      "msp",
      "ratio-png",
      "typicality",
      "density-of-states",
      "complexity",
    ])("%s", (name) => {
      const p = pValues(calibration, name, computeScore(name, fresh, calibration).values).sort();
      const distance = Math.max(...p.map((value, index) => Math.abs(value - (index + 0.5) / p.length)));
      // Kolmogorov-Smirnov for 4,000 against 2,000 references: 1.95 sqrt(1/4000 + 1/2000) is exceeded once in a thousand times.
      expect(distance).toBeLessThan(0.053);
    });

    test("a score with ties, such as a file size, has p-values that are not too small", () => {
      const p = pValues(calibration, "png", computeScore("png", fresh).values);
      for (const rate of [0.01, 0.05, 0.2, 0.5]) {
        const flagged = p.filter((value) => decide(value, rate)).length / p.length;
        // Three standard deviations of the share among 4,000, given a threshold that 2,000 references set.
        expect(flagged).toBeLessThan(rate + 3 * Math.sqrt(rate * (1 - rate) * (1 / 4000 + 1 / 2000)));
      }
    });
  });

  test("are valid even where the fit rests on fewer images than features", () => {
    // Averaged over many small calibrations, a share of at most 1/9 of normal images may have the smallest p-value.
    let flagged = 0;
    const trials = 400;
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold("small").fold(trial).stream();
      const calibration = calibrate(likelyTerms(16, 3, stream), key.fold(trial));
      const scores = computeScore("hierarchy", likelyTerms(1, 3, stream), calibration).values;
      if (pValues(calibration, "hierarchy", scores)[0]! <= smallestFalseAlarm(calibration.count)) flagged++;
    }
    // Three binomial standard deviations around 1/9.
    expect(Math.abs(flagged / trials - 1 / 9)).toBeLessThan(3 * Math.sqrt(8 / 81 / trials));
  });
});

describe("decisions", () => {
  test.each([
    [0.01, 0.01, true],
    [0.011, 0.01, false],
    [0.2, 0.5, true],
  ])("p-value %d at rate %d: %s", (pValue, rate, expected) => expect(decide(pValue, rate)).toBe(expected));

  test.each([0, 1, -0.1, 2, Number.NaN])("rate %d is refused", (rate) => {
    expect(() => decide(0.5, rate)).toThrow(ConfigError);
    expect(() => decide(0.5, rate)).toThrow("false-alarm rate: expected a number between 0 and 1, got");
  });

  test("the smallest rate is one image in n + 1", () => expect(smallestFalseAlarm(99)).toBe(0.01));

  test("a threshold decides like p-values do", () => {
    const reference = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 30 });
    const rate = fc.oneof(
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 99 }).map((percent) => percent / 100),
    );
    const probes = [
      Number.NEGATIVE_INFINITY,
      -1,
      ...Array.from({ length: 27 }, (_, i) => i / 2),
      Number.POSITIVE_INFINITY,
    ];
    fc.assert(
      fc.property(reference, fc.nat(5), rate, (scores, infinite, falseAlarm) => {
        const calibration = calibrationOf(scores, infinite);
        const threshold = scoreThreshold(calibration, "made", falseAlarm);
        const byPValue = Array.from(pValues(calibration, "made", probes), (p) => decide(p, falseAlarm));
        // An infinite score is flagged by its p-value where no threshold can say so: see scoreThreshold.
        if (threshold !== Number.POSITIVE_INFINITY) expect(probes.map((score) => score > threshold)).toEqual(byPValue);
        else expect(byPValue).toEqual(probes.map(() => false));
      }),
      { seed },
    );
  });

  test("a rate that the references cannot resolve has an infinite threshold", () => {
    expect(scoreThreshold(calibrationOf([1, 2, 3]), "made", 0.2)).toBe(Number.POSITIVE_INFINITY);
    expect(scoreThreshold(calibrationOf([1, 2, 3]), "made", 0.25)).toBe(3);
  });
});
