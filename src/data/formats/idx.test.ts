/** Tests of the IDX format. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../base/index.ts";
import { propertySeed } from "../example-files.ts";
import { idxOf } from "./example-arrays.ts";
import { parseIdxImages, parseIdxLabels } from "./idx.ts";

const parse = (bytes: Uint8Array) => parseIdxImages(bytes, "here", "x-idx3-ubyte");

describe("parseIdxImages", () => {
  test(`what is written is read again (seed ${propertySeed})`, () => {
    const side = fc.integer({ min: 1, max: 6 });
    const property = fc.property(side, side, side, fc.infiniteStream(fc.nat(255)), (count, height, width, levels) => {
      const data = Uint8Array.from([...levels.take(count * height * width)]);
      const images = parse(idxOf([count, height, width], data));
      expect({ ...images, pixels: [...images.pixels] }).toEqual({ pixels: [...data], count, height, width });
    });
    fc.assert(property, { seed: propertySeed });
  });

  test(`arbitrary bytes are images or a FormatError (seed ${propertySeed})`, () => {
    const arbitrary = fc.uint8Array({ maxLength: 64 });
    const headed = arbitrary.map((bytes) => Uint8Array.from([0, 0, 8, 3, ...bytes]));
    const property = fc.property(fc.oneof(arbitrary, headed), (bytes) => {
      for (const read of [parse, (content: Uint8Array) => parseIdxLabels(content, "here", "x")]) {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    });
    fc.assert(property, { seed: propertySeed, numRuns: 1000 });
  });

  test.each<[string, Uint8Array, string]>([
    [
      "an empty file",
      new Uint8Array(0),
      "expected a header of 16 bytes in IDX file 'x-idx3-ubyte', got 0; it is cut off",
    ],
    [
      "labels",
      idxOf([20], new Uint8Array(20)),
      "expected IDX magic number 0x00000803 in 'x-idx3-ubyte', got 0x00000801",
    ],
    ["another type", Uint8Array.from([0, 0, 13, 3, ...new Uint8Array(12)]), "got 0x00000d03"],
    [
      "a cut file",
      idxOf([2, 3, 3], new Uint8Array(17)),
      "expected 2x3x3 = 18 bytes in IDX file 'x-idx3-ubyte', got 17",
    ],
    [
      "a long file",
      idxOf([2, 3, 3], new Uint8Array(19)),
      "expected 2x3x3 = 18 bytes of data in 'x-idx3-ubyte', got 19",
    ],
    ["no images", idxOf([0, 3, 3], new Uint8Array(0)), "got a header for 0 of 3x3 pixels"],
    ["huge sizes", idxOf([0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array(9)), "it is cut off"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(FormatError);
    expect(() => parse(bytes)).toThrow(message);
  });
});
