/** Transparency laid on a background, number for number as libvips does it. Pure. */
import type { Planes, Samples } from "./raw-image.ts";
import { samplesLike } from "./samples.ts";

/** A level from 0 to 255 for grey, red, green and blue alike, or one for each colour. */
export type Background = number | readonly [red: number, green: number, blue: number];

/**
 * Grey or RGB from planes of which the last is the alpha (two or four); others as they are. Fractions are cut off. Images of 16 bits have 256
 * times the background's level, so white is 65280 there, as sharp has it.
 */
export function flattenAlpha<Kind extends Samples>(image: Planes<Kind>, background: Background = 0): Planes<Kind> {
  const { pixels, channels, height, width } = image;
  if (channels !== 2 && channels !== 4) return image;
  const area = height * width;
  const colours = channels - 1;
  const deep = pixels instanceof Uint16Array;
  const most = deep ? 65535 : 255;
  const result = samplesLike(pixels, colours * area);
  for (let colour = 0; colour < colours; colour++) {
    const level = (typeof background === "number" ? background : background[colour]!) * (deep ? 256 : 1);
    const [start, alphas] = [colour * area, colours * area];
    for (let pixel = 0; pixel < area; pixel++) {
      const alpha = pixels[alphas + pixel]!;
      // Assigned to an array of whole numbers, a fraction is cut off.
      result[start + pixel] = (pixels[start + pixel]! * alpha + level * (most - alpha)) / most;
    }
  }
  return { kind: "raw", pixels: result, channels: colours, height, width };
}
