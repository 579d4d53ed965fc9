/**
 * Where an image is bright and where it is rough, in 8 x 8 cells, and how far that is from what most images of a pile show: half the squared Mahalanobis distance, of
 * a covariance that rests on the four fifths of the images that are nearest (`pile-scores.ts`) and is drawn towards independence. No model: it sees what lies elsewhere
 * than in other images, and is as far for what is plain as for what is busy, where flows find the plain likely. Pure.
 */
import { choleskyFactor, inverseQuadraticForm } from "../statistics/covariance.ts";
import { countPixels, type PixelTable } from "../tables/pixel-table.ts";
import { robustDeviations } from "./oddities.ts";
import { leastOf } from "./pile-ranks.ts";

/** Cells along each axis. */
const cells = 8;

/** Deviations beyond which a feature says nothing more. */
const mostDeviations = 6;

/** What is added to every feature's variance, where one deviation is 1. */
const ridge = 1;

/** The share of the images that the covariance rests on, and how often it is chosen anew. */
const keptShare = 0.8;
const steps = 4;

/** Columns of features as a row for each image, in deviations from the median of the column's first `count`, no more than six. */
export function boundedRows(columns: readonly ArrayLike<number>[], count?: number): Float64Array[] {
  const deviations = columns.map((values) => robustDeviations(values, 1e-3, count));
  return Array.from({ length: columns[0]?.length ?? 0 }, (_, image) =>
    Float64Array.from(deviations, (values) => {
      const value = values[image]!;
      return Number.isNaN(value) ? 0 : Math.max(-mostDeviations, Math.min(mostDeviations, value));
    }),
  );
}

/** How far every image's layout is from those of the first `count`. */
export function layoutDistances(pixels: PixelTable, count = countPixels(pixels)): Float64Array {
  const rows = boundedRows(layoutColumns(pixels, countPixels(pixels)), count);
  let kept: readonly number[] = Array.from({ length: count }, (_, image) => image);
  for (let step = 1; ; step++) {
    const distances = distancesFrom(
      rows,
      kept.map((image) => rows[image]!),
    );
    if (step === steps) return distances;
    kept = Array.from(leastOf(distances.subarray(0, count), keptShare));
  }
}

function distancesFrom(rows: readonly Float64Array[], middle: readonly Float64Array[]): Float64Array {
  const width = rows[0]!.length;
  const mean = new Float64Array(width);
  for (const row of middle) for (let k = 0; k < width; k++) mean[k]! += row[k]! / middle.length;
  const from = (row: Float64Array): Float64Array => row.map((value, k) => value - mean[k]!);
  const factor = choleskyFactor(ridgedScatter(middle.map(from), ridge));
  return Float64Array.from(rows, (row) => inverseQuadraticForm(factor, from(row)) / 2);
}

/** The mean of the outer products of rows, with `added` on its diagonal. */
export function ridgedScatter(rows: readonly Float64Array[], added: number): number[][] {
  const width = rows[0]!.length;
  const scatter = Array.from({ length: width }, () => new Float64Array(width));
  for (const row of rows) {
    for (let j = 0; j < width; j++) {
      const line = scatter[j]!;
      for (let k = 0; k <= j; k++) line[k]! += (row[j]! * row[k]!) / rows.length;
    }
  }
  return scatter.map((line, j) =>
    Array.from(line, (_, k) => (k <= j ? line[k]! : scatter[k]![j]!) + (j === k ? added : 0)),
  );
}

/** How bright and how rough every image is in every cell, and its channels' means. */
export function layoutColumns(
  { shape: { channels, height, width }, values }: PixelTable,
  count: number,
): Float64Array[] {
  const area = height * width;
  const bright = Array.from({ length: cells * cells }, () => new Float64Array(count));
  const rough = Array.from({ length: cells * cells }, () => new Float64Array(count));
  const means = Array.from({ length: channels }, () => new Float64Array(count));
  const pixelsOf = new Float64Array(cells * cells);
  const cellOf = Uint32Array.from({ length: area }, (_, place) => {
    const row = Math.floor((Math.floor(place / width) * cells) / height);
    return row * cells + Math.floor(((place % width) * cells) / width);
  });
  for (const cell of cellOf) pixelsOf[cell]! += channels;
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const first = (image * channels + channel) * area;
      for (let place = 0; place < area; place++) {
        const [value, cell] = [values[first + place]!, cellOf[place]!];
        bright[cell]![image]! += value / pixelsOf[cell]!;
        means[channel]![image]! += value / area;
        const right = (place + 1) % width === 0 ? 0 : Math.abs(values[first + place + 1]! - value);
        const below = place + width < area ? Math.abs(values[first + place + width]! - value) : 0;
        rough[cell]![image]! += (right + below) / pixelsOf[cell]!;
      }
    }
  }
  return [...bright, ...rough.map((values) => values.map(Math.sqrt)), ...means];
}
