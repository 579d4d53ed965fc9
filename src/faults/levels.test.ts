/** Levels: which an image has, how large they are, and how it is brought there. */
import { describe, expect, test } from "vitest";
import type { RawImage } from "../pixels/index.ts";
import { atLevels, commonLevels, cropAt, levelSize, levelsOf, resized, withChannels } from "./levels.ts";

function image(height: number, width: number, level: (y: number, x: number) => number, channels = 1): RawImage {
  const pixels = Uint8Array.from({ length: channels * height * width }, (_, index) => {
    const pixel = index % (height * width);
    return level(Math.floor(pixel / width), pixel % width);
  });
  return { kind: "raw", pixels, channels, height, width };
}

describe("sizes", () => {
  test("keep the proportions and the area of the square, in whole cells", () => {
    // 400x100 at level 64: scale 64 / 200, so 128x32.
    expect(levelSize({ height: 400, width: 100 }, 64, "kept")).toEqual({ height: 128, width: 32 });
    // 327x269 at level 256: scale 0.8632, so 282.3 and 232.2.
    expect(levelSize({ height: 327, width: 269 }, 256, "kept")).toEqual({ height: 280, width: 232 });
    expect(levelSize({ height: 4000, width: 3 }, 64, "kept").width).toBe(8);
  });

  test("or are the square itself", () => {
    expect(levelSize({ height: 400, width: 100 }, 64, "stretched")).toEqual({ height: 64, width: 64 });
  });

  test("above an image's own are skipped, but for the smallest one", () => {
    const levels = [64, 256, 128];
    expect(levelsOf({ height: 320, width: 320 }, levels)).toEqual([256, 128, 64]);
    expect(levelsOf({ height: 320, width: 100 }, levels)).toEqual([128, 64]);
    expect(levelsOf({ height: 32, width: 32 }, levels)).toEqual([64]);
  });

  test("of a set are those that half of its images have", () => {
    const sizes = [
      { height: 300, width: 300 },
      { height: 250, width: 250 },
    ];
    expect(commonLevels(sizes, [64, 256, 128])).toEqual([256, 128, 64]);
    expect(commonLevels([...sizes, { height: 200, width: 200 }], [64, 256, 128])).toEqual([128, 64]);
    expect(commonLevels([{ height: 28, width: 28 }], [64, 256, 128])).toEqual([64]);
  });

  test("of a set are the same for images that are enlarged to them", () => {
    const settings = { levels: [64, 128], aspect: "kept", small: "enlarged" } as const;
    const levels = atLevels(
      image(100, 50, () => 7),
      { ...settings, levels: [...settings.levels] },
    );
    expect(levels.map(({ level, image: { height, width } }) => [level, height, width])).toEqual([
      [128, 184, 88],
      [64, 88, 48],
    ]);
    expect(levels.every((at) => at.image.pixels.every((value) => value === 7))).toBe(true);
  });

  test("of all levels come with the image at them", () => {
    const levels = atLevels(
      image(200, 200, () => 7),
      { levels: [128, 64, 256], aspect: "kept" },
    );
    expect(levels.map(({ level, image: { height, width } }) => [level, height, width])).toEqual([
      [128, 128, 128],
      [64, 64, 64],
    ]);
  });
});

test.each([
  [1000, 2000],
  [512, 300],
  [100, 77],
  [40, 30],
])("an image of %ix%i that grows lighter to the right does so at any size", (height, width) => {
  const shrunk = resized(
    image(height, width, (_, x) => (200 * (x + 0.5)) / width),
    { height: 64, width: 80 },
  );
  expect([shrunk.height, shrunk.width]).toEqual([64, 80]);
  for (let x = 2; x < 78; x++) {
    expect(Math.abs(shrunk.pixels[32 * 80 + x]! - (200 * (x + 0.5)) / 80)).toBeLessThan(3);
  }
});

test("a crop beyond the border is mirrored, channel by channel", () => {
  const { values } = cropAt(
    image(3, 3, (y, x) => 10 * y + x, 2),
    -1,
    1,
    3,
  );
  expect([...values.subarray(0, 9)]).toEqual([11, 12, 11, 1, 2, 1, 11, 12, 11]);
  expect([...values.subarray(9)]).toEqual([...values.subarray(0, 9)]);
});

test("grey becomes three channels, colour one of luminance", () => {
  const grey = image(1, 2, (_, x) => 5 + x);
  expect([...withChannels(grey, 3).pixels]).toEqual([5, 6, 5, 6, 5, 6]);
  const colour: RawImage = { ...grey, width: 1, channels: 3, pixels: Uint8Array.of(100, 200, 50) };
  expect([...withChannels(colour, 1).pixels]).toEqual([Math.round(29.9 + 117.4 + 5.7)]);
  expect(withChannels(grey, 1)).toBe(grey);
});
