/** Tests of doubts about a calibration: found where something is wrong, not where scores are merely skewed. */
import { describe, expect, test } from "vitest";
import { type RandomStream, randomKey } from "../../base/index.ts";
import { calibrationDoubts, describeDoubt } from "./calibration-doubts.ts";
import { mayBeAtLeast, mayBeAtMost } from "./example-trials.ts";

const seed = "calibration doubts";
const key = randomKey(seed);

const ascending = (scores: number[]): number[] => scores.sort((a, b) => a - b);
const draw = (stream: RandomStream, count: number, one: (stream: RandomStream) => number): number[] =>
  ascending(Array.from({ length: count }, () => one(stream)));
const exponential = (stream: RandomStream): number => -Math.log(1 - stream.uniform());

describe(`scores without anomalies (seed ${seed})`, () => {
  const kinds: readonly (readonly [string, (stream: RandomStream) => number])[] = [
    ["normal", (stream) => stream.normal()],
    ["exponential", exponential],
    [
      "half the squared distance of a Gaussian in four dimensions",
      (stream) => exponential(stream) + exponential(stream),
    ],
    ["log-normal", (stream) => Math.exp(stream.normal())],
    ["a power law", (stream) => Math.exp(exponential(stream) / 3)],
    ["large and far from zero", (stream) => -9000 + 40 * stream.normal()],
  ];
  test.each(kinds)("%s: one calibration in a hundred is doubted at most", (_, one) => {
    for (const count of [40, 150, 600]) {
      const trials = 200;
      let doubted = 0;
      for (let trial = 0; trial < trials; trial++) {
        const scores = draw(key.fold(count).fold(trial).stream(), count, one);
        if (calibrationDoubts({ count, scores }).length > 0) doubted++;
      }
      expect(mayBeAtMost(doubted, trials, 0.01)).toBe(true);
    }
  });
});

describe("anomalies inside", () => {
  test.each([
    [100, 1, 2000],
    [100, 3, 150],
    [100, 5, 80],
    [200, 20, 80],
    [600, 60, 80],
  ])("are found: %d images, %d of them anomalous, at %d where the others end at about 8", (count, anomalies, level) => {
    const trials = 60;
    let found = 0;
    for (let trial = 0; trial < trials; trial++) {
      const stream = key.fold("inside").fold(trial).stream();
      const normal = draw(stream, count - anomalies, (s) => exponential(s) + exponential(s));
      const others = draw(stream, anomalies, (s) => level * (1 + 0.1 * s.normal()));
      const [doubt] = calibrationDoubts({ count, scores: ascending([...normal, ...others]) });
      if (doubt?.kind === "gap" && doubt.images === anomalies) found++;
    }
    expect(mayBeAtLeast(found, trials, 0.9)).toBe(true);
  });

  test("are said with their number and where they begin", () => {
    const normal = draw(key.fold("said").stream(), 97, (s) => s.normal());
    const [doubt] = calibrationDoubts({ count: 100, scores: [...normal.map((z) => Math.min(z, 2)), 500, 520, 1000] });
    expect(doubt).toMatchObject({ kind: "gap", images: 3, above: 500 });
    expect(describeDoubt(doubt!, 100)).toBe(
      `3 of 100 calibration images score far above all others (500 and more, the others at most ${Number(Math.max(...normal.map((z) => Math.min(z, 2))).toPrecision(4))}): if they are anomalous, leave them out and calibrate again, or fewer anomalies are marked`,
    );
  });
});

test("identical scores and few values are doubted", () => {
  const equal = calibrationDoubts({ count: 50, scores: new Array<number>(50).fill(3) });
  expect(equal).toEqual([{ kind: "few-values", values: 1 }]);
  expect(describeDoubt(equal[0]!, 50)).toContain("have 1 different scores");
  const two = ascending(Array.from({ length: 50 }, (_, index) => index % 2));
  expect(calibrationDoubts({ count: 50, scores: two })).toEqual([{ kind: "few-values", values: 2 }]);
});

test("images without a finite score are doubted, one image is not", () => {
  const scores = draw(key.fold("finite").stream(), 40, (s) => s.normal());
  expect(calibrationDoubts({ count: 43, scores })).toEqual([{ kind: "not-finite", images: 3 }]);
  expect(describeDoubt({ kind: "not-finite", images: 3 }, 43)).toContain(
    "3 of 43 calibration images have no finite score",
  );
  expect(calibrationDoubts({ count: 1, scores: [7] })).toEqual([]);
  expect(calibrationDoubts({ count: 0, scores: [] })).toEqual([]);
});
