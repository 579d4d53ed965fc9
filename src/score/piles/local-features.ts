/**
 * What an image shows, by filters that are learned from images of its own kind: principal components of small patches whose contrast is taken out, what answers to
 * each in either direction, and how much of it lies in each of 4 x 4 cells (after Chan et al. 2015, "PCANet", one layer, rectified instead of hashed). No labels and no gradients: seconds where a network
 * takes minutes. Unlike the likelihood of a flow these features do not lean on how much detail there is: contrast is taken out of every patch. Pure.
 */
import { type ImageShape, imageSizeOf } from "../../base/index.ts";
import { symmetricEigenpairs } from "../statistics/eigenvalues.ts";
import { countPixels, type PixelTable } from "../tables/pixel-table.ts";

/** Images are shrunk to squares of at most as many pixels a side. */
const mostSide = 16;

/** The side of a patch. */
const patchSide = 5;
const reach = (patchSide - 1) / 2;

/** Filters that are kept; each gives two features a cell. */
const filterCount = 16;

/** Cells along each axis. */
const cells = 4;

/** Grey levels of contrast below which a patch counts as plain. */
const leastContrast = 10;

/** Images that filters are learned from. */
const mostLearned = 300;

/** Filters, and what they are for. */
export interface LocalFilters {
  readonly shape: ImageShape;
  /** The side of a shrunk image. */
  readonly side: number;
  /** [filters, channels x 5 x 5] */
  readonly filters: readonly (readonly number[])[];
}

/** Learns filters from images, of many from some, evenly. */
export function learnFilters(pixels: PixelTable): LocalFilters {
  const { shape } = pixels;
  const side = Math.min(mostSide, shape.height, shape.width);
  const length = shape.channels * patchSide ** 2;
  const scatter = Array.from({ length }, () => new Float64Array(length));
  const patch = new Float64Array(length);
  const count = countPixels(pixels);
  for (const image of evenly(count, mostLearned)) {
    const small = shrunkImage(pixels, image, side);
    for (let row = 0; row < side; row += 2) {
      for (let column = 0; column < side; column += 2) {
        takePatch(small, side, shape.channels, row, column, patch);
        for (let i = 0; i < length; i++) {
          const line = scatter[i]!;
          for (let j = 0; j <= i; j++) line[j]! += patch[i]! * patch[j]!;
        }
      }
    }
  }
  const matrix = scatter.map((line, i) => Array.from(line, (_, j) => (j <= i ? line[j]! : scatter[j]![i]!)));
  const pairs = symmetricEigenpairs(matrix).reverse().slice(0, filterCount);
  return { shape, side, filters: pairs.map(({ vector }) => vector) };
}

/** Whole numbers from 0 below `count`, `most` of them at most, evenly spaced. */
export function evenly(count: number, most: number): number[] {
  const length = Math.min(count, most);
  return Array.from({ length }, (_, at) => Math.floor((at * count) / length));
}

/** The features of every image, turned by so many quarters anticlockwise: for each cell and filter the root of the mean answer to it, and of that to its opposite. */
export function localFeatures(filters: LocalFilters, pixels: PixelTable, quarters = 0): Float64Array[] {
  return Array.from({ length: countPixels(pixels) }, (_, image) => {
    const small = shrunkImage(pixels, image, filters.side);
    return featuresOf(filters, turned(small, filters.side, filters.shape.channels, quarters));
  });
}

function featuresOf({ shape: { channels }, side, filters }: LocalFilters, small: Float64Array): Float64Array {
  const result = new Float64Array(cells * cells * filters.length * 2);
  const patch = new Float64Array(channels * patchSide ** 2);
  const cellOf = (place: number): number => Math.floor((place * cells) / side);
  const placesOf = new Float64Array(cells);
  for (let place = 0; place < side; place++) placesOf[cellOf(place)]!++;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      takePatch(small, side, channels, row, column, patch);
      const [down, across] = [cellOf(row), cellOf(column)];
      const share = 1 / (placesOf[down]! * placesOf[across]!);
      const first = (down * cells + across) * filters.length * 2;
      for (const [at, filter] of filters.entries()) {
        let answer = 0;
        for (let i = 0; i < patch.length; i++) answer += filter[i]! * patch[i]!;
        result[first + 2 * at + (answer > 0 ? 0 : 1)]! += share * Math.abs(answer);
      }
    }
  }
  return result.map(Math.sqrt);
}

/** An image as a square of `side` pixels [C, side, side]: means over boxes. */
function shrunkImage({ shape, values }: PixelTable, image: number, side: number): Float64Array {
  const { channels, height, width } = shape;
  const small = new Float64Array(channels * side * side);
  const counts = new Float64Array(side * side);
  const start = image * imageSizeOf(shape);
  for (let row = 0; row < height; row++) {
    const down = Math.floor((row * side) / height);
    for (let column = 0; column < width; column++) {
      const place = down * side + Math.floor((column * side) / width);
      counts[place]!++;
      for (let channel = 0; channel < channels; channel++) {
        small[channel * side * side + place]! += values[start + (channel * height + row) * width + column]!;
      }
    }
  }
  return small.map((sum, at) => sum / counts[at % (side * side)]!);
}

/** A square image turned by quarters anticlockwise. */
function turned(small: Float64Array, side: number, channels: number, quarters: number): Float64Array {
  let from = small;
  for (let quarter = 0; quarter < quarters; quarter++) {
    const to = new Float64Array(small.length);
    for (let channel = 0; channel < channels; channel++) {
      const first = channel * side * side;
      for (let row = 0; row < side; row++) {
        for (let column = 0; column < side; column++) {
          to[first + (side - 1 - column) * side + row] = from[first + row * side + column]!;
        }
      }
    }
    from = to;
  }
  return from;
}

/** The patch around a place, borders going on as they end; its mean is taken out, and its contrast where it has some. */
function takePatch(
  small: Float64Array,
  side: number,
  channels: number,
  row: number,
  column: number,
  patch: Float64Array,
): void {
  const inside = (place: number): number => Math.max(0, Math.min(side - 1, place));
  let at = 0;
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let down = -reach; down <= reach; down++) {
      const first = channel * side * side + inside(row + down) * side;
      for (let across = -reach; across <= reach; across++) {
        const value = small[first + inside(column + across)]!;
        patch[at++] = value;
        sum += value;
      }
    }
  }
  const mean = sum / patch.length;
  let squares = 0;
  for (let i = 0; i < patch.length; i++) squares += (patch[i]! - mean) ** 2;
  const contrast = Math.sqrt(squares / patch.length) + leastContrast;
  for (let i = 0; i < patch.length; i++) patch[i] = (patch[i]! - mean) / contrast;
}
