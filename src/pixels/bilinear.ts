/** Bilinear enlargement with half-pixel centres, as PyTorch's `interpolate(mode="bilinear", align_corners=False)` does it. Pure. */
import type { RawImage } from "./raw-image.ts";

/** For every output position: the two input positions it lies between and the weight of the second. */
interface AxisTable {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly weight: Float64Array;
}

/**
 * Enlarges an image to height x width. No antialiasing, so not for shrinking. Rounds to the nearest integer, halves to even as
 * `torch.round` does; equal to PyTorch's float32 result wherever both ratios are exact in binary, as for 28 to 32.
 */
export function enlargeBilinear(image: RawImage, height: number, width: number): RawImage {
  if (image.height === height && image.width === width) return image;
  const rows = makeAxis(image.height, height);
  const columns = makeAxis(image.width, width);
  const pixels = new Uint8Array(image.channels * height * width);
  const source = image.pixels;
  let position = 0;
  for (let channel = 0; channel < image.channels; channel++) {
    const plane = channel * image.height * image.width;
    for (let y = 0; y < height; y++) {
      const above = plane + rows.low[y]! * image.width;
      const below = plane + rows.high[y]! * image.width;
      const down = rows.weight[y]!;
      for (let x = 0; x < width; x++) {
        const left = columns.low[x]!;
        const right = columns.high[x]!;
        const across = columns.weight[x]!;
        const upper = (1 - across) * source[above + left]! + across * source[above + right]!;
        const lower = (1 - across) * source[below + left]! + across * source[below + right]!;
        pixels[position++] = roundHalfToEven((1 - down) * upper + down * lower);
      }
    }
  }
  return { kind: "raw", pixels, channels: image.channels, height, width };
}

function makeAxis(from: number, to: number): AxisTable {
  const low = new Uint32Array(to);
  const high = new Uint32Array(to);
  const weight = new Float64Array(to);
  const scale = Math.fround(from / to);
  for (let index = 0; index < to; index++) {
    // Rounded to float32 after each operation, as PyTorch computes coordinates.
    const centre = Math.max(0, Math.fround(Math.fround(scale * (index + 0.5)) - 0.5));
    low[index] = Math.min(Math.floor(centre), from - 1);
    high[index] = Math.min(low[index]! + 1, from - 1);
    weight[index] = Math.fround(centre - low[index]!);
  }
  return { low, high, weight };
}

/** Convex combinations of bytes stay within 0 and 255, so nothing has to be clamped. */
function roundHalfToEven(value: number): number {
  const rounded = Math.floor(value + 0.5);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
