/** Tests of preparation: orientation, colours, depths, transparency, sizes, and what is refused. */

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { ImageShape } from "../base/index.ts";
import { plainPng } from "./example-files.ts";
import { prepareImage } from "./preparation.ts";

const colour: ImageShape = { channels: 3, height: 2, width: 2 };
const grey: ImageShape = { channels: 1, height: 2, width: 2 };

async function prepare(bytes: Uint8Array, specification: ImageShape): Promise<number[] | string> {
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

  test("transparency is laid on black", async () => {
    const rgba = Uint8Array.of(200, 100, 50, 128, 200, 100, 50, 0, 200, 100, 50, 255, 0, 0, 0, 255);
    expect(await prepare(await smallPng(rgba, 4), colour)).toEqual([100, 0, 200, 0, 50, 0, 100, 0, 25, 0, 50, 0]);
    expect(await prepare(await smallPng(Uint8Array.of(200, 128, 200, 0, 200, 255, 0, 255), 2), grey)).toEqual([
      100, 0, 200, 0,
    ]);
  });

  test("16 bits become 8", async () => {
    const levels = Uint16Array.of(0, 256, 32768, 65535);
    expect(await prepare(await smallPng(levels, 1), grey)).toEqual([0, 1, 128, 255]);
    const samples = Uint16Array.from([...levels].flatMap((level) => [level, level, level]));
    expect(await prepare(await smallPng(samples, 3), grey)).toEqual([0, 1, 128, 255]);
  });

  test("CMYK becomes RGB", async () => {
    const image = sharp({ create: { width: 8, height: 8, channels: 3, background: "#ff0000" } });
    const pixels = await prepare(await image.toColourspace("cmyk").jpeg().toBuffer(), colour);
    expect(pixels).toHaveLength(12);
    expect(pixels[0]).toBeGreaterThan(200);
    expect(pixels[4]).toBeLessThan(60);
  });
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
    expect(prepared).toEqual({ pixels: Uint8Array.of(10, 10, 10, 10, 100, 100, 100, 100, 200, 200, 200, 200) });
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
