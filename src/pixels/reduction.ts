/** Shrinking on the calling thread, number for number as libvips does it with its triangle kernel. Pure. */
import type { RawImage } from "./raw-image.ts";

/** From this factor on libvips averages whole pixels first; such images are large, and it shrinks them on threads of its own. */
const leastAveraged = 4;

/** libvips' fixed-point numbers: 12 bits of a weight, 64 phases between two pixels. */
const weightBits = 12;
const phases = 64;

/**
 * For every output position `points` input positions and their weights, zeros left out. Loops take four at a time, so there are a multiple of
 * four: what is missing has weight zero.
 */
interface Taps {
  readonly points: number;
  readonly places: Int32Array;
  readonly weights: Int32Array;
}

/** Whether `shrinkTriangle` can bring an image to this size. An axis that is not larger stays as it is. */
export function canShrink(from: Pick<RawImage, "height" | "width">, height: number, width: number): boolean {
  return from.height < leastAveraged * height && from.width < leastAveraged * width;
}

/** Shrinks the axes that are larger than height and width, first down, then across. Equal to sharp's result, 30 times as fast at 64x64. */
export function shrinkTriangle(image: RawImage, height: number, width: number): RawImage {
  const down = image.height > height ? shrinkRows(image, height) : image;
  return down.width > width ? shrinkColumns(down, width) : down;
}

function shrinkRows({ pixels, channels, height, width }: RawImage, rows: number): RawImage {
  const { points, places, weights } = tapsOf(height, rows);
  const result = new Uint8Array(channels * rows * width);
  const sums = new Int32Array(width);
  for (let row = 0; row < channels * rows; row++) {
    const plane = Math.floor(row / rows) * height;
    const end = ((row % rows) + 1) * points;
    sums.fill(1 << (weightBits - 1));
    for (let tap = end - points; tap < end; tap += 4) {
      const [wa, wb, wc, wd] = [weights[tap]!, weights[tap + 1]!, weights[tap + 2]!, weights[tap + 3]!];
      const start = (point: number): number => (plane + places[tap + point]!) * width;
      const [a, b, c, d] = [start(0), start(1), start(2), start(3)];
      for (let x = 0; x < width; x++) {
        sums[x]! += wa * pixels[a + x]! + wb * pixels[b + x]! + wc * pixels[c + x]! + wd * pixels[d + x]!;
      }
    }
    const target = row * width;
    for (let x = 0; x < width; x++) result[target + x] = sums[x]! >> weightBits;
  }
  return { kind: "raw", pixels: result, channels, height: rows, width };
}

function shrinkColumns({ pixels, channels, height, width }: RawImage, columns: number): RawImage {
  const { points, places, weights } = tapsOf(width, columns);
  const result = new Uint8Array(channels * height * columns);
  for (let row = 0; row < channels * height; row++) {
    const source = row * width;
    for (let x = 0, tap = 0; x < columns; x++) {
      let sum = 1 << (weightBits - 1);
      for (const end = tap + points; tap < end; tap += 4) {
        sum +=
          weights[tap]! * pixels[source + places[tap]!]! +
          weights[tap + 1]! * pixels[source + places[tap + 1]!]! +
          weights[tap + 2]! * pixels[source + places[tap + 2]!]! +
          weights[tap + 3]! * pixels[source + places[tap + 3]!]!;
      }
      result[row * columns + x] = sum >> weightBits;
    }
  }
  return { kind: "raw", pixels: result, channels, height, width: columns };
}

let latest: { readonly from: number; readonly to: number; readonly taps: Taps } | undefined;

/** The images of a folder are mostly of one size, and square: the latest table is kept. */
function tapsOf(from: number, to: number): Taps {
  if (latest?.from !== from || latest.to !== to) latest = { from, to, taps: makeTaps(from, to) };
  return latest.taps;
}

/** A triangle of two input steps' width around each output pixel's centre, which is rounded to a phase. Weights are cut, not rounded. */
function makeTaps(from: number, to: number): Taps {
  const shrink = from / to;
  const width = 2 * roundHalfToEven(shrink) + 1;
  const rows = Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * shrink;
    const whole = Math.floor(centre);
    const phase = Math.floor((Math.floor((centre - whole) * 2 * phases) + 1) / 2) / phases;
    const middle = phase + width / 2 - 1;
    const heights = Array.from({ length: width }, (_, point) => Math.max(0, 1 - Math.abs((point - middle) / shrink)));
    const sum = heights.reduce((total, value) => total + value, 0);
    const first = whole - (width - 1) / 2;
    const taps = heights.map((value, point) => ({
      // Outside the image the outermost pixel goes on.
      place: Math.min(from - 1, Math.max(0, first + point)),
      weight: Math.trunc((value / sum) * 2 ** weightBits),
    }));
    return taps.filter(({ weight }) => weight > 0);
  });
  const points = 4 * Math.ceil(Math.max(...rows.map((taps) => taps.length)) / 4);
  const padded = rows.flatMap((taps) =>
    Array.from({ length: points }, (_, point) => taps[point] ?? { place: 0, weight: 0 }),
  );
  return {
    points,
    places: Int32Array.from(padded, ({ place }) => place),
    weights: Int32Array.from(padded, ({ weight }) => weight),
  };
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
