/** Tests of the image files that are decoded here: bitmaps and DICOM, by hand-worked pixels, and what is refused of them. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InputForm } from "../../pixels/index.ts";
import { makeFolder, propertySeed, writeFiles } from "../example-files.ts";
import { loadImages } from "../loading.ts";
import { openImages } from "../opening.ts";
import { sampleBitsOf } from "./deep-samples.ts";
import { imageSizeIn } from "./encoded-images.ts";
import { bmpOf, dicomOf, plainPng } from "./example-images.ts";
import { sampleRangeOf } from "./number-range.ts";
import { prepareImage } from "./preparation.ts";
import { sharpLibrary } from "./sharp-library.ts";
import { decodeWhole } from "./whole-images.ts";

const grey = { channels: 1, height: 2, width: 2 };
const colour = { channels: 3, height: 2, width: 2 };

async function prepare(bytes: Uint8Array, form: InputForm, page?: number): Promise<number[] | string> {
  const prepared = await prepareImage({ kind: "encoded", bytes, ...(page === undefined ? {} : { page }) }, form);
  return "reason" in prepared ? prepared.reason : Array.from(prepared.pixels);
}

describe("a bitmap", () => {
  // Upper row red, green; lower row blue, white, as blue, green, red and row by row from the bottom.
  const bottomUp = [255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0];
  const planes = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255];
  const four = (bytes: readonly number[]): number[] =>
    [0, 8].flatMap((row) => [0, 3].flatMap((pixel) => [...bytes.slice(row + pixel, row + pixel + 3), 7]));
  const palette = [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0];

  test.each<[string, Uint8Array]>([
    ["of 24 bits", bmpOf({ bits: 24, rows: bottomUp })],
    ["from the top", bmpOf({ bits: 24, height: -2, rows: [...bottomUp.slice(8), ...bottomUp.slice(0, 8)] })],
    ["of 32 bits", bmpOf({ bits: 32, rows: four(bottomUp) })],
    ["of OS/2", bmpOf({ bits: 24, core: true, rows: bottomUp })],
    ["of 16 bits, 5 a colour", bmpOf({ bits: 16, rows: [0x1f, 0, 0xff, 0x7f, 0, 0x7c, 0xe0, 3] })],
    [
      "of 16 bits with masks",
      bmpOf({ bits: 16, compression: 3, masks: [0xf800, 0x7e0, 0x1f], rows: [0x1f, 0, 0xff, 0xff, 0, 0xf8, 0xe0, 7] }),
    ],
    [
      "of 32 bits with masks",
      bmpOf({
        bits: 32,
        compression: 3,
        masks: [0xff000000, 0xff0000, 0xff00],
        rows: [0, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 0, 0, 255, 0],
      }),
    ],
    ["of 8 bits", bmpOf({ bits: 8, palette, rows: [2, 3, 0, 0, 0, 1, 0, 0] })],
    ["of 4 bits", bmpOf({ bits: 4, palette, rows: [0x23, 0, 0, 0, 0x01, 0, 0, 0] })],
    [
      "of run lengths of 8 bits",
      bmpOf({ bits: 8, compression: 1, palette, rows: [1, 2, 1, 3, 0, 0, 0, 2, 0, 0, 1, 0, 1, 1, 0, 1] }),
    ],
    [
      "of plain runs of 4 bits",
      bmpOf({ bits: 4, compression: 2, palette, rows: [0, 3, 0x23, 0x30, 0, 0, 2, 0x01, 0, 1] }),
    ],
  ])("%s", async (_, bytes) => {
    expect(await prepare(bytes, colour)).toEqual(planes);
    expect(await imageSizeIn(bytes)).toEqual({ height: 2, width: 2 });
  });

  test("of 1 bit and a grey palette is grey", async () => {
    const bytes = bmpOf({ bits: 1, palette: [9, 9, 9, 0, 200, 200, 200, 0], rows: [0x80, 0, 0, 0, 0x40, 0, 0, 0] });
    expect(await prepare(bytes, grey)).toEqual([9, 200, 200, 9]);
    const whole = await decodeWhole({ kind: "encoded", bytes }, grey);
    expect(whole).toMatchObject({ channels: 1, height: 2, width: 2 });
  });

  test.each<[string, Uint8Array]>([
    ["cannot be decoded: it is cut off", bmpOf({ bits: 24, rows: bottomUp }).subarray(0, -1)],
    ["cannot be decoded: it is cut off", bmpOf({ bits: 8, palette, compression: 1, rows: [1, 2, 1, 3] })],
    [
      "image has more than 268 million pixels; shrink or cut it",
      bmpOf({ bits: 8, compression: 1, width: 30_000, height: 30_000, rows: [0, 1] }),
    ],
    [
      "cannot be decoded: 16000x16000 pixels cannot lie in 72 bytes",
      bmpOf({ bits: 8, compression: 1, palette, width: 16_000, height: 16_000, rows: [0, 1] }),
    ],
    ["file is a bitmap of 24 bits and kind 4, which is not read", bmpOf({ bits: 24, compression: 4, rows: bottomUp })],
    [
      "image is 4000000x2, more than a million times the model's 2x2",
      bmpOf({ bits: 1, width: 4_000_000, palette: Array(8).fill(9), rows: Array(1_000_000).fill(0) }),
    ],
    ["cannot be decoded: it is 0x2", bmpOf({ bits: 24, width: 0, rows: bottomUp })],
  ])("is refused: %s", async (reason, bytes) => {
    expect(await prepare(bytes, colour)).toBe(reason);
  });

  test(`of 24 bits holds what was written (seed ${propertySeed})`, async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 2, max: 9 }),
      fc.nat(),
      async (width, height, seed) => {
        const level = (at: number): number => (at * 37 + seed) % 256;
        const row = 4 * Math.ceil((3 * width) / 4);
        const rows = Array.from({ length: height * row }, () => 0);
        for (let at = 0; at < width * height; at++) {
          const start = (height - 1 - Math.floor(at / width)) * row + 3 * (at % width);
          for (let channel = 0; channel < 3; channel++) rows[start + 2 - channel] = level(3 * at + channel);
        }
        const got = await prepare(bmpOf({ bits: 24, width, height, rows }), { channels: 3, height, width });
        const area = width * height;
        expect(got).toEqual(
          Array.from({ length: 3 * area }, (_, at) => level(3 * (at % area) + Math.floor(at / area))),
        );
      },
    );
    await fc.assert(property, { seed: propertySeed, numRuns: 25 });
  });
});

describe("a DICOM file", () => {
  const usual = { rows: 2, columns: 2, allocated: 16, stored: 12 } as const;
  const levels = [0, 1000, 2000, 4095];

  test("goes through its window, rescaled", async () => {
    // (v - 999.5) / 1999 + 0.5 of v = 0, 1000, 2000, 4095 less 0; times 255.
    expect(await prepare(dicomOf({ ...usual, values: levels, center: "1000", width: "2000" }), grey)).toEqual([
      0, 128, 255, 255,
    ]);
    expect(
      await prepare(
        dicomOf({ ...usual, values: levels, center: "0\\40", width: "2000\\9", slope: "2", intercept: "-2000" }),
        grey,
      ),
    ).toEqual([0, 128, 255, 255]);
    expect(
      await prepare(dicomOf({ ...usual, values: levels, center: "1000", width: "2000", shape: "LINEAR_EXACT" }), grey),
    ).toEqual([0, 128, 255, 255]);
    // 255 / (1 + e^2) = 30.4, and 255 / (1 + e^-2) = 224.6.
    expect(
      await prepare(dicomOf({ ...usual, values: levels, center: "1000", width: "2000", shape: "SIGMOID" }), grey),
    ).toEqual([30, 128, 225, 254]);
  });

  test("is dark where it is meant to be, signed, implicit, and with the high byte first", async () => {
    const window = { center: "1000", width: "2000" } as const;
    expect(await prepare(dicomOf({ ...usual, ...window, values: levels, meaning: "MONOCHROME1" }), grey)).toEqual([
      255, 127, 0, 0,
    ]);
    expect(
      await prepare(
        dicomOf({ ...usual, values: [0x800, 0xfff, 0, 0x7ff], signed: true, center: "0", width: "4096" }),
        grey,
      ),
    ).toEqual([0, 127, 128, 255]);
    expect(await prepare(dicomOf({ ...usual, ...window, values: levels, syntax: "1.2.840.10008.1.2" }), grey)).toEqual([
      0, 128, 255, 255,
    ]);
    expect(
      await prepare(dicomOf({ ...usual, ...window, values: levels, syntax: "1.2.840.10008.1.2.2" }), grey),
    ).toEqual([0, 128, 255, 255]);
  });

  test("without a window is read by what the images trained on use", async () => {
    const read = (values: readonly number[], more = {}) => ({
      length: 1,
      read: async () => ({ kind: "encoded", bytes: dicomOf({ ...usual, values, ...more }) }) as const,
    });
    expect(await sampleBitsOf(read(levels))).toBe(12);
    expect(await prepare(dicomOf({ ...usual, values: levels }), { ...grey, sampleBits: 12 })).toEqual([
      0, 62, 125, 255,
    ]);
    const rescaled = { slope: "0.5", intercept: "-1000" };
    const sampleRange = await sampleRangeOf(read(levels, rescaled));
    expect(sampleRange).toEqual([-1000, 1047.5]);
    expect(await prepare(dicomOf({ ...usual, values: levels, ...rescaled }), { ...grey, sampleRange })).toEqual([
      0, 62, 125, 255,
    ]);
    expect(await prepare(dicomOf({ ...usual, allocated: 8, stored: 8, values: [0, 9, 100, 255] }), grey)).toEqual([
      0, 9, 100, 255,
    ]);
  });

  test("in colour is RGB, pixel by pixel or plane by plane", async () => {
    const eight = { rows: 2, columns: 2, allocated: 8, stored: 8, samples: 3, meaning: "RGB" } as const;
    const pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const planes = [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12];
    expect(await prepare(dicomOf({ ...eight, values: pixels }), colour)).toEqual(planes);
    expect(await prepare(dicomOf({ ...eight, values: planes, planar: true }), colour)).toEqual(planes);
    expect(await prepare(dicomOf({ ...eight, values: Array(12).fill(128), meaning: "YBR_FULL" }), colour)).toEqual(
      Array(12).fill(128),
    );
  });

  test("of several frames is read by '#page=', and nothing of the patient comes out", async () => {
    const { folder, remove } = await makeFolder();
    try {
      const values = [1, 2, 3, 4, 5, 6, 7, 8];
      const bytes = dicomOf({ ...usual, allocated: 8, stored: 8, values, frames: "2", patient: "DOE^JANE" });
      await writeFiles(folder, { "scan.dcm": bytes });
      const load = async (location: string) =>
        loadImages(await openImages(join(folder, location), "here"), grey, { strict: true });
      expect(Array.from((await load("scan.dcm#page=2")).pixels)).toEqual([5, 6, 7, 8]);
      const first = await load("scan.dcm");
      expect([Array.from(first.pixels), first.found.remarks[0]?.text]).toEqual([
        [1, 2, 3, 4],
        expect.stringContaining("more than one page"),
      ]);
      expect(JSON.stringify(first)).not.toContain("DOE");
      await expect(load("scan.dcm#page=3")).rejects.toThrow("file has 2 pages, none of number 3");
    } finally {
      await remove();
    }
  });

  test.each<[string, Partial<Parameters<typeof dicomOf>[0]>]>([
    [
      "its pixels are compressed, which is not read; save it uncompressed, as dcmdjpeg does",
      { syntax: "1.2.840.10008.1.2.4.90" },
    ],
    ["its colours are PALETTE COLOR, which are not read", { meaning: "PALETTE COLOR" }],
    ["its colours are of a kind, which are not read", { meaning: "doe^jane" }],
    ["samples are 32 of 32 bits, which are not read", { allocated: 32, stored: 32 }],
    ["cannot be decoded: it is cut off", { rows: 3 }],
    ["image has more than 268 million pixels; shrink or cut it", { rows: 60_000, columns: 60_000 }],
    ["file is a DICOM file without pixels", { columns: 0 }],
    ["its 3 channels of 16 bits are no RGB", { samples: 3, rows: 1, columns: 1 }],
  ])("is refused: %s", async (reason, changes) => {
    expect(await prepare(dicomOf({ ...usual, values: levels, ...changes }), grey)).toBe(reason);
  });

  test("tells its size before it is decoded", async () => {
    expect(await imageSizeIn(dicomOf({ ...usual, rows: 60_000, values: levels }))).toEqual({
      height: 60_000,
      width: 2,
    });
    expect(await imageSizeIn(bmpOf({ bits: 8, width: 10_000, height: 20_000, rows: [] }))).toEqual({
      height: 20_000,
      width: 10_000,
    });
    expect(await imageSizeIn(dicomOf({ ...usual, values: levels }).subarray(0, 190))).toBeUndefined();
  });

  test("that is damaged is refused without a word of what it says", async () => {
    const bytes = dicomOf({ ...usual, values: levels, patient: "DOE^JANE" });
    expect(await prepare(bytes.subarray(0, 200), grey)).toBe("cannot be decoded: it is damaged, or no DICOM file");
  });
});

test("frames of a GIF and pages of a TIFF are read by their number", async () => {
  const frames = await Promise.all(["#0a0a0a", "#5a5a5a", "#c8c8c8"].map((level) => plainPng(4, 4, level)));
  for (const format of ["gif", "webp", "tiff"] as const) {
    const bytes = await sharpLibrary()(frames, { join: { animated: true } })
      .toFormat(format, { lossless: true })
      .toBuffer();
    expect(await prepare(bytes, grey, 2), format).toEqual([90, 90, 90, 90]);
    expect(await prepare(bytes, grey, 4), format).toBe("file has 3 pages, none of number 4");
  }
});
