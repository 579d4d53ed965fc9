/** Images of any size in the squares of a contact sheet. */
import { resized, withChannels } from "../../faults/index.ts";
import type { RawImage } from "../../pixels/index.ts";
import type { PixelBatch } from "../../report/index.ts";

/** Sides of a square. */
const side = 128;

/** Reads images one after another, each in the middle of a square of light grey: shrunk to fit, or its pixels repeated. */
export async function boxedImages(reads: readonly (() => Promise<RawImage>)[]): Promise<PixelBatch> {
  const boxes: Uint8Array[] = [];
  for (const read of reads) boxes.push(boxed(await read()));
  return { channels: 3, height: side, width: side, count: boxes.length, pixels: Buffer.concat(boxes) };
}

function boxed(image: RawImage): Uint8Array {
  const colour = withChannels(image, 3);
  const factor = side / Math.max(image.height, image.width);
  const fitted = factor < 1 ? resized(colour, scaled(colour, factor)) : repeated(colour, Math.floor(factor));
  const box = new Uint8Array(3 * side * side).fill(236);
  const top = Math.floor((side - fitted.height) / 2);
  const left = Math.floor((side - fitted.width) / 2);
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < fitted.height; row++) {
      const from = (channel * fitted.height + row) * fitted.width;
      box.set(fitted.pixels.subarray(from, from + fitted.width), (channel * side + top + row) * side + left);
    }
  }
  return box;
}

function scaled({ height, width }: RawImage, factor: number) {
  return { height: Math.max(1, Math.round(height * factor)), width: Math.max(1, Math.round(width * factor)) };
}

function repeated({ pixels, channels, height, width }: RawImage, times: number): RawImage {
  const wide = width * times;
  const result = new Uint8Array(channels * height * times * wide);
  for (let at = 0; at < result.length; at++) {
    const row = Math.floor(at / wide);
    const channel = Math.floor(row / (height * times));
    const source = channel * height + Math.floor((row - channel * height * times) / times);
    result[at] = pixels[source * width + Math.floor((at % wide) / times)]!;
  }
  return { kind: "raw", pixels: result, channels, height: height * times, width: wide };
}
