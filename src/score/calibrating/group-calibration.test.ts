/** Tests of calibration by group: by hand, and that images taken for independent witnesses break the promise where groups keep it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, type RandomStream, randomKey } from "../../base/index.ts";
import { groupMembers } from "../statistics/group-members.ts";
import { pValues } from "./calibration.ts";
import { mayBeAtLeast, mayBeAtMost } from "./example-trials.ts";
import {
  groupPValues,
  groupReference,
  groupSteps,
  groupThreshold,
  highestPerGroup,
  splitByGroup,
} from "./group-calibration.ts";

const seed = "group calibration";
const key = randomKey(seed);

describe("p-values", () => {
  const reference = groupReference([1, 2, 3, 4, 10], ["a", "a", "a", "a", "b"]);

  test("count each group once", () => {
    // At or above 3: half of a, all of b. At or above 4: a quarter of a.
    expect([...groupPValues(reference, [0, 3, 4, 4.5, 11])]).toEqual([1, 2.5 / 3, 2.25 / 3, 2 / 3, 1 / 3]);
  });

  test("of groups of one image are those of images", () => {
    const scores = [5, 1, 3, 3, Number.POSITIVE_INFINITY];
    const single = groupReference(scores, ["a", "b", "c", "d", "e"]);
    const calibration = { count: 5, scores: { made: [1, 3, 3, 5] }, fits: {} };
    const probes = [0, 1, 2, 3, 4, 5, 6, Number.POSITIVE_INFINITY];
    expect([...groupPValues(single, probes)]).toEqual([...pValues(calibration, "made", probes)]);
  });

  test("round up to whole groups with one reference a group", () => {
    // At 10 all of b counts. At 4 a quarter of a does, which counts as all of it.
    expect(groupSteps(reference)).toEqual([4, 10]);
    const images = fc.array(
      fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom(0, 1, 2, 3, 4, Number.POSITIVE_INFINITY)),
      { minLength: 1, maxLength: 25 },
    );
    fc.assert(
      fc.property(images, (list) => {
        const made = groupReference(
          list.map(([, score]) => score),
          list.map(([name]) => name),
        );
        const count = made.sizes.length;
        const flat = { count, scores: { made: groupSteps(made) }, fits: {} };
        const probes = [-1, 0, 0.5, 1, 2, 3, 3.5, 4, 5, Number.POSITIVE_INFINITY];
        const exact = [...groupPValues(made, probes)];
        const rounded = exact.map((value) => Math.ceil(value * (count + 1) - 1e-9) / (count + 1));
        expect([...pValues(flat, "made", probes)]).toEqual(rounded);
      }),
      { seed: 31 },
    );
  });

  test("and thresholds decide alike", () => {
    const groups = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 0, max: 6 })), {
      minLength: 1,
      maxLength: 25,
    });
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 99 }), (images, percent) => {
        const made = groupReference(
          images.map(([, score]) => score),
          images.map(([name]) => name),
        );
        const threshold = groupThreshold(made, percent / 100);
        const probes = Array.from({ length: 17 }, (_, index) => index / 2 - 1);
        expect(probes.map((score) => score > threshold)).toEqual(
          Array.from(groupPValues(made, probes), (value) => value <= percent / 100),
        );
      }),
      { seed: 20_061_084 },
    );
  });

  test("of thirds add up to whole groups", () => {
    const thirds = groupReference([1, 1, 1, 2, 2, 2], ["a", "a", "a", "b", "b", "b"]);
    expect([...groupPValues(thirds, [1, 1.5, 3])]).toEqual([1, 2 / 3, 1 / 3]);
  });

  test("survive JSON", () => expect(JSON.parse(JSON.stringify(reference))).toEqual(reference));

  test("refuse no images and NaN", () => {
    expect(() => groupReference([], [])).toThrow(ConfigError);
    expect(() => groupReference([Number.NaN], ["a"])).toThrow("internal: ");
    expect(() => groupPValues(reference, [Number.NaN])).toThrow("internal: ");
  });
});

describe("groups", () => {
  const names = ["a", "b", "a", "c", "b", "d", "__proto__"];

  test("are in the order of their first image", () => {
    expect(groupMembers(names).map(({ name, images }) => [name, images])).toEqual([
      ["a", [0, 2]],
      ["b", [1, 4]],
      ["c", [3]],
      ["d", [5]],
      ["__proto__", [6]],
    ]);
    expect([...highestPerGroup([3, 1, 5, 7, 2, 0, 9], names)]).toEqual([5, 2, 7, 0, 9]);
  });

  test("are never cut by a split", () => {
    for (let repeat = 0; repeat < 20; repeat++) {
      const [first, second] = splitByGroup(names, key.fold(repeat));
      expect([...first, ...second].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
      const seen = new Set(first.map((image) => names[image]));
      expect(seen.size).toBe(2);
      expect(second.some((image) => seen.has(names[image]))).toBe(false);
    }
  });
});

describe(`images of a group alike, 20 groups (seed ${seed})`, () => {
  const trials = 2000;

  /** A group's scores: its own level, four times as wide as what tells its images apart. Sizes differ. */
  function drawGroup(stream: RandomStream): number[] {
    const level = 4 * stream.normal();
    return Array.from({ length: 5 + stream.integer(30) }, () => level + stream.normal());
  }

  const rates = [0.01, 0.05, 0.1];

  /** P-values of one random image of a new group a trial, per image and per group, and of the new group as a whole. */
  const simulated = Array.from({ length: trials }, (_, trial) => {
    const stream = key.fold("trial").fold(trial).stream();
    const groups = Array.from({ length: 20 }, () => drawGroup(stream));
    const scores = groups.flat();
    const names = groups.flatMap((group, index) => group.map(() => `g${index}`));
    const fresh = drawGroup(stream);
    const image = fresh[stream.integer(fresh.length)]!;
    const conformal = (references: ArrayLike<number>, score: number): number => {
      const made = Array.from(Float64Array.from(references).sort());
      return pValues({ count: made.length, scores: { made }, fits: {} }, "made", [score])[0]!;
    };
    return {
      byImage: conformal(scores, image),
      byGroup: groupPValues(groupReference(scores, names), [image])[0]!,
      whole: conformal(highestPerGroup(scores, names), Math.max(...fresh)),
    };
  });
  const marked = (kind: "byImage" | "byGroup" | "whole", rate: number): number =>
    simulated.filter((pValue) => pValue[kind] <= rate).length;

  test("by image the promise is broken: at 1 %, half as many false alarms again and more", () => {
    expect(mayBeAtMost(marked("byImage", 0.01), trials, 0.015)).toBe(false);
    expect(mayBeAtMost(marked("byImage", 0.05), trials, 0.05)).toBe(false);
  });

  test("by group it is kept, of images and of whole groups", () => {
    for (const rate of rates) {
      expect(mayBeAtMost(marked("byGroup", rate), trials, rate)).toBe(true);
      expect(mayBeAtMost(marked("whole", rate), trials, rate)).toBe(true);
      // floor(21 rate) / 21 of new groups, none at 1 %: the promise is no looser than it must be.
      expect(mayBeAtLeast(marked("whole", rate), trials, Math.floor(21 * rate) / 21)).toBe(true);
    }
  });
});
