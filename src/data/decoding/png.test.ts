/** Tests of small plain PNG files: the pixels of sharp, and everything that is not plain or not whole left to it. */
import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { propertySeed } from "../example-files.ts";
import { pngOf } from "./example-images.ts";
import { decodePlainPng, encodePng, plainPngChannels } from "./png.ts";
import { prepareImage } from "./preparation.ts";

const all = (): boolean => true;

function noise(length: number, seed: number): Uint8Array {
  const stream = randomKey("png").fold(seed).stream();
  return Uint8Array.from({ length }, () => stream.integer(256));
}

/** The file with another chunk before its data. */
function withChunk(png: Uint8Array, type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}

const text = Buffer.from("Comment\0none", "latin1");

test("a file is prepared as sharp prepares it: that with a text goes through sharp", async () => {
  const side = fc.integer({ min: 1, max: 40 });
  const channels = fc.constantFrom(1 as const, 3 as const);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        from: fc.record({ channels, height: side, width: side }),
        seed: fc.nat(1000),
        filtered: fc.boolean(),
      }),
      fc.record({ channels, height: side, width: side }),
      async ({ from, seed, filtered }, form) => {
        const samples = noise(from.channels * from.height * from.width, seed);
        const png = await sharp(samples, { raw: from })
          .toColourspace(from.channels === 1 ? "b-w" : "srgb")
          .png({ adaptiveFiltering: filtered })
          .toBuffer();
        const decoded = await decodePlainPng(png, all);
        expect(decoded?.samples).toEqual(samples);
        expect(plainPngChannels(png)).toBe(from.channels);
        const texted = withChunk(png, "tEXt", text);
        expect(await decodePlainPng(texted, all)).toBeUndefined();
        const bySharp = await prepareImage({ kind: "encoded", bytes: texted }, form);
        expect(await prepareImage({ kind: "encoded", bytes: png }, form)).toEqual(bySharp);
      },
    ),
    { seed: propertySeed, numRuns: 150 },
  );
});

test.each([
  ["gAMA", Buffer.from([0, 0, 0x80, 0])],
  ["sRGB", Buffer.from([1])],
  ["cHRM", Buffer.alloc(32, 1)],
  ["pHYs", Buffer.from([0, 0, 1, 0, 0, 0, 2, 0, 1])],
])("a chunk %s changes nothing, as little as in sharp", async (type, data) => {
  const form = { channels: 3, height: 3, width: 5 };
  const png = withChunk(pngOf(noise(45, 1), form), type, data);
  const bySharp = await prepareImage({ kind: "encoded", bytes: withChunk(png, "tEXt", text) }, form);
  expect((await decodePlainPng(png, all))?.samples).toEqual(noise(45, 1));
  expect(await prepareImage({ kind: "encoded", bytes: png }, form)).toEqual(bySharp);
});

test("whatever byte of a file is another, it is left to sharp, and so is a part of it and one with more", async () => {
  const png = pngOf(noise(12, 2), { channels: 3, height: 2, width: 2 });
  expect(await decodePlainPng(png, all)).toBeDefined();
  for (let at = 0; at < png.length; at++) {
    const damaged = Uint8Array.from(png, (byte, index) => (index === at ? byte ^ 0x20 : byte));
    expect([at, await decodePlainPng(damaged, all)]).toEqual([at, undefined]);
    expect(await decodePlainPng(png.subarray(0, at), all)).toBeUndefined();
  }
  expect(await decodePlainPng(Buffer.concat([png, Buffer.of(0)]), all)).toBeUndefined();
});

test("transparency, depths, palettes, profiles, turned and large files are left to sharp", async () => {
  const size = { height: 2, width: 2 };
  const others = [
    pngOf(noise(8, 3), { ...size, channels: 2 }),
    pngOf(noise(16, 3), { ...size, channels: 4 }),
    pngOf(Uint16Array.from(noise(4, 3)), { ...size, channels: 1 }),
    pngOf(noise(4, 3), { ...size, channels: 1, orientation: 6 }),
    await sharp(noise(12, 3), { raw: { ...size, channels: 3 } })
      .png({ palette: true })
      .toBuffer(),
    await sharp(noise(12, 3), { raw: { ...size, channels: 3 } })
      .png({ progressive: true })
      .toBuffer(),
    await sharp(noise(12, 3), { raw: { ...size, channels: 3 } })
      .withIccProfile("p3")
      .png()
      .toBuffer(),
    withChunk(pngOf(noise(12, 3), { ...size, channels: 3 }), "tRNS", Buffer.alloc(6)),
  ];
  for (const bytes of others) {
    expect(await decodePlainPng(bytes, all)).toBeUndefined();
    expect(plainPngChannels(bytes)).toBeUndefined();
  }
  expect(await decodePlainPng(pngOf(noise(4, 3), { ...size, channels: 1 }), () => false)).toBeUndefined();
  const large = (height: number): Uint8Array => pngOf(noise(64 * height, 3), { channels: 1, height, width: 64 });
  expect(await decodePlainPng(large(64), all)).toBeDefined();
  expect(await decodePlainPng(large(65), all)).toBeUndefined();
});

test("too many rows, too few and a filter that does not exist are left to sharp", async () => {
  const png = pngOf(noise(4, 4), { channels: 1, height: 2, width: 2 });
  const withRows = (rows: Uint8Array): Buffer => {
    const [start, end] = [Buffer.from(png).indexOf("IDAT") - 4, png.length - 12];
    const whole = withChunk(png.subarray(0, start), "IDAT", deflateSync(rows));
    return Buffer.concat([whole, png.subarray(end)]);
  };
  expect((await decodePlainPng(withRows(Uint8Array.of(0, 1, 2, 2, 3, 4)), all))?.samples).toEqual(
    Uint8Array.of(1, 2, 4, 6),
  );
  for (const rows of [
    [0, 1, 2, 0, 3],
    [0, 1, 2, 0, 3, 4, 0],
    [0, 1, 2, 5, 3, 4],
  ]) {
    expect(await decodePlainPng(withRows(Uint8Array.from(rows)), all)).toBeUndefined();
  }
});

test.each([1, 3] as const)("what is written in %i channels is what sharp reads", async (channels) => {
  const shape = { channels, height: 5, width: 7 };
  const pixels = noise(35 * channels, 5);
  const { data, info } = await sharp(encodePng(pixels, shape)).raw().toBuffer({ resolveWithObject: true });
  const interleaved = Array.from(
    { length: 35 * channels },
    (_, at) => pixels[(at % channels) * 35 + Math.floor(at / channels)],
  );
  expect(info).toMatchObject({ channels: channels === 1 ? info.channels : 3, height: 5, width: 7 });
  expect((await sharp(encodePng(pixels, shape)).metadata()).channels).toBe(channels);
  if (info.channels === channels) expect([...data]).toEqual(interleaved);
  else expect([...data].filter((_, at) => at % info.channels === 0)).toEqual(interleaved);
  expect(() => encodePng(pixels.subarray(1), shape)).toThrow(/encode PNG/);
});
