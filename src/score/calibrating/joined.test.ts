/** The joined score inside a calibration: it is valid whatever was chosen, hears who sees something, and goes over to other normal images. */
import { describe, expect, test } from "vitest";
import { type RandomStream, randomKey } from "../../base/index.ts";
import { choiceIn } from "../definitions/fits.ts";
import {
  computableScoreNames,
  computeScore,
  defaultScoreName,
  sourcesNeeded,
  spokesmenOf,
} from "../definitions/scores.ts";
import { auroc } from "../judging/metrics.ts";
import { shareInterval } from "../statistics/special-functions.ts";
import type { PixelTable } from "../tables/pixel-table.ts";
import { makeTermTable } from "../tables/term-table.ts";
import { type ModelTerms, selectTerms } from "../tables/terms.ts";
import { calibrate, halvesOf, pValues, withJoined } from "./calibration.ts";
import { calibrateByGroup } from "./calibration-by-group.ts";
import { type ExpertTrials, leastJoinedImages } from "./joined.ts";
import { calibrateHeldOut } from "./leave-out-calibration.ts";

const key = randomKey("joined");

/** Terms of two scales under two models, faults at places beside them; `strange` raises what the general model knows better, `faulty` the places. */
function drawTerms(count: number, stream: RandomStream, { strange = 0, faulty = 0 } = {}): ModelTerms {
  const rows = Array.from({ length: count }, () => {
    const detail = 300 * stream.normal();
    return Array.from({ length: 4 }, () => 1000 + detail + 20 * stream.normal());
  });
  const table = (values: readonly (readonly number[])[]) => makeTermTable(count, 2, Float32Array.from(values.flat()));
  return {
    normal: table(rows),
    general: table(rows.map((row) => row.map((value) => value - 50 + 10 * (strange + stream.normal())))),
    faults: { scores: Float64Array.from({ length: count }, () => 3 + 0.5 * (stream.normal() + faulty)) },
    dimensions: 64,
  };
}

/** Two kinds of faults and one of strangers, drawn on the images that fit. */
function drawTrials(fitting: number, stream: RandomStream, each = 24): ExpertTrials {
  const table = drawTerms(3 * each, stream);
  const [strange, faulty] = [drawTerms(each, stream, { strange: 3 }), drawTerms(2 * each, stream, { faulty: 3 })];
  const kinds = Array.from({ length: 3 * each }, (_, index) =>
    index < each
      ? { kind: "stranger", family: "stranger" }
      : { kind: index < 2 * each ? "scar" : "warp", family: "fault" },
  );
  const joined = (take: (terms: ModelTerms) => ArrayLike<number>) => [
    ...Array.from(take(strange)),
    ...Array.from(take(faulty)),
  ];
  return {
    terms: {
      ...table,
      normal: makeTermTable(3 * each, 2, Float32Array.from(joined(({ normal }) => normal.values))),
      general: makeTermTable(3 * each, 2, Float32Array.from(joined(({ general }) => general!.values))),
      faults: { scores: Float64Array.from(joined(({ faults }) => faults!.scores)) },
    },
    kinds,
    bases: kinds.map((_, index) => index % fitting),
  };
}

function joinedCalibration(heldOut: ModelTerms, stream: RandomStream, own = key) {
  const { fitting, referring } = halvesOf(heldOut.normal.count, own);
  const halves = { fitting: selectTerms(heldOut, fitting), referring: selectTerms(heldOut, referring) };
  return withJoined(calibrate(heldOut, own), halves, drawTrials(fitting.length, stream));
}

describe("a joined calibration", () => {
  const stream = key.fold("one").stream();
  const heldOut = drawTerms(160, stream);
  const calibration = joinedCalibration(heldOut, stream);
  const scores = (terms: ModelTerms, name = "joined") => computeScore(name, terms, calibration).values;

  test("leaves every other score as it was", () => {
    const { fits, scores: references, counts, ...rest } = calibration;
    const plain = calibrate(heldOut, key);
    const { joined: _, ...others } = references;
    const { joined: choice, ...otherFits } = fits;
    expect({ ...rest, scores: others, fits: otherFits }).toEqual(plain);
    expect(counts).toEqual({ joined: 80 });
    expect(choiceIn(choice)).toMatchObject({ count: 80, trials: 72 });
    expect(JSON.parse(JSON.stringify(calibration))).toEqual(calibration);
  });

  test("sees strangers and faults nearly as well as who is best at either, and is the default", () => {
    const normal = drawTerms(300, stream);
    for (const [raised, best] of [
      [{ strange: 3 }, "ratio"],
      [{ faulty: 3 }, "faults"],
    ] as const) {
      const anomalous = drawTerms(300, stream, raised);
      const areaOf = (name: string) => auroc({ normal: scores(normal, name), anomalous: scores(anomalous, name) });
      expect(areaOf("joined")).toBeGreaterThan(areaOf(best) - 0.02);
      const worst = Math.min(...["ratio", "faults", "hierarchy"].map(areaOf));
      expect(areaOf("joined")).toBeGreaterThan(worst + 0.1);
    }
    expect(defaultScoreName(["general", "faults"], calibration)).toBe("joined");
  });

  test("says who spoke", () => {
    const most = (raised: object) => {
      const names = spokesmenOf("joined", drawTerms(200, stream, raised), calibration)!;
      return names.filter((name) => name === "faults").length / names.length;
    };
    expect(most({ faulty: 6 })).toBeGreaterThan(0.9);
    expect(most({ strange: 6 })).toBeLessThan(0.1);
    expect(spokesmenOf("ratio", heldOut, calibration)).toBeUndefined();
  });

  test("is not there without what its experts need", () => {
    expect(sourcesNeeded("joined", 2, ["general", "faults"], calibration)).toEqual(
      expect.arrayContaining(["faults", "general"]),
    );
    const { faults: _, ...flows } = heldOut;
    expect(computableScoreNames(heldOut, calibration)).toContain("joined");
    expect(computableScoreNames(flows, calibration)).not.toContain("joined");
    expect(computableScoreNames(flows, calibration)).toContain("ratio");
  });

  test("goes over to other normal images, whole or by group: the same are heard, references are new", () => {
    const brighter = drawTerms(120, stream, { strange: 1, faulty: 2 });
    const groups = Array.from({ length: 120 }, (_, image) => `tray ${Math.floor(image / 4)}`);
    for (const again of [calibrate(brighter, key, calibration), calibrateByGroup(brighter, groups, key, calibration)]) {
      const [before, after] = [calibration, again].map(({ fits }) => choiceIn(fits.joined));
      expect(after!.experts.map(({ heard }) => heard)).toEqual(before!.experts.map(({ heard }) => heard));
      expect(after!.experts[0]!.marginal).not.toEqual(before!.experts[0]!.marginal);
    }
    const again = calibrate(brighter, key, calibration);
    const [normal, other] = [drawTerms(400, stream, { strange: 1, faulty: 2 }), drawTerms(400, stream)];
    const alarms = (terms: ModelTerms, by = again) =>
      pValues(by, "joined", computeScore("joined", terms, by).values).filter((p) => p <= 0.1).length / 400;
    expect(alarms(normal)).toBeLessThan(0.2);
    expect(alarms(normal, calibration)).toBeGreaterThan(0.3);
    expect(alarms(other)).toBeLessThan(0.2);
    const few = calibrate(drawTerms(10, stream), key, calibration);
    expect(few.fits).toEqual(calibration.fits);
    expect(few.scores.joined).toHaveLength(10);
    expect(calibrate(drawTerms(24, stream), key, calibration).scores.joined).toHaveLength(12);
  });
});

/** Noise of 8x8, and what a blur along the rows leaves of it. */
function drawPixels(count: number, stream: RandomStream, blurred: boolean): PixelTable {
  const noise = Float64Array.from({ length: 64 * count + 2 }, () => 128 + 20 * stream.normal());
  const value = (_: unknown, index: number): number =>
    blurred ? (noise[index]! + noise[index + 1]! + noise[index + 2]!) / 3 : noise[index]!;
  return { shape: { channels: 1, height: 8, width: 8 }, values: Uint8Array.from({ length: 64 * count }, value) };
}

test.each([
  ["blurred", true],
  ["as normal ones are", false],
])("who is measured on demand is kept only where trials speak for it: %s", (_, blurred) => {
  const stream = key.fold("pixels").stream();
  const heldOut = { ...drawTerms(160, stream), pixels: drawPixels(160, stream, false) };
  const { fitting, referring } = halvesOf(160, key);
  const halves = { fitting: selectTerms(heldOut, fitting), referring: selectTerms(heldOut, referring) };
  const drawn = drawTrials(fitting.length, stream);
  const pixels = drawPixels(drawn.kinds.length, stream, blurred);
  const trials = { ...drawn, terms: { ...(blurred ? drawTerms(72, stream) : drawn.terms), pixels } };
  const calibration = withJoined(calibrate(heldOut, key), halves, trials);
  const names = choiceIn(calibration.fits.joined).experts.map(({ name }) => name);
  expect(names.includes("whitening")).toBe(blurred);
  expect(names).toContain("hierarchy");
  expect(sourcesNeeded("joined", 2, ["general", "faults", "pixels"], calibration).includes("pixels")).toBe(blurred);
  const again = { ...drawTerms(60, stream), ...(blurred && { pixels: drawPixels(60, stream, false) }) };
  expect(calibrate(again, key, calibration).scores.joined).toHaveLength(30);
});

test("too few images join nothing", () => {
  const stream = key.fold("few").stream();
  const heldOut = drawTerms(2 * leastJoinedImages - 2, stream);
  expect(joinedCalibration(heldOut, stream)).toEqual(calibrate(heldOut, key));
  expect(joinedCalibration(drawTerms(2 * leastJoinedImages, stream), stream).scores.joined).toHaveLength(20);
});

/** All images fit and are references. */
function leftOutCalibration(heldOut: ModelTerms, stream: RandomStream, own = key) {
  return withJoined(calibrateHeldOut(heldOut, own), { fitting: heldOut }, drawTrials(heldOut.normal.count, stream));
}

test("only those that are asked for are compared, on images that the others never saw", () => {
  const stream = key.fold("among").stream();
  const heldOut = drawTerms(60, stream);
  const features = { scores: Float64Array.from({ length: 60 }, () => stream.normal()) };
  const trials = drawTrials(60, stream);
  const tried = { scores: Float64Array.from(trials.kinds, () => 2 + stream.normal()) };
  const joined = withJoined(
    calibrate(heldOut, key),
    { fitting: { ...heldOut, encoder: features } },
    { ...trials, terms: { ...trials.terms, encoder: tried } },
    ({ needs }) => needs.includes("faults") || needs.includes("encoder"),
  );
  expect(choiceIn(joined.fits.joined).experts.map(({ name }) => name)).toEqual(["faults", "encoder"]);
  expect(joined.scores.joined).toHaveLength(60);
});

test("few images are all references, each left out of what it is measured by", () => {
  const stream = key.fold("left out").stream();
  const heldOut = drawTerms(60, stream);
  const calibration = leftOutCalibration(heldOut, stream);
  expect([calibration.count, calibration.counts]).toEqual([60, { joined: 60 }]);
  const known = computeScore("joined", heldOut, calibration).values;
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(calibration.scores.joined!)).toBeGreaterThan(mean(known) - 1e-9);
});

/** By halves the choice rests on the half that fits, so what was chosen cannot bend the p-values; left out, it has seen the references. */
test.each([
  ["halves", joinedCalibration, 78],
  ["leaving out", leftOutCalibration, 39],
])(
  "its p-values raise no more false alarms than they say, over calibrations, choices and images: %s",
  (name, make, count) => {
    const [repeats, images] = [40, 20];
    const rates = [0.05, 0.1, 0.3];
    const alarms = rates.map(() => 0);
    for (let repeat = 0; repeat < repeats; repeat++) {
      const own = key.fold("coverage").fold(repeat);
      const stream = own.stream();
      const calibration = make(drawTerms(count, stream), stream, own);
      const fresh = computeScore("joined", drawTerms(images, stream), calibration).values;
      for (const p of pValues(calibration, "joined", fresh)) {
        for (const [index, rate] of rates.entries()) if (p <= rate) alarms[index]!++;
      }
    }
    for (const [index, rate] of rates.entries()) {
      // 39 references: p-values are multiples of 1/40, which all rates are, so the rate itself is expected. Images of one calibration share its
      // references, which spreads their number more than independent ones by at most this.
      const { low, high } = shareInterval(alarms[index]!, repeats * images, 0.999);
      const spread = 3.3 * Math.sqrt((rate * (1 - rate)) / 40 / repeats);
      expect(low - spread).toBeLessThan(rate);
      if (name === "halves") expect(high + spread).toBeGreaterThan(rate);
      else expect(alarms[index]! / repeats / images).toBeGreaterThan(rate / 3);
    }
  },
);
