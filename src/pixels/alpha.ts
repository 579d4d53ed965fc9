/** Transparency laid on black, number for number as libvips does it. Pure. */
import type { Planes, Samples } from "./raw-image.ts";
import { samplesLike } from "./samples.ts";

/** Grey or RGB from planes of which the last is the alpha (two or four); others as they are. Fractions are cut off. */
export function flattenAlpha<Kind extends Samples>(image: Planes<Kind>): Planes<Kind> {
  const { pixels, channels, height, width } = image;
  if (channels !== 2 && channels !== 4) return image;
  const area = height * width;
  const colours = channels - 1;
  const most = pixels instanceof Uint16Array ? 65535 : 255;
  const result = samplesLike(pixels, colours * area);
  const alphas = colours * area;
  for (let at = 0; at < colours * area; at++) {
    // Assigned to an array of whole numbers, a fraction is cut off.
    result[at] = (pixels[at]! * pixels[alphas + (at % area)]!) / most;
  }
  return { kind: "raw", pixels: result, channels: colours, height, width };
}
