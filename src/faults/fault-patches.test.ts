/** Examples of faults: cut out of images by their masks, and laid on normal crops. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { cropPatch, exampleOf, maskedPatches } from "./fault-patches.ts";
import { drawFault } from "./synthetic/fault.ts";

const sizes = { levels: [64], aspect: "kept" as const };

function grey(height: number, width: number, levelAt: (y: number, x: number) => number): RawImage {
  const pixels = Uint8Array.from({ length: height * width }, (_, index) =>
    levelAt(Math.floor(index / width), index % width),
  );
  return { kind: "raw", channels: 1, height, width, pixels };
}

const isLarge = (y: number, x: number) => y >= 20 && y < 30 && x >= 8 && x < 12;
const isSmall = (y: number, x: number) => y >= 50 && y < 53 && x >= 60;
const mask = grey(64, 64, (y, x) => (isLarge(y, x) || isSmall(y, x) ? 255 : 0));
const image = grey(64, 64, (y, x) => (isLarge(y, x) ? 200 : isSmall(y, x) ? 30 : 100));

test("every region of a mask is a fault of its own, with four pixels around it as far as the image goes", () => {
  const patches = maskedPatches(image, mask, sizes);
  expect(patches.map((patch) => [patch.image.height, patch.image.width])).toEqual([
    [18, 12],
    [11, 8],
  ]);
  const [large, small] = patches;
  expect(large!.mask.pixels.reduce((count, level) => count + (level === 255 ? 1 : 0), 0)).toBe(40);
  expect(large!.image.pixels[4 * 12 + 4]).toBe(200);
  expect(small!.image.pixels[4 * 8 + 4]).toBe(30);
  expect(maskedPatches(image, { ...mask, pixels: new Uint8Array(64 * 64) }, sizes)).toEqual([]);
});

test("a fault is as large as on the largest level that its image has", () => {
  const twice = (one: RawImage) => grey(128, 128, (y, x) => one.pixels[(y >> 1) * 64 + (x >> 1)]!);
  const [large] = maskedPatches(twice(image), twice(mask), sizes);
  expect(Math.abs(large!.image.height - 18)).toBeLessThanOrEqual(2);
});

test("a crop is a fault but for its rim, shrunk as its images are", () => {
  const {
    image: small,
    mask: own,
    smallest,
  } = cropPatch(
    grey(40, 20, () => 50),
    { height: 100, width: 400 },
    { levels: [100, 50] },
  );
  expect(smallest).toBe(0.5);
  expect([small.height, small.width]).toEqual([20, 10]);
  expect([own.pixels[0], own.pixels[10 * 10 + 5]]).toEqual([0, 255]);
  expect(cropPatch(small, { height: 30, width: 40 }, { levels: [64] }).image.height).toBe(20);
});

test("an example lies on a crop as bright beside it as it was beside what was around it (seeds 0 to 7)", () => {
  const [large] = maskedPatches(image, mask, sizes);
  const crop = { channels: 3, height: 64, width: 64, values: new Float32Array(3 * 64 * 64).fill(60) };
  const example = exampleOf(large!, 3);
  for (let seed = 0; seed < 8; seed++) {
    const drawn = drawFault(crop, crop, randomKey(seed), ["like"], [example]);
    expect(drawn.kind).toBe("like");
    const changed = [...drawn.crop.values].flatMap((value, index) => (drawn.mask[index % 4096]! === 1 ? [value] : []));
    // 200 on 100, its contrast changed by 30 % at most, between pixels less.
    expect(Math.max(...changed)).toBeGreaterThan(110);
    expect(Math.max(...changed)).toBeLessThanOrEqual(60 + 130);
    expect([...drawn.crop.values].every((value, index) => drawn.mask[index % 4096]! > 0 || value === 60)).toBe(true);
  }
});
