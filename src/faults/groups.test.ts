/** Near-duplicates: what is one thing under a shift, noise and a change of light, and what is not. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import {
  codeOfStructure,
  fingerprintOfStructure,
  groupImages,
  leastCorrelation,
  shiftedCorrelation,
} from "./groups.ts";
import { nearestPrints } from "./nearest-prints.ts";
import { structureCode } from "./structure-codes.ts";
import { gradientNoise } from "./synthetic/noise.ts";

const size = 96;

/** A thing: a smooth random surface, of which a part is seen. */
function surface(name: string): Float32Array {
  return gradientNoise(randomKey(name).stream(), size, size, 7, 3);
}

function photograph(thing: Float32Array, options: { shift?: number; light?: number; noise?: number } = {}): RawImage {
  const { shift = 0, light = 0, noise = 0 } = options;
  const stream = randomKey("noise").fold(`${shift} ${light} ${noise}`).stream();
  const pixels = Uint8Array.from({ length: 80 * 80 }, (_, index) => {
    const [y, x] = [Math.floor(index / 80), index % 80];
    return 110 + light + light * (x / 80) + 60 * thing[(y + shift) * size + x + shift]! + noise * stream.normal();
  });
  return { kind: "raw", pixels, channels: 1, height: 80, width: 80 };
}

const things = ["a", "b", "c"].map(surface);

test("photographs of one thing correlate whatever shift, light and noise, those of others do not", () => {
  const own = [{}, { shift: 9 }, { light: 30 }, { noise: 8 }].map((options) =>
    fingerprintOfStructure(photograph(things[0]!, options)),
  );
  for (const other of own) expect(shiftedCorrelation(own[0]!, other)).toBeGreaterThan(leastCorrelation);
  const others = things.slice(1).map((thing) => fingerprintOfStructure(photograph(thing)));
  for (const other of others) expect(shiftedCorrelation(own[0]!, other)).toBeLessThan(0.4);
});

test("an image correlates fully with itself, an even one with nothing", () => {
  const own = fingerprintOfStructure(photograph(things[0]!));
  expect(shiftedCorrelation(own, own)).toBeCloseTo(1, 6);
  const even = fingerprintOfStructure({
    kind: "raw",
    pixels: new Uint8Array(6400).fill(9),
    channels: 1,
    height: 80,
    width: 80,
  });
  expect(shiftedCorrelation(even, own)).toBeCloseTo(0, 9);
});

test("a border that all images share does not make them one", () => {
  const framed = things.map((thing) => {
    const image = photograph(thing);
    for (let index = 0; index < 80; index++) {
      for (const pixel of [index, 79 * 80 + index, index * 80, index * 80 + 79]) image.pixels[pixel] = 255;
    }
    return fingerprintOfStructure(image);
  });
  expect([...groupImages(framed)]).toEqual([0, 1, 2]);
});

test("groups are numbered by their first images, and names join what pixels do not", () => {
  const images = [
    photograph(things[1]!),
    photograph(things[0]!),
    photograph(things[1]!, { shift: 5 }),
    photograph(things[2]!),
    photograph(things[0]!, { noise: 5 }),
  ].map(fingerprintOfStructure);
  expect([...groupImages(images)]).toEqual([0, 1, 0, 2, 1]);
  expect([...groupImages(images, ["x", undefined, undefined, "x", undefined])]).toEqual([0, 1, 0, 0, 1]);
});

test("of many images those are compared whose spectra are alike, and the groups are the same", () => {
  const images = Array.from({ length: 40 }, (_, index) => {
    const thing = surface(`thing ${index % 30}`);
    return fingerprintOfStructure(photograph(thing, { shift: index < 30 ? 0 : 1 + (index % 9), noise: 4 }));
  });
  const pairwise = groupImages(images);
  expect([...pairwise]).toEqual(Array.from({ length: 40 }, (_, index) => index % 30));
  expect(groupImages(images, [], 39)).toEqual(pairwise);
  // Two nearest are enough for pairs, and the own image is never among them.
  const nearest = nearestPrints(images, 64, 2);
  for (const [index, others] of nearest.entries()) {
    expect(others).toHaveLength(2);
    expect(others).not.toContain(index);
  }
  for (let pair = 0; pair < 10; pair++) expect(nearest[pair]).toContain(30 + pair);
});

test("parts that lie the same way in every image are not one thing, copies among them are", () => {
  const alike = Array.from({ length: 12 }, (_, index) => {
    const image = photograph(things[0]!);
    const stream = randomKey("alike").fold(index).stream();
    const pixels = image.pixels.map((value) => Math.max(0, Math.min(255, value + 12 * stream.normal())));
    return fingerprintOfStructure({ ...image, pixels });
  });
  expect(shiftedCorrelation(alike[0]!, alike[1]!)).toBeGreaterThan(leastCorrelation);
  const groups = groupImages([...alike, alike[3]!]);
  expect(new Set(groups).size).toBe(12);
  expect(groups[12]).toBe(groups[3]);
});

test("the code of an image is that of its fingerprint", () => {
  const image = photograph(things[0]!, { light: 20, noise: 8 });
  expect(codeOfStructure(image)).toEqual(structureCode(fingerprintOfStructure(image), 64));
});
