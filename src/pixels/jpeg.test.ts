/** JPEG files of every size, shrunk while they are decoded where libvips does so, and turned by their EXIF blocks. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { turnedJpeg } from "../data/decoding/example-images.ts";
import { prepareImage } from "../data/index.ts";
import { jpegDecoder, jpegHeader, jpegReduction, prepareDecoded, swapsSides } from "./index.ts";

declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

const seed = 20261126;
const library = createRequire(import.meta.url).resolve("@cwasm/jpeg-turbo/jpeg-turbo.wasm");
const decoder = jpegDecoder(new WebAssembly.Module(readFileSync(library)));

/** A picture with smooth parts and edges. */
function draw(channels: 1 | 3, height: number, width: number): Uint8Array {
  return Uint8Array.from({ length: channels * height * width }, (_, at) => {
    const [x, y, c] = [Math.floor(at / channels) % width, Math.floor(at / channels / width), at % channels];
    return 128 + 90 * Math.sin(x / 11 + c) + (Math.floor(y / 13) % 2 === 0 ? 30 : -30);
  });
}

test(`files of every size, kind and orientation (seed ${seed})`, async () => {
  const side = fc.integer({ min: 8, max: 40 });
  const factor = fc.double({ min: 0.6, max: 22, noNaN: true });
  const property = fc.asyncProperty(
    fc.record({
      channels: fc.constantFrom(1 as const, 3 as const),
      orientation: fc.option(fc.integer({ min: 1, max: 8 })),
      progressive: fc.boolean(),
      chromaSubsampling: fc.constantFrom("4:2:0", "4:4:4"),
      model: fc.record({ channels: fc.constantFrom(1, 3), height: side, width: side }),
      tall: factor,
      wide: factor,
    }),
    async ({ channels, orientation, progressive, chromaSubsampling, model, tall, wide }) => {
      const [height, width] = [Math.round(model.height * tall), Math.round(model.width * wide)];
      const raw = sharp(draw(channels, height, width), { raw: { channels, height, width } });
      const space = channels === 1 ? "b-w" : "srgb";
      const file = await raw.toColourspace(space).jpeg({ progressive, chromaSubsampling, quality: 92 }).toBuffer();
      const bytes = orientation === null ? file : turnedJpeg(file, orientation);
      const image = decoder.decode(bytes, (header) => {
        const swapped = swapsSides(header.orientation) ? { height: model.width, width: model.height } : model;
        return jpegReduction(header, swapped);
      });
      expect(jpegHeader(bytes)).toMatchObject({ height, width, orientation: orientation ?? 1 });
      expect(await prepareImage({ kind: "encoded", bytes }, model)).toMatchObject(prepareDecoded(image!, model));
    },
  );
  // Turned, and shrunk while it is decoded to less than four times the model's size.
  const turned = { channels: 3, orientation: 6, progressive: false, chromaSubsampling: "4:2:0" } as const;
  const model = { channels: 3, height: 32, width: 32 } as const;
  await fc.assert(property, { seed, numRuns: 100, examples: [[{ ...turned, model, tall: 9.4, wide: 13.2 }]] });
});
