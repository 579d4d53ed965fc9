/** Calibration on few images: honest p-values by simulation, references of all images, groups that are left out together. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { likelyTerms } from "../definitions/example-terms.ts";
import { computeScore } from "../definitions/scores.ts";
import { type ModelTerms, selectTerms } from "../tables/terms.ts";
import { calibrate, pValues } from "./calibration.ts";
import { calibrateHeldOut, leastHalved } from "./leave-out-calibration.ts";

const key = randomKey("leave out");

/** Terms of the normal model alone. */
function normalTerms(count: number, name: string): ModelTerms {
  const { normal, dimensions } = likelyTerms(count, 2, key.fold(name).stream());
  return { normal, dimensions };
}

describe("p-values of the hierarchy score", () => {
  const [images, repeats, fresh, rate] = [19, 30, 100, 0.1];
  let [raised, raisedInside] = [0, 0];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const heldOut = normalTerms(images, `held out ${repeat}`);
    const calibration = calibrateHeldOut(heldOut, key.fold(repeat));
    const { values } = computeScore("hierarchy", normalTerms(fresh, `new ${repeat}`), calibration);
    raised += pValues(calibration, "hierarchy", values).filter((p) => p <= rate).length;
    const inside = Array.from(computeScore("hierarchy", heldOut, calibration).values).sort((a, b) => a - b);
    const wrong = { ...calibration, scores: { hierarchy: inside } };
    raisedInside += pValues(wrong, "hierarchy", values).filter((p) => p <= rate).length;
  }
  // With two of twenty places the rate of one calibration is Beta(2, 18), of which the false alarms are binomial.
  const variance = (rate * (1 - rate)) / (images + 2) + (rate * (1 - rate)) / fresh;
  const bound = 3 * Math.sqrt(variance / repeats);

  test("raise as many false alarms as they say, within three deviations of the binomial", () => {
    expect(raised / (repeats * fresh)).toBeLessThan(rate + bound);
    expect(raised / (repeats * fresh)).toBeGreaterThan(rate - 1.5 * bound);
  });

  test("would raise many more by the scores of images that the fit knows", () => {
    expect(raisedInside / (repeats * fresh)).toBeGreaterThan(rate + 2 * bound);
  });
});

test("few images are all references, and all of them fit", () => {
  const calibration = calibrateHeldOut(normalTerms(60, "few"), key);
  expect(calibration.count).toBe(60);
  expect(calibration.fits.hierarchy!.count).toBe(60);
  for (const scores of Object.values(calibration.scores)) {
    expect(scores).toHaveLength(60);
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
  }
  expect(JSON.parse(JSON.stringify(calibration))).toEqual(calibration);
  expect(calibrateHeldOut(normalTerms(60, "few"), key)).toEqual(calibration);
});

test.each([15, leastHalved])("%d images are calibrated as before", (count) => {
  const terms = normalTerms(count, "before");
  expect(calibrateHeldOut(terms, key)).toEqual(calibrate(terms, key));
});

test("an image that no model can evaluate is a reference at infinity", () => {
  const { normal, dimensions } = normalTerms(20, "infinite");
  const values = normal.values.slice();
  values[4] = Number.NaN;
  const calibration = calibrateHeldOut({ normal: { ...normal, values }, dimensions }, key);
  expect(calibration.count).toBe(20);
  expect(calibration.scores.hierarchy).toHaveLength(19);
  expect(calibration.fits.hierarchy!.count).toBe(19);
});

describe("images of one thing", () => {
  const [once, twice] = [normalTerms(16, "things"), Uint32Array.from({ length: 32 }, (_, index) => index >> 1)];
  const pairs = selectTerms(once, twice);

  test("are left out together: a twin does not make its image look usual", () => {
    const alone = calibrateHeldOut(pairs, key).scores.hierarchy!;
    const together = calibrateHeldOut(pairs, key, twice).scores.hierarchy!;
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(together)).toBeGreaterThan(1.2 * mean(alone));
    expect(together.filter((_, index) => index % 2 === 0)).toEqual(together.filter((_, index) => index % 2 === 1));
  });

  test("that leave too little to fit are calibrated by halves", () => {
    const groups = Uint32Array.from({ length: 32 }, (_, index) => (index < 26 ? 0 : index));
    expect(calibrateHeldOut(pairs, key, groups)).toEqual(calibrate(pairs, key));
  });
});
