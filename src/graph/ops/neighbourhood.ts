/** Which pixels a place reads, and from there which row of a table of pixels stands where. */
import { ShapeError } from "../../base/index.ts";

/** The pixels that a place of a result reads. */
export interface Neighbourhood {
  /** [dy, dx] from the place's own pixel to every pixel that it reads. */
  readonly taps: readonly (readonly [number, number])[];
  /** From one place's own pixel to the next one's, along both axes. With 2 there is a place for every block of 2x2 pixels, and its own pixel is the upper left one. */
  readonly stride: number;
}

/** How the kernel of an image convolution lies over the images, where it is not a square around every pixel. */
export interface Window {
  /** Rows and columns of zeros around an image: above, left, below, right. The first place's kernel begins at their corner. */
  readonly pads: readonly [number, number, number, number];
  /** From one place to the next, along both axes. */
  readonly stride: number;
}

/** A pixel and all around it, row by row, as in PyTorch's conv2d with padding 1: tap 3 ky + kx is the pixel (ky - 1, kx - 1) away. */
export const square: Neighbourhood = {
  taps: Array.from({ length: 9 }, (_, tap) => [Math.floor(tap / 3) - 1, (tap % 3) - 1] as const),
  stride: 1,
};

/** The smallest rectangle of pixels around a place that holds its own pixel and all that it reads: offsets of its edges, and its size. */
export function rectangleOf(taps: Neighbourhood["taps"]) {
  const [rows, columns] = [0, 1].map((axis) => {
    const offsets = taps.map((tap) => tap[axis]!);
    const [first, last] = [Math.min(0, ...offsets), Math.max(0, ...offsets)];
    return { first, last, size: last - first + 1 };
  }) as [Range, Range];
  return {
    rows,
    columns,
    cellOf: (row: number, column: number) => (row - rows.first) * columns.size + column - columns.first,
  };
}

/** Offsets from the first to the last. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** Height or width in places. Throws ShapeError where the places do not fill the pixels. */
export function placesAlong(pixels: number, { stride }: Neighbourhood, op: string): number {
  if (pixels % stride === 0) return pixels / stride;
  throw new ShapeError(`${op}: expected height and width divisible by ${stride}, got ${pixels}`);
}

/** For every tap and place the pixel that it reads, or the row behind the last pixel where that is outside. */
export function rowsRead(neighbourhood: Neighbourhood, height: number, width: number): number[] {
  const { taps, stride } = neighbourhood;
  return taps.flatMap(([dy, dx]) =>
    eachPlace(height / stride, width / stride, (y, x) => {
      const [row, column] = [stride * y + dy, stride * x + dx];
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      return inside ? row * width + column : height * width;
    }),
  );
}

/** The reverse: for every pixel the rows [taps, places] that read it, in slots of one row a pixel, and the row behind the last one in slots that stay empty. */
export function rowsWritten(
  neighbourhood: Neighbourhood,
  height: number,
  width: number,
): { readonly slots: number; readonly rows: number[] } {
  const { taps, stride } = neighbourhood;
  const [down, across] = [height / stride, width / stride];
  const slots = stride === 1 ? taps.map((tap) => [tap]) : tapsBySlot(neighbourhood);
  const number = (tap: readonly [number, number]): number => taps.indexOf(tap);
  const rows = slots.flatMap((sharing) =>
    eachPlace(height, width, (row, column) => {
      for (const tap of sharing) {
        const [y, x] = [(row - tap[0]) / stride, (column - tap[1]) / stride];
        const inside = y >= 0 && y < down && x >= 0 && x < across;
        if (inside && Number.isInteger(y) && Number.isInteger(x)) return (number(tap) * down + y) * across + x;
      }
      return taps.length * down * across;
    }),
  );
  return { slots: slots.length, rows };
}

/** Taps that never read the same pixel share a slot: those whose offsets differ in what the stride leaves of them. */
function tapsBySlot({ taps, stride }: Neighbourhood): (readonly [number, number])[][] {
  const slots: (readonly [number, number])[][] = [];
  const remainder = (offset: number): number => ((offset % stride) + stride) % stride;
  const kind = ([dy, dx]: readonly [number, number]): number => remainder(dy) * stride + remainder(dx);
  for (const tap of taps) {
    const free = slots.find((sharing) => sharing.every((other) => kind(other) !== kind(tap)));
    if (free) free.push(tap);
    else slots.push([tap]);
  }
  return slots;
}

function eachPlace(height: number, width: number, row: (y: number, x: number) => number): number[] {
  return Array.from({ length: height * width }, (_, place) => row(Math.floor(place / width), place % width));
}
