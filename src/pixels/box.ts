/** Averages of whole blocks, number for number as libvips takes them before it shrinks by what is left. Pure. */
import type { Planes, Samples } from "./raw-image.ts";
import { samplesLike } from "./samples.ts";

/** Averages `factor` rows each, the last row going on where they are not enough. */
export function averageRows<Kind extends Samples>(image: Planes<Kind>, factor: number): Planes<Kind> {
  const { pixels, channels, height, width } = image;
  const rows = Math.ceil(height / factor);
  const result = samplesLike(pixels, channels * rows * width);
  const average = averageOf(pixels, factor);
  const sums = new Float64Array(width);
  for (let row = 0; row < channels * rows; row++) {
    const plane = Math.floor(row / rows) * height;
    const first = (row % rows) * factor;
    sums.fill(0);
    for (let point = 0; point < factor; point++) {
      const start = (plane + Math.min(height - 1, first + point)) * width;
      for (let x = 0; x < width; x++) sums[x]! += pixels[start + x]!;
    }
    const target = row * width;
    for (let x = 0; x < width; x++) result[target + x] = average(sums[x]!);
  }
  return { kind: "raw", pixels: result, channels, height: rows, width };
}

/** Averages `factor` columns each, the last column going on where they are not enough. */
export function averageColumns<Kind extends Samples>(image: Planes<Kind>, factor: number): Planes<Kind> {
  const { pixels, channels, height, width } = image;
  const columns = Math.ceil(width / factor);
  const result = samplesLike(pixels, channels * height * columns);
  const average = averageOf(pixels, factor);
  for (let row = 0; row < channels * height; row++) {
    const start = row * width;
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let point = x * factor; point < (x + 1) * factor; point++)
        sum += pixels[start + Math.min(width - 1, point)]!;
      result[row * columns + x] = average(sum);
    }
  }
  return { kind: "raw", pixels: result, channels, height, width: columns };
}

/** The average of `factor` samples from their sum: 8 bits by a reciprocal of 24 bits that is cut, 16 bits by division. */
function averageOf(samples: Samples, factor: number): (sum: number) => number {
  const half = Math.floor(factor / 2);
  if (samples instanceof Uint16Array) return (sum) => Math.floor((sum + half) / factor);
  const reciprocal = Math.floor(2 ** 24 / factor);
  return (sum) => Math.floor(((sum + half) * reciprocal) / 2 ** 24);
}
