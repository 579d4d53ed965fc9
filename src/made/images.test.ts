/** Tests of making images: what they depend on, their form, and what is refused. */
import { describe, expect, test } from "vitest";
import { ConfigError, type ImageShape, randomKey } from "../base/index.ts";
import { makeImages, smallestMadeSide } from "./images.ts";
import { type MadeKind, madeKinds } from "./kinds.ts";

const key = randomKey("made images");
const colour: ImageShape = { channels: 3, height: 32, width: 32 };

function image(pixels: Uint8Array, index: number, { channels, height, width }: ImageShape): Uint8Array {
  const length = channels * height * width;
  return pixels.slice(index * length, (index + 1) * length);
}

describe.each<MadeKind>([...madeKinds])("%s", (kind) => {
  test("the same key gives the same images, another key others", () => {
    const once = makeImages({ kind, count: 3, specification: colour, key });
    expect(makeImages({ kind, count: 3, specification: colour, key })).toEqual(once);
    const other = makeImages({ kind, count: 3, specification: colour, key: key.fold("other") });
    expect(other.pixels).not.toEqual(once.pixels);
  });

  test("an image does not depend on how many are made", () => {
    const many = makeImages({ kind, count: 6, specification: colour, key });
    const few = makeImages({ kind, count: 2, specification: colour, key });
    expect(few.pixels).toEqual(many.pixels.slice(0, few.pixels.length));
    expect(few.names).toEqual(many.names.slice(0, 2));
    expect(image(many.pixels, 0, colour)).not.toEqual(image(many.pixels, 1, colour));
  });

  test.each([1, 3].flatMap((channels) => [16, 24, 32].map((side) => [channels, side] as const)))(
    "%i channels of side %i use the range of levels without running into its ends",
    (channels, side) => {
      const count = 12;
      const specification = { channels, height: side, width: side };
      const { pixels, names } = makeImages({ kind, count, specification, key });
      expect(pixels).toHaveLength(count * channels * side * side);
      expect(new Set(names).size).toBe(count);
      const clipped = pixels.filter((level) => level === 0 || level === 255).length;
      expect(clipped / pixels.length).toBeLessThan(0.02);
      for (let index = 0; index < count; index++)
        expect(new Set(image(pixels, index, specification)).size).toBeGreaterThan(10);
    },
  );

  test("images need not be square", () => {
    const specification = { channels: 1, height: 16, width: 40 };
    expect(makeImages({ kind, count: 2, specification, key }).pixels).toHaveLength(2 * 16 * 40);
  });
});

describe("makeImages", () => {
  test("none are none", () => {
    expect(makeImages({ kind: "normal", count: 0, specification: colour, key })).toEqual({
      pixels: new Uint8Array(0),
      names: [],
    });
  });

  test("names say kind and index", () => {
    expect(makeImages({ kind: "stars", count: 2, specification: colour, key }).names).toEqual([
      "stars-00000",
      "stars-00001",
    ]);
  });

  test.each<[string, Partial<ImageShape>, number]>([
    ["got 2; use 1 for grey", { channels: 2 }, 1],
    ["got 8x32", { height: 8 }, 1],
    ["got 32x32.5", { width: 32.5 }, 1],
    [`expected sides of ${smallestMadeSide} pixels or more, got NaNx32`, { height: Number.NaN }, 1],
    ["expected a count of 0 or more, got -1", {}, -1],
    ["got 1.5", {}, 1.5],
  ])("refuses with %j", (message, change, count) => {
    const make = () => makeImages({ kind: "normal", count, specification: { ...colour, ...change }, key });
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  });
});
