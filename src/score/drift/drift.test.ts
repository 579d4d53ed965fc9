/** Tests of drift: Kolmogorov and Smirnov's test against SciPy and by counting, the martingale's promise and its power. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, type RandomStream, randomKey } from "../../base/index.ts";
import { mayBeAtLeast, mayBeAtMost } from "../calibrating/example-trials.ts";
import { compareSamples } from "../statistics/two-sample.ts";
import {
  advanceMartingale,
  capitalOf,
  driftDirection,
  leastDriftReferences,
  startMartingale,
} from "./drift-martingale.ts";
import { advanceWatch, compareWindow, driftFindings, scaleContent, startWatch } from "./drift-watch.ts";

const seed = "drift";
const key = randomKey(seed);

describe("two samples", () => {
  const five = [-0.012405, 0.839727, -1.643797, -2.10998, 0.259299];
  const seven = [0.044386, -0.245803, 0.038535, -0.860516, -1.513494, -0.166655, -0.971709];
  const ten = [
    -1.643481, 0.505681, -0.061399, 0.406529, -0.989295, -0.658059, -0.999043, -0.886642, 0.195408, -0.782975,
  ];
  const twelve = [
    1.156066, 1.139756, 2.825161, -0.592789, 1.687902, 0.710512, 0.78597, -0.649864, 0.339806, 1.543197, 0.717522,
    0.881054,
  ];

  // SciPy 1.17's ks_2samp with method="exact".
  test.each([
    [five, seven, 0.4, 0.6388888888888888],
    [ten, twelve, 0.75, 0.0013577753515834014],
  ])("as SciPy has it, %#", (a, b, distance, pValue) => {
    const found = compareSamples(a, b);
    expect(found.distance).toBeCloseTo(distance, 12);
    expect(found.pValue).toBeCloseTo(pValue, 12);
    expect(found.method).toBe("exact");
  });

  /** The share of all ways to choose the first sample's members among the pooled values whose distance is as large. */
  function byCounting(a: readonly number[], b: readonly number[]): number {
    const pooled = [...a, ...b];
    const distanceOf = (isFirst: (index: number) => boolean): number =>
      Math.max(
        ...pooled.map((at) => {
          const below = pooled.map(
            (value, index) => (value <= at ? (isFirst(index) ? b.length : -a.length) : 0) as number,
          );
          return Math.abs(below.reduce((sum, step) => sum + step, 0));
        }),
      );
    const own = distanceOf((index) => index < a.length);
    let [as, all] = [0, 0];
    for (let choice = 0; choice < 2 ** pooled.length; choice++) {
      const isFirst = (index: number): boolean => (choice >> index) % 2 === 1;
      if (pooled.filter((_, index) => isFirst(index)).length !== a.length) continue;
      all++;
      if (distanceOf(isFirst) >= own) as++;
    }
    return as / all;
  }

  test("ties are counted exactly", () => {
    const values = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(compareSamples(a, b).pValue).toBeCloseTo(byCounting(a, b), 10);
      }),
      { seed: 20_061_084, numRuns: 60 },
    );
  });

  test("say where they differ most and which way", () => {
    expect(compareSamples([1, 2, 3, 9], [4, 5, 6, 7])).toMatchObject({ at: 3, signedDistance: 0.75, distance: 0.75 });
    expect(compareSamples([4, 5, 6, 7], [1, 2, 3, 9])).toMatchObject({ at: 3, signedDistance: -0.75 });
  });

  test("infinite scores are as good as others, equal samples are equal", () => {
    expect(compareSamples([1, Number.POSITIVE_INFINITY], [1, Number.POSITIVE_INFINITY])).toMatchObject({
      distance: 0,
      pValue: 1,
    });
  });

  test("many values are compared by the limit, which is near the exact value", () => {
    const stream = key.fold("limit").stream();
    const [a, b] = [300, 200].map((count, shift) => Array.from({ length: count }, () => stream.normal() + 0.1 * shift));
    const [exact, limit] = [compareSamples(a!, b!), compareSamples(a!, b!, 1000)];
    expect(limit.method).toBe("asymptotic");
    expect(limit.pValue).toBeGreaterThan(exact.pValue * 0.95);
    expect(limit.pValue).toBeLessThan(exact.pValue * 1.25);
  });

  test(`of one distribution have p-values as small as they say, no oftener (seed ${seed})`, () => {
    const trials = 1000;
    const found = Array.from({ length: trials }, (_, trial) => {
      const stream = key.fold("null").fold(trial).stream();
      const draw = (count: number): number[] => Array.from({ length: count }, () => stream.integer(12));
      return compareSamples(draw(20), draw(50)).pValue;
    });
    for (const rate of [0.01, 0.05, 0.2]) {
      expect(mayBeAtMost(found.filter((value) => value <= rate).length, trials, rate)).toBe(true);
    }
    expect(found.filter((value) => value <= 0.2).length).toBeGreaterThan(50);
  });

  test("an empty sample is refused", () => expect(() => compareSamples([], [1])).toThrow(ConfigError));
});

const references = (stream: RandomStream, count = 100): number[] =>
  Array.from({ length: count }, () => stream.normal());

describe("the martingale", () => {
  test(`ever reaches 10 and 20 in at most one of 10 and of 20 streams without drift (seed ${seed})`, () => {
    const trials = 1000;
    let [ten, twenty] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold("quiet").fold(trial).stream();
      const start = startMartingale(references(stream, 40), key.fold(trial));
      const { highest } = advanceMartingale(start, references(stream, 200), key.fold(trial));
      if (highest >= 10) ten++;
      if (highest >= 20) twenty++;
    }
    expect(mayBeAtMost(ten, trials, 0.1)).toBe(true);
    expect(mayBeAtMost(twenty, trials, 0.05)).toBe(true);
  });

  test("its capital is 1 on average: it is a martingale, and no looser", () => {
    // Of one step over a grid of p, exactly: every bet pays 1 on average.
    let sum = 0;
    const trials = 4000;
    let squares = 0;
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold("mean").fold(trial).stream();
      const capital = capitalOf(
        advanceMartingale(
          startMartingale(references(stream, 20), key.fold(trial)),
          references(stream, 12),
          key.fold(trial),
        ),
      );
      sum += capital;
      squares += capital ** 2;
    }
    const mean = sum / trials;
    const error = Math.sqrt((squares / trials - mean ** 2) / trials);
    expect(Math.abs(mean - 1)).toBeLessThan(3.3 * error);
    expect(error).toBeLessThan(0.02);
  });

  test.each<["higher" | "lower" | "wider" | "narrower", (z: number) => number]>([
    ["higher", (z) => z + 1.5],
    ["lower", (z) => z - 1.5],
    ["wider", (z) => 3 * z],
    ["narrower", (z) => z / 4],
  ])("finds scores that become %s after 500 quiet ones, and says so", (direction, shift) => {
    const stream = key.fold(direction).stream();
    const quiet = advanceMartingale(startMartingale(references(stream, 400), key), references(stream, 500), key);
    expect(quiet.highest).toBeLessThan(20);
    const after = advanceMartingale(quiet, references(stream, 150).map(shift), key);
    expect(after.highest).toBeGreaterThan(1000);
    expect(driftDirection(after)).toBe(direction);
  });

  test("a shift is found in nearly every stream", () => {
    const trials = 60;
    let found = 0;
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold("shifted").fold(trial).stream();
      const start = startMartingale(references(stream), key);
      const state = advanceMartingale(start, [...references(stream), ...references(stream).map((z) => z + 1.5)], key);
      if (state.highest >= 100) found++;
    }
    expect(mayBeAtLeast(found, trials, 0.9)).toBe(true);
  });

  test("goes on after a stop through JSON as if it had not stopped", () => {
    const stream = key.fold("restart").stream();
    const start = startMartingale(references(stream), key);
    const scores = references(stream, 60);
    const whole = advanceMartingale(start, scores, key);
    const half = JSON.parse(JSON.stringify(advanceMartingale(start, scores.slice(0, 23), key)));
    expect(advanceMartingale(half, scores.slice(23), key)).toEqual(whole);
    expect(start.steps).toBe(0);
  });

  test("takes equal, few distinct and infinite scores without growing", () => {
    for (const make of [() => 7, (stream: RandomStream) => stream.integer(2), () => Number.POSITIVE_INFINITY]) {
      const stream = key.fold("ties").stream();
      const draw = (count: number): number[] => Array.from({ length: count }, () => make(stream));
      const { highest } = advanceMartingale(startMartingale(draw(50), key), draw(300), key);
      expect(highest).toBeLessThan(20);
    }
  });

  test("stops betting before it overflows", () => {
    const stream = key.fold("overflow").stream();
    const start = startMartingale(references(stream, 400), key);
    const { highest } = advanceMartingale(start, new Array<number>(5000).fill(50), key);
    expect(highest).toBeGreaterThan(1e6);
    expect(highest).toBeLessThan(1e16);
  });

  test("needs calibration images, and numbers", () => {
    expect(() => startMartingale(new Array(leastDriftReferences - 1).fill(0), key)).toThrow(ConfigError);
    expect(() => startMartingale(new Array(leastDriftReferences).fill(Number.NaN), key)).toThrow("internal: ");
    const start = startMartingale(new Array(leastDriftReferences).fill(0), key);
    expect(() => advanceMartingale(start, [Number.NaN], key)).toThrow("internal: ");
  });
});

describe("a watch over several columns", () => {
  const columns = (count: number, label: string, shift = 0) => {
    const stream = key.fold(label).stream();
    return {
      fine: references(stream, count),
      coarse: references(stream, count).map((z) => z + shift),
      brightness: references(stream, count),
    };
  };

  test("says what drifted", () => {
    let watch = startWatch(columns(200, "start"), key);
    watch = advanceWatch(watch, columns(200, "quiet"), key);
    expect(driftFindings(watch, 0.01).some(({ drifted }) => drifted)).toBe(false);
    watch = advanceWatch(watch, columns(200, "moved", 1), key);
    const [first, ...others] = driftFindings(watch, 0.01);
    expect(first).toMatchObject({ column: "coarse", drifted: true, threshold: 300, direction: "higher" });
    expect(others.some(({ drifted }) => drifted)).toBe(false);
    expect(JSON.parse(JSON.stringify(watch))).toEqual(watch);
  });

  test("looks at a window once, column by column", () => {
    const found = compareWindow(columns(200, "start"), columns(60, "window", 1));
    expect(found.coarse!.pValue).toBeLessThan(1e-4);
    expect(found.fine!.pValue).toBeGreaterThan(0.05);
    expect(found.coarse!.signedDistance).toBeLessThan(0);
  });

  test("refuses other columns and rates", () => {
    const watch = startWatch({ fine: new Array(20).fill(0) }, key);
    expect(() => advanceWatch(watch, { coarse: [1] }, key)).toThrow("internal: ");
    expect(() => driftFindings(watch, 0)).toThrow(ConfigError);
  });

  test("names what a scale is about", () => {
    expect([0, 1, 2].map((scale) => scaleContent(scale, 3))).toEqual([
      "fine texture",
      "shapes of middle size",
      "coarse content",
    ]);
    expect(scaleContent(0, 1)).toBe("the image as a whole");
  });
});
