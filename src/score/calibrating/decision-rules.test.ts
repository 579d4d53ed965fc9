/** Tests of decision rules and resolution: by hand, by counting every order, and what is promised, by simulation. */
import { describe, expect, test } from "vitest";
import { ConfigError, randomKey } from "../../base/index.ts";
import { type Calibration, pValues } from "./calibration.ts";
import { decideBy, isMarked, markedAtMost } from "./decision-rules.ts";
import { mayBeAtLeast, mayBeAtMost } from "./example-trials.ts";
import { leastImagesFor, resolutionOf, steadyImagesFor } from "./resolution.ts";

const seed = "decision rules";
const key = randomKey(seed);

function calibrationOf(scores: ArrayLike<number>, infinite = 0): Calibration {
  const finite = Array.from(Float64Array.from(scores).sort());
  return { count: finite.length + infinite, scores: { made: finite }, fits: {} };
}

const nine = calibrationOf([1, 2, 3, 4, 5, 6, 7, 8, 9]);

describe("a rule and a calibration", () => {
  test("at a rate", () => {
    const decision = decideBy({ kind: "false-alarm", rate: 0.25 }, nine, "made");
    // At most one reference as high: above 8.
    expect(decision).toMatchObject({ rate: 0.25, threshold: 8, falseAlarm: 0.2 });
    const [p8, p9] = pValues(nine, "made", [8, 8.5]);
    expect(isMarked(decision, 8, p8!)).toBe(false);
    expect(isMarked(decision, 8.5, p9!)).toBe(true);
  });

  test("at a rate below what the references resolve", () => {
    const decision = decideBy({ kind: "false-alarm", rate: 0.09 }, nine, "made");
    expect(decision).toMatchObject({ threshold: undefined, falseAlarm: 0 });
    expect(isMarked(decision, Number.POSITIVE_INFINITY, 0.1)).toBe(false);
  });

  test("at a score", () => {
    const decision = decideBy({ kind: "score", above: 7 }, nine, "made");
    expect(decision).toMatchObject({ rate: undefined, threshold: 7, falseAlarm: 0.3 });
    expect(isMarked(decision, 7, 0.01)).toBe(false);
    expect(isMarked(decision, 7.01, 1)).toBe(true);
    expect(decideBy({ kind: "score", above: -3 }, calibrationOf([-3, -4]), "made").falseAlarm).toBeCloseTo(1 / 3);
    expect(decideBy({ kind: "score", above: 0 }, calibrationOf([0, -4]), "made").falseAlarm).toBeCloseTo(1 / 3);
  });

  test("at a budget, on average", () => {
    const decision = decideBy({ kind: "budget", images: 20, expected: 100 }, nine, "made");
    expect(decision).toMatchObject({ rate: 0.2, threshold: 8, falseAlarm: 0.2 });
    expect(decideBy({ kind: "budget", images: 0, expected: 100 }, nine, "made").threshold).toBeUndefined();
  });

  test.each([
    [{ kind: "false-alarm", rate: 1 }],
    [{ kind: "budget", images: 5, expected: 5 }],
    [{ kind: "budget", images: -1, expected: 5 }],
    [{ kind: "budget", images: 1, expected: 2.5 }],
    [{ kind: "budget", images: 1, expected: 5, certainty: 1 }],
    [{ kind: "score", above: Number.POSITIVE_INFINITY }],
  ] as const)("%j is refused", (rule) => expect(() => decideBy(rule, nine, "made")).toThrow(ConfigError));
});

describe("the number of marked images", () => {
  /** Every order of old and new scores, as the place of each new one. */
  function byCounting(most: number, place: number, references: number, images: number): number {
    let kept = 0;
    let all = 0;
    for (let order = 0; order < 2 ** (references + images); order++) {
      const isNew = Array.from({ length: references + images }, (_, index) => (order >> index) % 2 === 1);
      if (isNew.filter(Boolean).length !== images) continue;
      let [old, marked] = [0, 0];
      for (const fresh of isNew) {
        if (fresh) marked++;
        else if (++old === place) break;
      }
      all++;
      if (marked <= most) kept++;
    }
    return kept / all;
  }

  test.each([
    [0, 1, 4, 3],
    [1, 2, 4, 3],
    [2, 1, 3, 5],
    [3, 5, 5, 5],
    [4, 3, 4, 4],
  ])(
    "at most %d above the reference at place %d of %d, of %d new ones: as by counting",
    (most, place, references, images) =>
      expect(markedAtMost(most, { place, references, images })).toBeCloseTo(
        byCounting(most, place, references, images),
        10,
      ),
  );

  test(`a budget with a certainty is kept that often, and not much oftener (seed ${seed})`, () => {
    const rule = { kind: "budget", images: 3, expected: 100, certainty: 0.9 } as const;
    const trials = 1000;
    let kept = 0;
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold("budget").fold(trial).stream();
      const calibration = calibrationOf(Float64Array.from({ length: 200 }, () => stream.uniform()));
      const { threshold } = decideBy(rule, calibration, "made");
      const marked = Array.from({ length: 100 }, () => stream.uniform()).filter((score) => score > threshold!).length;
      if (marked <= 3) kept++;
    }
    expect(mayBeAtLeast(kept, trials, 0.9)).toBe(true);
    expect(mayBeAtMost(kept, trials, 0.97)).toBe(true);
  });
});

test(`false alarms at 1, 5 and 10 % are as often as promised, over calibrations (seed ${seed})`, () => {
  const trials = 3000;
  for (const rate of [0.01, 0.05, 0.1]) {
    let marked = 0;
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold("coverage").fold(trial).stream();
      // Skewed scores: the promise knows no distribution. One new image a calibration, so that trials are independent.
      const draw = (): number => Math.exp(2 * stream.normal());
      const calibration = calibrationOf(Float64Array.from({ length: 99 }, draw));
      const decision = decideBy({ kind: "false-alarm", rate }, calibration, "made");
      const score = draw();
      if (isMarked(decision, score, pValues(calibration, "made", [score])[0]!)) marked++;
    }
    expect(mayBeAtMost(marked, trials, rate)).toBe(true);
    expect(mayBeAtLeast(marked, trials, rate)).toBe(true);
  }
});

test(`the real rate of one calibration is within its interval 19 times in 20 (seed ${seed})`, () => {
  const { interval } = resolutionOf(299, 0.05);
  let within = 0;
  for (let trial = 0; trial < 1000; trial++) {
    const stream = key.fold("real rate").fold(trial).stream();
    const calibration = calibrationOf(Float64Array.from({ length: 299 }, () => stream.uniform()));
    // The chance that a uniform score is above a threshold.
    const real = 1 - decideBy({ kind: "false-alarm", rate: 0.05 }, calibration, "made").threshold!;
    if (interval.low <= real && real <= interval.high) within++;
  }
  expect(mayBeAtLeast(within, 1000, 0.95)).toBe(true);
  expect(mayBeAtMost(within, 1000, 0.95)).toBe(true);
});

describe("resolution", () => {
  test("99 images resolve 1 %, 98 do not", () => {
    expect(leastImagesFor(0.01)).toBe(99);
    expect(resolutionOf(99, 0.01)).toMatchObject({ least: 0.01, kept: 0.01, leastCount: 99 });
    expect(resolutionOf(98, 0.01)).toMatchObject({ kept: 0, interval: { low: 0, high: 0 } });
    expect(resolutionOf(250, 0.01).kept).toBe(2 / 251);
  });

  test("one image flagged in n has a real rate of Beta(1, n)", () => {
    const { interval } = resolutionOf(99, 0.01);
    expect(interval.low).toBeCloseTo(1 - 0.975 ** (1 / 99), 10);
    expect(interval.high).toBeCloseTo(1 - 0.025 ** (1 / 99), 10);
  });

  test("so many images keep the real rate at most twice the wished one, and one less does not", () => {
    // At k = 1, 2, 3 the fewest images are 3, 7, 11, and at least k of so many uniform numbers are below 1/2 with a chance of 0.875,
    // 1 - 8/128 = 0.9375 and 1 - 67/2048 = 0.967.
    expect(steadyImagesFor(0.25)).toBe(11);
    const needed = steadyImagesFor(0.01);
    expect(needed).toBeGreaterThan(300);
    expect(resolutionOf(needed, 0.01).interval.high).toBeLessThan(0.0225);
  });

  test.each([0, 1, Number.NaN])("rate %d is refused", (rate) => {
    expect(() => resolutionOf(10, rate)).toThrow("false-alarm rate: expected a number between 0 and 1, got");
  });
});
