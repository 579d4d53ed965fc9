/** Small grey prints of images, by which pixels are compared: blurred enough that a shift of a pixel costs little. Pure. */
import type { ImageShape } from "../../base/index.ts";

/** The prints of uint8 images [N, C, H, W]: the means of `side` x `side` blocks over all channels, [N, side * side]. Smaller images repeat pixels. */
export function printsOf(pixels: Uint8Array, { channels, height, width }: ImageShape, side: number): Uint8Array {
  const size = channels * height * width;
  const count = pixels.length / size;
  const rows = blocks(height, side);
  const columns = blocks(width, side);
  const prints = new Uint8Array(count * side * side);
  for (let image = 0; image < count; image++) {
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        prints[(image * side + row) * side + column] = Math.round(
          blockMean(pixels, { first: image * size, channels, height, width }, rows[row]!, columns[column]!),
        );
      }
    }
  }
  return prints;
}

type Block = readonly [from: number, to: number];

/** Where each of `side` blocks of a length begins and ends: never empty. */
function blocks(length: number, side: number): Block[] {
  return Array.from({ length: side }, (_, block): Block => {
    const from = Math.min(length - 1, Math.floor((block * length) / side));
    return [from, Math.max(from + 1, Math.floor(((block + 1) * length) / side))];
  });
}

function blockMean(
  pixels: Uint8Array,
  { first, channels, height, width }: ImageShape & { readonly first: number },
  [top, bottom]: Block,
  [left, right]: Block,
): number {
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = top; y < bottom; y++) {
      const start = first + (channel * height + y) * width;
      for (let x = left; x < right; x++) sum += pixels[start + x]!;
    }
  }
  return sum / (channels * (bottom - top) * (right - left));
}
