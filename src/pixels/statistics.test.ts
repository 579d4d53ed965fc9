/** Numbers of an image as a whole, on images small enough to count by hand. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RawImage } from "./raw-image.ts";
import { statisticsOf } from "./statistics.ts";

function grey(rows: readonly (readonly number[])[]): RawImage {
  return {
    kind: "raw",
    pixels: Uint8Array.from(rows.flat()),
    channels: 1,
    height: rows.length,
    width: rows[0]!.length,
  };
}

test("brightness and contrast are mean and deviation", () => {
  const found = statisticsOf(
    grey([
      [10, 30],
      [10, 30],
    ]),
  );
  expect(found.brightness).toBe(20);
  expect(found.contrast).toBe(10);
  expect([found.blue, found.red]).toEqual([0, 0]);
});

test("colours of one brightness have no contrast but a spread", () => {
  // 0.299 * 230 is 0.587 * 117.2: a red and a green of nearly one luma.
  const pixels = Uint8Array.of(230, 0, 0, 117, 0, 0);
  const found = statisticsOf({ kind: "raw", pixels, channels: 3, height: 1, width: 2 });
  expect(found.contrast).toBeCloseTo((0.299 * 230 - 0.587 * 117) / 2, 4);
  expect(found.spread).toBe(115);
});

test("a ramp is as smooth as it gets, alternating lines are not smooth at all, and an even image says nothing", () => {
  const line = (value: (x: number) => number): RawImage => grey([Array.from({ length: 16 }, (_, x) => value(x))]);
  expect(statisticsOf(line((x) => 10 * x)).sharpness).toBeCloseTo(1 / 4, 6);
  // A period of two: neighbours differ by 100, and what lies four apart is equal but where the last one is brighter.
  const lines = statisticsOf(line((x) => (x === 15 ? 200 : 100 * (x % 2))));
  expect(lines.sharpness).toBeCloseTo(Math.sqrt((14 * 100 ** 2 + 200 ** 2) / 15 / (100 ** 2 / 12)), 4);
  expect(statisticsOf(line(() => 7)).sharpness).toBeNaN();
});

test("colours are differences to the luma", () => {
  const red: RawImage = { kind: "raw", pixels: Uint8Array.of(200, 100, 100), channels: 3, height: 1, width: 1 };
  const found = statisticsOf(red);
  expect(found.brightness).toBeCloseTo(129.9, 4);
  expect(found.red).toBeCloseTo(0.713 * 70.1, 3);
  expect(found.blue).toBeCloseTo(0.564 * -29.9, 3);
});

test("sharpness is the same whatever the light and the contrast", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 64, maxLength: 64 }), (pixels) => {
      const image = (change: (value: number) => number): RawImage => ({
        ...grey([[0]]),
        pixels: Uint8Array.from(pixels, change),
        height: 8,
        width: 8,
      });
      const [own, other] = [statisticsOf(image((value) => value)), statisticsOf(image((value) => 4 * value + 30))];
      if (Number.isNaN(own.sharpness)) expect(other.sharpness).toBeNaN();
      else expect(other.sharpness).toBeCloseTo(own.sharpness, 5);
    }),
    { seed: 5, numRuns: 50 },
  );
});
