/** How the maps of an image's levels become one, worked by hand. */
import { expect, test } from "vitest";
import { joinLevels } from "./scoring.ts";

const cell = (value: number) => ({ rows: 1, columns: 1, values: Float32Array.of(value) });

test("levels are standardised, and count by their sides", () => {
  const maps = [
    { level: 128, map: cell(7) },
    { level: 64, map: cell(6) },
  ];
  const moments = [
    { level: 128, mean: 1, deviation: 2 },
    { level: 64, mean: 6, deviation: 0.5 },
  ];
  // (128 * 3 + 64 * 0) / 192
  const { map, levels } = joinLevels(maps, moments);
  expect([...map.values]).toEqual([2]);
  expect(levels.map((one) => one.map.values[0])).toEqual([3, 0]);
});

test("a level that was never calibrated is left out", () => {
  const maps = [
    { level: 256, map: cell(100) },
    { level: 64, map: cell(7) },
  ];
  const { map, levels } = joinLevels(maps, [{ level: 64, mean: 6, deviation: 0.5 }]);
  expect([...map.values]).toEqual([2]);
  expect(levels).toHaveLength(1);
});
