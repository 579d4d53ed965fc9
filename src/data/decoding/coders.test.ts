/** Tests of coders: lossless for grey and colour, whole files, order, refusals. */
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { ConfigError, type ImageShape, randomKey } from "../../base/index.ts";
import { makeImages } from "../../made/index.ts";
import { coderNames } from "../../score/index.ts";
import { encodeImage, measureCoderBits } from "./coders.ts";

/** Pixels [C, H, W] of a file; three equal channels for grey where the format knows colour only. */
async function decode(file: Uint8Array, channels: number): Promise<Uint8Array> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const area = info.width * info.height;
  return Uint8Array.from({ length: channels * area }, (_, index) => {
    const channel = Math.floor(index / area);
    return data[(index % area) * info.channels + channel]!;
  });
}

describe.each([1, 3])("images of %d channels", (channels) => {
  const image = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.constantFrom(255, 3, 0))
    .chain(([height, width, most]) => {
      const length = channels * height * width;
      const specification: ImageShape = { channels, height, width };
      return fc.record({
        specification: fc.constant(specification),
        pixels: fc.uint8Array({ min: 0, max: most, minLength: length, maxLength: length }),
      });
    });

  test.each(coderNames)("come back from %s as they went in", async (coder) => {
    await fc.assert(
      fc.asyncProperty(image, async ({ pixels, specification }) => {
        const file = await encodeImage(pixels, specification, coder);
        expect(await decode(file, channels)).toEqual(pixels);
      }),
      { seed: 20_061_084, numRuns: 60 },
    );
  });

  test("of every grey level and its neighbours come back exactly", async () => {
    const specification = { channels, height: 16, width: 16 };
    const pixels = Uint8Array.from({ length: channels * 256 }, (_, index) => (index * (channels === 1 ? 1 : 7)) % 256);
    for (const coder of coderNames) {
      expect(await decode(await encodeImage(pixels, specification, coder), channels)).toEqual(pixels);
    }
  });

  test("are measured one by one, in order, as whole files, whatever runs at a time", async () => {
    const specification = { channels, height: 16, width: 16 };
    const size = channels * 256;
    const key = randomKey("coders");
    const { pixels } = makeImages({ kind: "normal", count: 9, specification, key });
    const bits = await measureCoderBits(pixels, specification, { concurrency: 3 });
    for (const coder of coderNames) {
      const lengths = [];
      for (let image = 0; image < 9; image++) {
        lengths.push(
          8 * (await encodeImage(pixels.subarray(image * size, (image + 1) * size), specification, coder)).length,
        );
      }
      expect([...bits[coder]]).toEqual(lengths);
    }
    expect(await measureCoderBits(pixels, specification, { concurrency: 1 })).toEqual(bits);
  });
});

test("a grey image is coded as grey PNG", async () => {
  const file = await encodeImage(new Uint8Array(64), { channels: 1, height: 8, width: 8 }, "png");
  expect(await sharp(file).metadata()).toMatchObject({ format: "png", channels: 1, depth: "uchar", isPalette: false });
});

test("noise needs more bits than a plain image, and about eight for every number", async () => {
  const specification = { channels: 3, height: 32, width: 32 };
  const stream = randomKey("noise").stream();
  const noise = Uint8Array.from({ length: 3072 }, () => stream.integer(256));
  const { png, webp } = await measureCoderBits(Uint8Array.of(...new Uint8Array(3072), ...noise), specification);
  for (const [plain, noisy] of [png, webp]) {
    expect(plain).toBeLessThan(0.2 * noisy!);
    expect(noisy! / 3072).toBeGreaterThan(8);
    expect(noisy! / 3072).toBeLessThan(8.5);
  }
});

test("no images have no bits", async () => {
  const bits = await measureCoderBits(new Uint8Array(0), { channels: 1, height: 8, width: 8 });
  expect(bits).toEqual({ png: new Float64Array(0), webp: new Float64Array(0) });
});

describe("refused are", () => {
  test("other channels than grey and colour", async () => {
    const measuring = measureCoderBits(new Uint8Array(8), { channels: 2, height: 2, width: 2 });
    await expect(measuring).rejects.toBeInstanceOf(ConfigError);
    await expect(measuring).rejects.toThrow("coders: expected 1 (grey) or 3 (colour) channels, got 2");
  });

  test("bytes that are no whole images", async () => {
    await expect(measureCoderBits(new Uint8Array(7), { channels: 1, height: 2, width: 2 })).rejects.toThrow(
      "internal: ",
    );
  });
});

describe("this build of libvips", () => {
  test("has no JPEG XL: WebP is the strongest lossless coder at hand", () => {
    expect(sharp.format.jxl.output.buffer).toBe(false);
  });
});
