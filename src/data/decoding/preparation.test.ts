/** Tests of preparation: orientation, colours, depths, transparency, sizes, and what is refused. */

import { crc32 } from "node:zlib";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { ImageShape } from "../../base/index.ts";
import type { InputForm } from "../../pixels/index.ts";
import { plainPng } from "./example-images.ts";
import { sampleRangeOf } from "./number-range.ts";
import { prepareImage } from "./preparation.ts";

const colour: ImageShape = { channels: 3, height: 2, width: 2 };
const grey: ImageShape = { channels: 1, height: 2, width: 2 };

async function prepare(bytes: Uint8Array, specification: InputForm): Promise<number[] | string> {
  const prepared = await prepareImage({ kind: "encoded", bytes }, specification);
  return "reason" in prepared ? prepared.reason : [...prepared.pixels];
}

/** A 2x2 PNG of interleaved samples; 16 bits where given so. */
function smallPng(samples: Uint8Array | Uint16Array, channels: 1 | 2 | 3 | 4): Promise<Buffer> {
  const deep = samples instanceof Uint16Array;
  const image = sharp(samples, { raw: { width: 2, height: 2, channels } });
  const space = channels < 3 ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb";
  return image.toColourspace(space).png().toBuffer();
}

const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30);

describe("colours", () => {
  test("RGB becomes planes", async () => {
    expect(await prepare(await smallPng(rgb, 3), colour)).toEqual([255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30]);
  });

  test("RGB becomes grey by 0.299, 0.587, 0.114", async () => {
    expect(await prepare(await smallPng(rgb, 3), grey)).toEqual([76, 150, 29, 18]);
  });

  test("grey becomes colour by repetition and stays itself", async () => {
    const png = await smallPng(Uint8Array.of(1, 2, 200, 255), 1);
    expect(await prepare(png, colour)).toEqual([1, 2, 200, 255, 1, 2, 200, 255, 1, 2, 200, 255]);
    expect(await prepare(png, grey)).toEqual([1, 2, 200, 255]);
  });

  test("grey of every level survives the way through RGB", async () => {
    const levels = Uint8Array.from({ length: 256 }, (_, level) => level);
    const png = await sharp(levels, { raw: { width: 16, height: 16, channels: 1 } })
      .png()
      .toBuffer();
    expect(await prepare(png, { channels: 1, height: 16, width: 16 })).toEqual([...levels]);
  });

  test("transparency is laid on white, or on the form's background", async () => {
    const rgba = Uint8Array.of(200, 100, 50, 128, 200, 100, 50, 0, 200, 100, 50, 255, 0, 0, 0, 255);
    const greys = Uint8Array.of(200, 128, 200, 0, 200, 255, 0, 255);
    const black = { background: "#000000" };
    const [inColour, inGrey] = [await smallPng(rgba, 4), await smallPng(greys, 2)];
    expect(await prepare(inColour, { ...colour, ...black })).toEqual([100, 0, 200, 0, 50, 0, 100, 0, 25, 0, 50, 0]);
    expect(await prepare(inGrey, { ...grey, ...black })).toEqual([100, 0, 200, 0]);
    // 200 * 128 / 255 + 255 * 127 / 255 = 227.4
    expect(await prepare(inColour, colour)).toEqual([227, 255, 200, 0, 177, 255, 100, 0, 152, 255, 50, 0]);
    expect(await prepare(inGrey, grey)).toEqual([227, 255, 200, 0]);
    expect(await prepare(inColour, { ...colour, background: "#ff0000" })).toEqual([
      227, 255, 200, 0, 50, 0, 100, 0, 25, 0, 50, 0,
    ]);
  });

  test("16 bits become 8", async () => {
    const levels = Uint16Array.of(0, 256, 32768, 65535);
    expect(await prepare(await smallPng(levels, 1), grey)).toEqual([0, 1, 128, 255]);
    const samples = Uint16Array.from([...levels].flatMap((level) => [level, level, level]));
    expect(await prepare(await smallPng(samples, 3), grey)).toEqual([0, 1, 128, 255]);
  });

  test("files of 16 bits that use fewer are refused, or read by the bits that the form says", async () => {
    const levels = Uint16Array.of(0, 1000, 2048, 4095);
    const greyFile = await smallPng(levels, 1);
    const colourFile = await smallPng(Uint16Array.from([...levels].flatMap((level) => [level, 4095 - level, 7])), 3);
    const reason =
      "file has 16 bits a sample, but no value above 4095, as images of 12 bits have; train with such images or scale them to 16 bits";
    expect(await prepare(greyFile, grey)).toBe(reason);
    expect(await prepare(colourFile, { ...colour, sampleBits: null })).toBe(reason);
    // 255 * 1000 / 4095 = 62.3, 255 * 2048 / 4095 = 127.5
    expect(await prepare(greyFile, { ...grey, sampleBits: 12 })).toEqual([0, 62, 128, 255]);
    expect(await prepare(colourFile, { ...colour, sampleBits: 12 })).toEqual([
      0, 62, 128, 255, 255, 193, 127, 0, 0, 0, 0, 0,
    ]);
    expect(await prepare(greyFile, { ...grey, sampleBits: 16 })).toEqual([0, 3, 8, 15]);
    expect(await prepare(greyFile, { ...grey, sampleBits: 10 })).toBe(
      "image has values up to 4095, beyond the 10 bits (1023) of the images trained on",
    );
    expect(await prepare(await smallPng(Uint8Array.of(0, 9, 20, 30), 1), { ...grey, sampleBits: 12 })).toEqual([
      0, 9, 20, 30,
    ]);
  });

  test("float samples are read by the range of those trained on, and refused where there were none", async () => {
    const file = tiffOf("float", [0, 0.25, 0.5, 1]);
    expect(await prepare(file, grey)).toBe(
      "samples are floating-point numbers, and none were trained on; save it with 8 or 16 bits",
    );
    expect(await prepare(file, { ...grey, sampleRange: [0, 1] })).toEqual([0, 64, 128, 255]);
    expect(await prepare(tiffOf("float", [0, 0.25, Number.NaN, 1]), { ...grey, sampleRange: [0, 1] })).toBe(
      "image has values that are no numbers",
    );
    const read = async () => ({ kind: "encoded", bytes: file }) as const;
    expect(await sampleRangeOf({ length: 3, read })).toEqual([0, 1]);
  });

  test.each([
    ["short", "signed numbers of 16 bits"],
    ["int", "signed numbers of 32 bits"],
    ["uint", "numbers of 32 bits"],
    ["char", "signed numbers of 8 bits"],
  ] as const)("%s samples are refused", async (depth, kind) => {
    expect(await prepare(tiffOf(depth, [0, 0.25, Number.NaN, 1]), grey)).toBe(
      `samples are ${kind}, whose darkest and brightest nobody says; save it with 8 or 16 bits`,
    );
  });

  test("CMYK becomes RGB", async () => {
    const image = sharp({ create: { width: 8, height: 8, channels: 3, background: "#ff0000" } });
    const pixels = await prepare(await image.toColourspace("cmyk").jpeg().toBuffer(), colour);
    expect(pixels).toHaveLength(12);
    expect(pixels[0]).toBeGreaterThan(200);
    expect(pixels[4]).toBeLessThan(60);
  });
});

test("a picture of 30,000x30,000 is refused by its header", async () => {
  const file = Buffer.from(await plainPng(8, 8));
  file.writeUInt32BE(30_000, 16);
  file.writeUInt32BE(30_000, 20);
  file.writeUInt32BE(crc32(file.subarray(12, 29)), 29);
  expect(await prepare(file, colour)).toBe("image has more than 268 million pixels; shrink or cut it");
});

test("EXIF orientation turns the image upright", async () => {
  const left = sharp(Uint8Array.of(200, 0, 200, 0), { raw: { width: 2, height: 2, channels: 1 } });
  const turned = await left.png().withMetadata({ orientation: 6 }).toBuffer();
  expect(await prepare(turned, grey)).toEqual([200, 200, 0, 0]);
});

test("every supported format is decoded", async () => {
  const image = sharp({ create: { width: 40, height: 24, channels: 3, background: "#336699" } });
  for (const format of ["png", "jpeg", "webp", "tiff", "avif", "gif"] as const) {
    const pixels = await prepare(await image.clone().toFormat(format).toBuffer(), colour);
    const expected = [0x33, 0x66, 0x99].flatMap((level) => [level, level, level, level]);
    expect(pixels, format).toHaveLength(12);
    for (const [index, level] of expected.entries()) {
      expect(Math.abs(Number(pixels[index]) - level), format).toBeLessThan(8);
    }
  }
});

describe("sizes", () => {
  test("shrinking antialiases: fine stripes become their mean, not stripes", async () => {
    const stripes = Uint8Array.from({ length: 64 * 64 }, (_, index) => (index % 2 === 0 ? 0 : 200));
    const specification = { channels: 1, height: 8, width: 8 };
    const raw = { kind: "raw", pixels: stripes, channels: 1, height: 64, width: 64 } as const;
    const prepared = await prepareImage(raw, specification);
    const png = await sharp(stripes, { raw: { width: 64, height: 64, channels: 1 } })
      .png()
      .toBuffer();
    const { pixels } = prepared as { pixels: Uint8Array };
    expect(await prepare(png, specification)).toEqual([...pixels]);
    for (const level of pixels) expect(Math.abs(level - 100)).toBeLessThanOrEqual(8);
  });

  test("raw colour shrinks plane by plane", async () => {
    const pixels = Uint8Array.from({ length: 3 * 16 }, (_, index) => [10, 100, 200][Math.floor(index / 16)]!);
    const prepared = await prepareImage({ kind: "raw", pixels, channels: 3, height: 4, width: 4 }, colour);
    expect(prepared).toMatchObject({ pixels: Uint8Array.of(10, 10, 10, 10, 100, 100, 100, 100, 200, 200, 200, 200) });
  });

  test("proportions are not kept; one axis may shrink while the other grows", async () => {
    const png = await plainPng(100, 20, "#0a141e");
    const pixels = await prepare(png, { channels: 3, height: 32, width: 32 });
    expect(new Set<string | number>(pixels)).toEqual(new Set([10, 20, 30]));
    expect(pixels).toHaveLength(3 * 32 * 32);
  });

  test("half the model's size is enough, less is not", async () => {
    const model = { channels: 3, height: 32, width: 32 };
    expect(await prepare(await plainPng(16, 16), model)).toHaveLength(3 * 32 * 32);
    expect(await prepare(await plainPng(12, 10), model)).toBe("image is 12x10, smaller than half the model's 32x32");
    expect(await prepare(await plainPng(200, 15), model)).toBe("image is 200x15, smaller than half the model's 32x32");
    const raw = { kind: "raw", pixels: new Uint8Array(15 * 40), channels: 1, height: 15, width: 40 } as const;
    expect(await prepareImage(raw, model)).toEqual({ reason: "image is 40x15, smaller than half the model's 32x32" });
  });
});

describe("pages", () => {
  const pages = (levels: readonly number[]) =>
    Promise.all(
      levels.map((level) =>
        sharp({ create: { width: 4, height: 4, channels: 3, background: { r: level, g: level, b: level } } })
          .png()
          .toBuffer(),
      ),
    );

  test.each(["tiff", "gif", "webp"] as const)(
    "of a %s file: the first, with a remark, or the one that is asked for",
    async (format) => {
      const images = sharp(await pages([0, 255]), { join: { animated: true } });
      const bytes = await (format === "webp" ? images.webp({ lossless: true }) : images.toFormat(format)).toBuffer();
      const prepared = (page?: number) =>
        prepareImage({ kind: "encoded", bytes, ...(page === undefined ? {} : { page }) }, grey);
      expect(await prepared()).toMatchObject({
        pixels: Uint8Array.of(0, 0, 0, 0),
        remarks: expect.arrayContaining(["first-page"]),
      });
      expect(await prepared(2)).toMatchObject({ pixels: Uint8Array.of(255, 255, 255, 255) });
      expect(await prepared(1)).not.toMatchObject({ remarks: expect.arrayContaining(["first-page"]) });
      expect(await prepared(3)).toEqual({ reason: "file has 2 pages, none of number 3" });
    },
  );

  test("of a file with one", async () => {
    const bytes = await plainPng(4, 4);
    expect(await prepareImage({ kind: "encoded", bytes, page: 2 }, grey)).toEqual({
      reason: "file has 1 page, none of number 2",
    });
  });
});

describe("refusals", () => {
  test("say what is wrong in one line", async () => {
    const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#336699" } })
      .jpeg()
      .toBuffer();
    const png = await sharp(jpeg).png().toBuffer();
    const svg = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'/>");
    const reasons = await Promise.all(
      [Buffer.from("a text renamed .png"), new Uint8Array(0), svg, cut(jpeg, 0.7), cut(png, 0.7)].map((bytes) =>
        prepare(bytes, colour),
      ),
    );
    expect(reasons).toEqual([
      "cannot be decoded: input buffer contains unsupported image format",
      "file is empty",
      "file is svg, not a pixel image",
      expect.stringMatching(/^cannot be decoded: [^\n]+$/),
      expect.stringMatching(/^cannot be decoded: [^\n]+$/),
    ]);
  });
});

function cut(bytes: Uint8Array, share: number): Uint8Array {
  return bytes.subarray(0, Math.floor(bytes.length * share));
}

/** A grey TIFF of 2x2 samples, little-endian, one strip. */
function tiffOf(depth: "float" | "short" | "int" | "uint" | "char", values: readonly number[]): Buffer {
  const kinds = { char: [1, 2], short: [2, 2], int: [4, 2], uint: [4, 1], float: [4, 3] } as const;
  const [bytes, format] = kinds[depth];
  const tags = [
    [256, 2],
    [257, 2],
    [258, 8 * bytes],
    [259, 1],
    [262, 1],
    [273, 8],
    [277, 1],
    [278, 2],
    [279, 4 * bytes],
    [339, format],
  ] as const;
  const directory = 8 + 4 * bytes;
  const file = Buffer.alloc(directory + 2 + 12 * tags.length + 4);
  file.write("II*\0", "latin1");
  file.writeUInt32LE(directory, 4);
  for (const [index, value] of values.entries()) {
    const at = 8 + index * bytes;
    if (depth === "float") file.writeFloatLE(value, at);
    else file.writeUIntLE(Math.round(value || 0), at, bytes);
  }
  file.writeUInt16LE(tags.length, directory);
  for (const [index, [tag, value]] of tags.entries()) {
    const at = directory + 2 + 12 * index;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(tag === 273 || tag === 279 ? 4 : 3, at + 2);
    file.writeUInt32LE(1, at + 4);
    if (tag === 273 || tag === 279) file.writeUInt32LE(value, at + 8);
    else file.writeUInt16LE(value, at + 8);
  }
  return file;
}
