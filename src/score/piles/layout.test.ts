/** How far a layout is from others': what lies elsewhere is far, plain or busy. */
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { layoutDistances, ridgedScatter } from "./layout.ts";

test("scatter is the mean outer product with something on its diagonal", () => {
  expect(ridgedScatter([Float64Array.of(1, 2), Float64Array.of(3, 0)], 0.5)).toEqual([
    [5.5, 1],
    [1, 2.5],
  ]);
});

test("among images that are bright on the left, one that is bright on the right and an even one are the farthest", () => {
  const count = 60;
  const stream = randomKey("layouts").stream();
  const values = Uint8Array.from({ length: count * 256 }, (_, at) => {
    const [image, column] = [Math.floor(at / 256), at % 16];
    if (image === 1) return 120;
    const isBright = image === 0 ? column >= 8 : column < 8;
    return (isBright ? 180 : 60) + 10 * stream.normal();
  });
  const distances = layoutDistances({ shape: { channels: 1, height: 16, width: 16 }, values });
  const others = Math.max(...distances.subarray(2));
  expect(distances[0]!).toBeGreaterThan(2 * others);
  expect(distances[1]!).toBeGreaterThan(2 * others);
});
