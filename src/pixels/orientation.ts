/** Images turned upright by their EXIF orientation. Pure. */
import type { Planes, Samples } from "./raw-image.ts";
import { samplesLike } from "./samples.ts";

/** How an orientation reads the stored image: along its columns, from the right, from below. */
interface Reading {
  readonly transposed: boolean;
  readonly fromRight: boolean;
  readonly fromBelow: boolean;
}

const readings: Readonly<Record<number, Reading>> = {
  1: { transposed: false, fromRight: false, fromBelow: false },
  2: { transposed: false, fromRight: true, fromBelow: false },
  3: { transposed: false, fromRight: true, fromBelow: true },
  4: { transposed: false, fromRight: false, fromBelow: true },
  5: { transposed: true, fromRight: false, fromBelow: false },
  6: { transposed: true, fromRight: false, fromBelow: true },
  7: { transposed: true, fromRight: true, fromBelow: true },
  8: { transposed: true, fromRight: true, fromBelow: false },
};

/** Whether an orientation swaps height and width. */
export function swapsSides(orientation: number): boolean {
  return readings[orientation]?.transposed ?? false;
}

/** An image as its EXIF orientation (1 to 8) shows it; as it is for any other number. */
export function turnUpright<Kind extends Samples>(image: Planes<Kind>, orientation: number): Planes<Kind> {
  const reading = readings[orientation];
  if (reading === undefined || orientation === 1) return image;
  const { transposed, fromRight, fromBelow } = reading;
  const { pixels, channels, height, width } = image;
  const [rows, columns] = transposed ? [width, height] : [height, width];
  const result = samplesLike(pixels, pixels.length);
  let position = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [y, x] = transposed ? [column, row] : [row, column];
        const [fromY, fromX] = [fromBelow ? height - 1 - y : y, fromRight ? width - 1 - x : x];
        result[position++] = pixels[(channel * height + fromY) * width + fromX]!;
      }
    }
  }
  return { kind: "raw", pixels: result, channels, height: rows, width: columns };
}
