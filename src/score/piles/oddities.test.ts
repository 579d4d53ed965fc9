/** What is odd beside others, by numbers that are counted by hand. */
import { expect, test } from "vitest";
import { findOddities, oddness, robustDeviations, type SetStatistics } from "./oddities.ts";

test("deviations are counted from the median in median deviations, and strays do not move them", () => {
  // Median 3, absolute deviations 2 1 0 1 997: their median is 1.
  expect(Array.from(robustDeviations([1, 2, 3, 4, 1000], 0.1))).toEqual(
    [-2, -1, 0, 1, 997].map((value) => value / 1.4826),
  );
  expect(Array.from(robustDeviations([5, 5, 5, 9], 2))).toEqual([0, 0, 0, 2]);
  expect(Array.from(robustDeviations([1, Number.NaN, 3], 1))[1]).toBeNaN();
});

/** Twenty images that are alike, and further ones that differ as they say. */
function setWith(...odd: readonly Partial<Record<keyof SetStatistics, number>>[]): SetStatistics {
  const usual = {
    brightness: 120,
    contrast: 40,
    spread: 45,
    sharpness: 0.6,
    blue: 5,
    red: -5,
    height: 100,
    width: 200,
  };
  const column = (name: keyof SetStatistics): number[] => [
    ...Array.from({ length: 20 }, () => usual[name]),
    ...odd.map((image) => image[name] ?? usual[name]),
  ];
  return {
    brightness: column("brightness"),
    contrast: column("contrast"),
    spread: column("spread"),
    sharpness: column("sharpness"),
    blue: column("blue"),
    red: column("red"),
    height: column("height"),
    width: column("width"),
  };
}

test("each oddity finds its own image and leaves the usual ones", () => {
  const set = setWith(
    { contrast: 0, spread: 0, sharpness: Number.NaN },
    { brightness: 20, contrast: 0 },
    { brightness: 240 },
    { sharpness: 0.26 },
    { height: 50, width: 100 },
    { red: 60 },
  );
  const found = Object.entries(findOddities(set)).map(([kind, images]) => [kind, images.map(({ image }) => image)]);
  expect(found).toEqual([
    ["blank", [20]],
    ["dark", [21]],
    ["bright", [22]],
    ["blurred", [23]],
    ["odd-size", [24]],
    ["odd-colour", [25]],
  ]);
});

test("the odder image comes first, with the higher score", () => {
  const { "odd-colour": found } = findOddities(setWith({ red: 40 }, { red: 80 }));
  expect(found.map(({ image }) => image)).toEqual([21, 20]);
  // 85 and 45 levels from the others, of which none differs: four levels count as a deviation.
  expect(found.map(({ score }) => score)).toEqual([85 / 4, 45 / 4]);
});

test("all numbers together: the root mean square of seven deviations, and of those that there are", () => {
  const scores = oddness(setWith({ red: 35 }, { contrast: 80, sharpness: Number.NaN }));
  expect(scores[0]).toBe(0);
  expect(scores[20]).toBeCloseTo(10 / Math.sqrt(7), 9);
  expect(scores[21]).toBeCloseTo(10 / Math.sqrt(6), 9);
});
