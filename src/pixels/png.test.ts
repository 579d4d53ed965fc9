/** PNG files decoded to the very samples that they store, whatever filters their rows have. */
import { promisify } from "node:util";
import { inflate as inflateBytes } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { pngOf } from "../data/decoding/example-images.ts";
import { decodePng } from "./index.ts";

const inflate = promisify(inflateBytes);
const seed = 20261126;

test(`samples come back as they were stored (seed ${seed})`, async () => {
  const shape = {
    channels: fc.constantFrom(1, 2, 3, 4),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
  };
  const property = fc.asyncProperty(
    fc.record({ ...shape, deep: fc.boolean() }),
    fc.infiniteStream(fc.nat(65535)),
    async ({ deep, ...size }, levels) => {
      const length = size.channels * size.height * size.width;
      const samples = deep
        ? Uint16Array.from({ length }, () => levels.next().value!)
        : Uint8Array.from({ length }, () => levels.next().value!);
      const decoded = await decodePng(pngOf(samples, { ...size, orientation: 6 }), inflate);
      expect(decoded).toEqual({ samples, ...size, orientation: 6 });
    },
  );
  await fc.assert(property, { seed, numRuns: 100 });
});

test.each([1, 3, 4] as const)("rows with filters chosen for each, %i channels", async (channels) => {
  const size = { height: 40, width: 40, channels };
  const samples = Uint8Array.from({ length: 1600 * channels }, (_, at) => 60 * Math.sin(at / 50) + (at % 97) + 80);
  const space = channels === 1 ? "b-w" : "srgb";
  const options = { adaptiveFiltering: true, palette: false };
  const bytes = await sharp(samples, { raw: size }).toColourspace(space).png(options).toBuffer();
  expect((await decodePng(bytes, inflate))?.samples).toEqual(samples);
});

test("what it does not decode is left to others, and damage is told", async () => {
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: "#336699" } });
  expect(await decodePng(await picture.clone().jpeg().toBuffer(), inflate)).toBeUndefined();
  expect(await decodePng(await picture.clone().png({ palette: true }).toBuffer(), inflate)).toBeUndefined();
  expect(await decodePng(await picture.clone().png({ progressive: true }).toBuffer(), inflate)).toBeUndefined();
  expect(await decodePng(await picture.clone().withIccProfile("p3").png().toBuffer(), inflate)).toBeUndefined();
  expect(await decodePng(new Uint8Array(0), inflate)).toBeUndefined();
  const bytes = pngOf(new Uint8Array(64), { channels: 1, height: 8, width: 8 });
  await expect(decodePng(bytes.subarray(0, bytes.length - 20), inflate)).rejects.toThrow();
  await expect(decodePng(bytes, async () => new Uint8Array(71))).rejects.toThrow("the rows end early");
  await expect(decodePng(bytes, async () => new Uint8Array(72).fill(9))).rejects.toThrow("no filter 9");
});
