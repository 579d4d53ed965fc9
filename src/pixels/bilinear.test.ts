/** Tests of bilinear enlargement against values computed by hand from PyTorch's definition. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertySeed } from "../data/example-files.ts";
import { enlargeBilinear } from "./bilinear.ts";
import type { RawImage } from "./raw-image.ts";

function image(height: number, width: number, level: (y: number, x: number) => number): RawImage {
  const pixels = Uint8Array.from({ length: height * width }, (_, i) => level(Math.floor(i / width), i % width));
  return { kind: "raw", pixels, channels: 1, height, width };
}

describe("28x28 to 32x32, as the paper does it with MNIST", () => {
  // Output x lies at 0.875 (x + 0.5) - 0.5 of the input: 0 (clamped), 0.8125, 1.6875, 2.5625, ..., 26.1875, 27.0625 (clamped).
  test("a ramp of 9 levels a pixel", () => {
    const { pixels } = enlargeBilinear(
      image(28, 28, (_, x) => 9 * x),
      32,
      32,
    );
    // 9 times 0, 0.8125, 1.6875, 2.5625, 3.4375 is 0, 7.3125, 15.1875, 23.0625, 30.9375.
    expect([...pixels.subarray(0, 5)]).toEqual([0, 7, 15, 23, 31]);
    // 9 times 25.3125, 26.1875 and 27 is 227.8125, 235.6875 and 243.
    expect([...pixels.subarray(29, 32)]).toEqual([228, 236, 243]);
    expect([...pixels.subarray(31 * 32, 31 * 32 + 3)]).toEqual([0, 7, 15]);
  });

  test("one bright pixel at row 1, column 1", () => {
    const { pixels } = enlargeBilinear(
      image(28, 28, (y, x) => (y === 1 && x === 1 ? 255 : 0)),
      32,
      32,
    );
    const at = (y: number, x: number): number => pixels[y * 32 + x]!;
    // Along each axis it weighs 0.8125 at 1 and 1 - 0.6875 = 0.3125 at 2, and nothing at 0 and 3.
    expect(at(1, 1)).toBe(168); // 0.8125^2 * 255 = 168.34
    expect(at(1, 2)).toBe(65); // 0.8125 * 0.3125 * 255 = 64.75
    expect(at(2, 1)).toBe(65);
    expect(at(2, 2)).toBe(25); // 0.3125^2 * 255 = 24.90
    expect([at(0, 0), at(0, 1), at(1, 0), at(3, 1), at(1, 3)]).toEqual([0, 0, 0, 0, 0]);
  });

  test("halves go to the even neighbour, as torch.round has it", () => {
    const column = (level: number) =>
      enlargeBilinear(
        image(28, 28, (_, x) => (x === 0 ? 0 : level)),
        32,
        32,
      ).pixels[1];
    expect(column(8)).toBe(6); // 0.8125 * 8 = 6.5
    expect(column(24)).toBe(20); // 0.8125 * 24 = 19.5
  });
});

test("16x16 to 32x32: a quarter and three quarters", () => {
  const { pixels } = enlargeBilinear(
    image(16, 16, (_, x) => 16 * x),
    32,
    32,
  );
  expect([...pixels.subarray(0, 5)]).toEqual([0, 4, 12, 20, 28]);
});

test("the axes are independent and the same size changes nothing", () => {
  const source = image(2, 3, (y, x) => 100 * y + x);
  expect(enlargeBilinear(source, 2, 3)).toBe(source);
  expect([...enlargeBilinear(source, 4, 3).pixels]).toEqual([0, 1, 2, 25, 26, 27, 75, 76, 77, 100, 101, 102]);
});

test(`never leaves the range of the levels (seed ${propertySeed})`, () => {
  const side = fc.integer({ min: 1, max: 9 });
  const property = fc.property(
    side,
    side,
    side,
    side,
    fc.infiniteStream(fc.nat(255)),
    (h, w, taller, wider, levels) => {
      const source = image(h, w, () => levels.next().value!);
      const { pixels } = enlargeBilinear(source, h + taller, w + wider);
      expect(Math.min(...pixels)).toBeGreaterThanOrEqual(Math.min(...source.pixels));
      expect(Math.max(...pixels)).toBeLessThanOrEqual(Math.max(...source.pixels));
    },
  );
  fc.assert(property, { seed: propertySeed });
});
