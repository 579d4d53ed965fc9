/** Pixels for tests: flat images and decoded PNGs. */
import sharp from "sharp";
import type { Colour, PixelBatch } from "./canvas.ts";

/** Images of one colour each, [count, 3, height, width]. */
export function flatImages(colours: readonly Colour[], height: number, width: number): PixelBatch {
  const pixels = Uint8Array.from(
    colours.flatMap((colour) => colour.flatMap((level) => new Array<number>(height * width).fill(level))),
  );
  return { pixels, count: colours.length, channels: 3, height, width };
}

/** A decoded PNG and a way to ask for a pixel. */
export async function decodePng(bytes: Uint8Array) {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    channels: info.channels,
    colourAt: (x: number, y: number): number[] => {
      const start = (y * info.width + x) * info.channels;
      return [...data.subarray(start, start + info.channels)];
    },
    /** How many pixels of a rectangle are darker than middle grey: ink. */
    inkIn: (left: number, top: number, width: number, height: number): number => {
      let ink = 0;
      for (let y = top; y < top + height; y++) {
        for (let x = left; x < left + width; x++) if (data[(y * info.width + x) * info.channels]! < 128) ink++;
      }
      return ink;
    },
  };
}
