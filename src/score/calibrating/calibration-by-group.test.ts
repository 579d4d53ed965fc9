/** Tests of calibrating all scores by group: no group on both sides, few groups, and honest p-values of every kind of score. */
import { describe, expect, test } from "vitest";
import { ConfigError, type RandomStream, randomKey } from "../../base/index.ts";
import { rowsOf, termsOf } from "../definitions/example-terms.ts";
import { computeScore } from "../definitions/scores.ts";
import { calibrateByGroup, leastGroupSplit } from "./calibration-by-group.ts";
import { mayBeAtMost } from "./example-trials.ts";
import { groupPValues } from "./group-calibration.ts";

const seed = "calibration by group";
const key = randomKey(seed);

/** Terms of one scale in groups of so many images, each group with a level of its own. */
function grouped(stream: RandomStream, groups: number, size: number) {
  const names: string[] = [];
  const rows = Array.from({ length: groups }, (_, group) => {
    const [logDet, prior] = [30 * stream.normal(), 30 * stream.normal()];
    return rowsOf(size, () => {
      names.push(`camera ${group}`);
      return [5000 + logDet + 10 * stream.normal(), -3000 + prior + 10 * stream.normal()];
    });
  }).flat();
  return { terms: termsOf(rows), names };
}

describe("calibrating by group", () => {
  const { terms, names } = grouped(key.fold("many").stream(), 20, 6);
  const calibration = calibrateByGroup(terms, names, key);

  test("fits on one half of the groups and refers to the other", () => {
    expect(calibration).toMatchObject({ groups: 10, images: 60 });
    expect(calibration.fits.hierarchy!.count).toBe(60);
    for (const reference of Object.values(calibration.scores)) {
      expect(reference.sizes).toEqual(new Array(10).fill(6));
    }
    expect(Object.keys(calibration.scores)).toEqual([
      "hierarchy",
      "likelihood",
      "final-scale",
      "scale-0",
      "typicality",
      "typicality-scales",
      "density-of-states",
    ]);
  });

  test("survives JSON and depends on the key alone", () => {
    expect(JSON.parse(JSON.stringify(calibration))).toEqual(calibration);
    expect(calibrateByGroup(terms, names, key)).toEqual(calibration);
    expect(calibrateByGroup(terms, names, key.fold("other"))).not.toEqual(calibration);
  });

  test("of few groups takes all as references, without what needs a fit", () => {
    const few = grouped(key.fold("few").stream(), leastGroupSplit - 1, 6);
    const made = calibrateByGroup(few.terms, few.names, key);
    expect(made).toMatchObject({ groups: leastGroupSplit - 1, images: 6 * (leastGroupSplit - 1), fits: {} });
    expect(Object.keys(made.scores)).not.toContain("hierarchy");
  });

  test("of one group or none is refused, with the way out", () => {
    const one = grouped(key.fold("one").stream(), 1, 5);
    expect(() => calibrateByGroup(one.terms, one.names, key)).toThrow(ConfigError);
    expect(() => calibrateByGroup(one.terms, one.names, key)).toThrow(
      "calibration by group: expected images of at least two groups, got one group of 5 images; calibrate without groups, or hold out more of them",
    );
    expect(() => calibrateByGroup(termsOf([]), [], key)).toThrow(ConfigError);
    expect(() => calibrateByGroup(one.terms, [], key)).toThrow("internal: ");
  });
});

test(`normal images of new groups are marked as seldom as promised, with a fitted score, too (seed ${seed})`, () => {
  const trials = 300;
  const marked = { hierarchy: 0, likelihood: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const stream = key.fold("trial").fold(trial).stream();
    const { terms, names } = grouped(stream, 20, 5);
    const calibration = calibrateByGroup(terms, names, key.fold(trial));
    const fresh = grouped(stream, 1, 1).terms;
    for (const name of ["hierarchy", "likelihood"] as const) {
      const { values } = computeScore(name, fresh, calibration);
      if (groupPValues(calibration.scores[name]!, values)[0]! <= 0.1) marked[name]++;
    }
  }
  expect(mayBeAtMost(marked.hierarchy, trials, 0.1)).toBe(true);
  expect(mayBeAtMost(marked.likelihood, trials, 0.1)).toBe(true);
  expect(marked.likelihood).toBeGreaterThan(0);
});
