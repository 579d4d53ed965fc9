/** Pixels from decoded samples: those that Node makes of the files that hold them, number for number. */
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { fitWays, randomKey } from "../base/index.ts";
import { pngOf } from "../data/decoding/example-images.ts";
import { prepareImage } from "../data/index.ts";
import {
  flattenAlpha,
  jpegReduction,
  planesOf,
  prepareDecoded,
  prepareEncoded,
  prepareRaw,
  type Samples,
  turnUpright,
} from "./index.ts";

const seed = 20261126;

/** A picture with smooth parts, edges and noise, as samples of 8 or 16 bits. */
function draw(channels: number, height: number, width: number, deep: boolean): Uint8Array | Uint16Array {
  const stream = randomKey(`${channels} ${height} ${width}`).stream();
  const most = deep ? 65535 : 255;
  const value = (at: number): number => {
    const [x, c] = [Math.floor(at / channels) % width, at % channels];
    return Math.floor(most * Math.abs(Math.sin(x / 9 + c)) * 0.7 + 0.3 * most * stream.uniform());
  };
  const length = channels * height * width;
  return deep ? Uint16Array.from({ length }, (_, at) => value(at)) : Uint8Array.from({ length }, (_, at) => value(at));
}

const side = fc.integer({ min: 1, max: 70 });
/** Sides of an image against the model's: from a third of them to 14 times. */
const factor = fc.double({ min: 0.34, max: 14, noNaN: true });

test(`files of every size, depth, number of channels and orientation (seed ${seed})`, async () => {
  const property = fc.asyncProperty(
    fc.record({
      channels: fc.constantFrom(1, 2, 3, 4),
      deep: fc.boolean(),
      orientation: fc.integer({ min: 1, max: 8 }),
      model: fc.record({
        channels: fc.constantFrom(1, 3),
        height: side,
        width: side,
        background: fc.constantFrom(undefined, "#000000", "#ffffff", "#40c0e1"),
        sampleBits: fc.constantFrom(undefined, null, 10, 12, 16),
        deepRange: fc.constantFrom(undefined, undefined, [100, 3000] as const),
        fit: fc.constantFrom(undefined, ...fitWays),
      }),
      range: fc.constantFrom(1, 1 / 16, 1 / 64),
      tall: factor,
      wide: factor,
    }),
    async ({ channels, deep, orientation, model, range, tall, wide }) => {
      const height = Math.max(1, Math.round(model.height * tall));
      const width = Math.max(1, Math.round(model.width * wide));
      const samples = deep
        ? draw(channels, height, width, deep).map((value) => value * range)
        : draw(channels, height, width, deep);
      const image = { samples, channels, height, width, orientation };
      const expected = await prepareImage(
        { kind: "encoded", bytes: pngOf(samples, { channels, height, width, orientation }) },
        model,
      );
      const prepared = prepareDecoded(image, model);
      expect(prepared).toEqual("reason" in expected ? expected : { pixels: expected.pixels });
    },
  );
  await fc.assert(property, { seed, numRuns: 120 });
});

test(`raw images of every size (seed ${seed})`, async () => {
  const property = fc.asyncProperty(
    fc.record({ channels: fc.constantFrom(1, 3), height: side, width: side, fit: fc.constantFrom(...fitWays) }),
    factor,
    factor,
    async (model, tall, wide) => {
      const height = Math.max(1, Math.round(model.height * tall));
      const width = Math.max(1, Math.round(model.width * wide));
      const pixels = draw(model.channels, height, width, false) as Uint8Array;
      const image = { kind: "raw", pixels, channels: model.channels, height, width } as const;
      const expected = await prepareImage(image, model);
      expect(prepareRaw(image, model)).toEqual("reason" in expected ? expected : { pixels: expected.pixels });
    },
  );
  await fc.assert(property, { seed, numRuns: 60 });
});

test("a file that is empty or that nothing decodes has a reason", async () => {
  const model = { channels: 1, height: 8, width: 8 };
  const decode = () => Promise.reject(new Error("it is a poem"));
  expect(await prepareEncoded(new Uint8Array(0), model, decode)).toEqual({ reason: "file is empty" });
  expect(await prepareEncoded(new Uint8Array(3), model, decode)).toEqual({ reason: "cannot be decoded: it is a poem" });
  const small = { samples: new Uint8Array(9), channels: 1, height: 3, width: 3 };
  const reason = "image is 3x3, smaller than half the model's 8x8";
  expect(await prepareEncoded(new Uint8Array(3), model, async () => small)).toEqual({ reason });
});

test.each([
  ["8 bits on black", false, [0, 0, 0]],
  ["8 bits on white", false, [255, 255, 255]],
  ["8 bits on orange", false, [255, 120, 7]],
  ["16 bits on black", true, [0, 0, 0]],
  ["16 bits on white", true, [255, 255, 255]],
  ["16 bits on orange", true, [255, 120, 7]],
] as const)("every level under every alpha: %s", async (_name, deep, [r, g, b]) => {
  const size = { channels: 4, height: 256, width: 256 };
  const values = (at: number): number => (at % 4 === 3 ? (at >> 2) & 255 : at >> 10) * (deep ? 257 : 1);
  const length = 4 * 65536;
  const samples = deep
    ? Uint16Array.from({ length }, (_, at) => values(at))
    : Uint8Array.from({ length }, (_, at) => values(at));
  const { buffer, byteOffset, byteLength } = await sharp(pngOf(samples, size))
    .flatten({ background: { r, g, b } })
    .toColourspace(deep ? "rgb16" : "srgb")
    .raw({ depth: deep ? "ushort" : "uchar" })
    .toBuffer();
  const flat = deep
    ? new Uint16Array(buffer, byteOffset, byteLength / 2)
    : new Uint8Array(buffer, byteOffset, byteLength);
  const got = flattenAlpha(planesOf<Samples>(samples, size), [r, g, b]);
  expect(got).toEqual(planesOf<Samples>(flat, { ...size, channels: 3 }));
});

test("every orientation of a file with three pixels above three", () => {
  const image = { kind: "raw", pixels: Uint8Array.of(1, 2, 3, 4, 5, 6), channels: 1, height: 2, width: 3 } as const;
  const shown = [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => [...turnUpright(image, orientation).pixels].join(""));
  // 1 as it is, 2 mirrored, 3 upside down, 4 flipped; 5 to 8 the same along the columns.
  expect(shown).toEqual(["123456", "321654", "654321", "456123", "142536", "415263", "635241", "362514"].map(String));
});

test.each([
  // Nothing below a factor of four; then half of the factor, and less where that is the factor itself.
  [100, 100, 32, 1],
  [128, 128, 32, 2],
  [255, 400, 32, 2],
  [256, 256, 32, 4],
  [512, 512, 32, 8],
  [5000, 5000, 32, 8],
  [5000, 40, 32, 1],
])("a JPEG of %ix%i for a model of %i pixels is decoded at 1/%i", (height, width, model, expected) => {
  expect(jpegReduction({ height, width }, { height: model, width: model })).toBe(expected);
});
