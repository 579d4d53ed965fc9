/** Tests of shrinking and of decoding on the calling thread: both have to give what sharp gives, number for number. */
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { pngOf } from "../data/decoding/example-images.ts";
import { decodePlainJpeg } from "../data/decoding/jpeg.ts";
import { openRaw } from "../data/decoding/raw-image.ts";
import { propertySeed } from "../data/example-files.ts";
import type { RawImage, Samples } from "./raw-image.ts";
import { averagesBlocks, shrinkTriangle, tilesOf } from "./reduction.ts";
import { planesOf } from "./samples.ts";

const decodeSmall = (bytes: Uint8Array) => decodePlainJpeg(bytes, ({ height, width }) => height * width < 100_000);

function noise(channels: number, height: number, width: number): RawImage {
  const stream = randomKey(`${height}x${width}`).stream();
  const pixels = Uint8Array.from({ length: channels * height * width }, () => stream.integer(256));
  return { kind: "raw", pixels, channels, height, width };
}

/** Smooth enough that a JPEG of it keeps colours. */
function gradient(height: number, width: number): RawImage {
  const pixels = new Uint8Array(3 * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++)
        pixels[(c * height + y) * width + x] = (x * (3 + c) + y * (7 - c) + ((x * y) % 11)) % 256;
    }
  }
  return { kind: "raw", pixels, channels: 3, height, width };
}

function planes(data: Uint8Array, channels: number): Uint8Array {
  const area = data.length / channels;
  return Uint8Array.from({ length: data.length }, (_, at) => data[(at % area) * channels + Math.floor(at / area)]!);
}

describe("shrinking", () => {
  const sizes = [
    [64, 64, 32, 32],
    [64, 20, 32, 32],
    [20, 64, 32, 32],
    [33, 32, 32, 32],
    [63, 61, 32, 32],
    [80, 80, 32, 32],
    [127, 100, 32, 32],
    [97, 95, 28, 30],
    [7, 5, 2, 3],
  ] as const;
  for (const [fromHeight, fromWidth, height, width] of sizes) {
    test.each([1, 3])(`${fromHeight}x${fromWidth} to ${height}x${width}, %i channels`, async (channels) => {
      const image = noise(channels, fromHeight, fromWidth);
      const options = { height: Math.min(height, fromHeight), width: Math.min(width, fromWidth), fit: "fill" } as const;
      const expected = await openRaw(image.pixels, image)
        .resize({ ...options, kernel: "linear" })
        .raw()
        .toBuffer();
      const { pixels } = shrinkTriangle(image, height, width);
      expect(Buffer.compare(pixels, planes(expected, channels))).toBe(0);
    });
  }

  test.each(["file", "memory"] as const)(
    `random sizes, depths and channels from a %s (seed ${propertySeed})`,
    async (access) => {
      const side = fc.integer({ min: 1, max: 150 });
      const factor = fc.double({ min: 1, max: 9, noNaN: true });
      const sizes = fc.record({ channels: fc.constantFrom(1, 3), deep: fc.boolean(), height: side, width: side });
      const property = fc.asyncProperty(
        sizes,
        factor,
        factor,
        async ({ channels, deep, height, width }, tall, wide) => {
          const from = { channels, height: Math.round(height * tall), width: Math.round(width * wide) };
          const stream = randomKey(`${from.height}x${from.width}`).stream();
          const length = channels * from.height * from.width;
          const samples = deep
            ? Uint16Array.from({ length }, () => stream.integer(65536))
            : Uint8Array.from({ length }, () => stream.integer(256));
          const space = deep ? (channels === 1 ? "grey16" : "rgb16") : channels === 1 ? "b-w" : "srgb";
          const raw = { ...from, channels: channels === 1 ? 1 : 3 } as const;
          const image = access === "file" ? sharp(pngOf(samples, from)) : sharp(samples, { raw });
          const { buffer, byteOffset, byteLength } = await image
            .toColourspace(space)
            .resize({ height, width, fit: "fill", kernel: "linear" })
            .raw({ depth: deep ? "ushort" : "uchar" })
            .toBuffer();
          const data = deep
            ? new Uint16Array(buffer, byteOffset, byteLength / 2)
            : new Uint8Array(buffer, byteOffset, byteLength);
          const tiles = tilesOf(from, height, width, access);
          const shrunk = shrinkTriangle(planesOf<Samples>(samples, from), height, width, tiles);
          expect(shrunk).toEqual(planesOf<Samples>(data, { channels, height, width }));
        },
      );
      await fc.assert(property, { seed: propertySeed, numRuns: 60 });
    },
  );

  test("blocks are averaged from a factor of 4 on", () => {
    expect(averagesBlocks({ height: 127, width: 127 }, 32, 32)).toBe(false);
    expect(averagesBlocks({ height: 128, width: 10 }, 32, 32)).toBe(true);
  });
});

describe("small JPEGs", () => {
  const kinds = [
    ["4:2:0", { quality: 75 }],
    ["4:4:4", { quality: 95, chromaSubsampling: "4:4:4" }],
    ["progressive", { progressive: true }],
    ["mozjpeg", { mozjpeg: true }],
  ] as const;
  test.each(kinds)("%s: the pixels that sharp decodes", async (_, options) => {
    for (const [height, width] of [
      [64, 64],
      [33, 47],
      [5, 3],
    ] as const) {
      const image = gradient(height, width);
      const bytes = await openRaw(image.pixels, image).jpeg(options).toBuffer();
      const expected = await sharp(bytes).toColourspace("srgb").raw().toBuffer();
      const decoded = decodeSmall(bytes)!;
      expect([decoded.height, decoded.width]).toEqual([height, width]);
      expect(Buffer.compare(decoded.pixels, planes(expected, 3))).toBe(0);
    }
  });

  test("grey", async () => {
    const image = noise(1, 20, 30);
    const bytes = await openRaw(image.pixels, image).jpeg().toBuffer();
    const expected = await sharp(bytes).toColourspace("b-w").raw().toBuffer();
    const area = expected.length;
    const { pixels } = decodeSmall(bytes)!;
    for (const plane of [0, 1, 2])
      expect(Buffer.compare(pixels.subarray(plane * area, (plane + 1) * area), expected)).toBe(0);
  });

  test("what needs more than decoding is left to sharp", async () => {
    const image = sharp({ create: { width: 16, height: 16, channels: 3, background: "#336699" } });
    expect(decodeSmall(await image.clone().jpeg().toBuffer())).toBeDefined();
    expect(decodeSmall(await image.clone().png().toBuffer())).toBeUndefined();
    expect(decodeSmall(await image.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer())).toBeUndefined();
    expect(decodeSmall(await image.clone().jpeg().withIccProfile("p3").toBuffer())).toBeUndefined();
    expect(decodeSmall(await image.clone().toColourspace("cmyk").jpeg().toBuffer())).toBeUndefined();
    expect(decodeSmall(await image.clone().resize(600, 600).jpeg().toBuffer())).toBeUndefined();
    expect(decodeSmall(new Uint8Array(0))).toBeUndefined();
  });

  test("damage is left to sharp, and the next image is decoded", async () => {
    const image = gradient(40, 40);
    const bytes = await openRaw(image.pixels, image).jpeg().toBuffer();
    const whole = decodeSmall(bytes)!;
    const header = bytes.indexOf(Uint8Array.of(0xff, 0xda));
    for (let cut = header; cut < bytes.length - 2; cut += 20) {
      expect(decodeSmall(bytes.subarray(0, cut))).toBeUndefined();
      expect(decodeSmall(bytes)).toEqual(whole);
    }
    // Tables of a length that cannot be: the library gives up in the middle.
    const tables = Buffer.from(bytes);
    tables[bytes.indexOf(Uint8Array.of(0xff, 0xc4)) + 5] = 0xff;
    expect(decodeSmall(tables)).toBeUndefined();
    expect(decodeSmall(bytes)).toEqual(whole);
  });
});
