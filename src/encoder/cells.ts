/** Features of several taps on one grid of cells. Pure. */
import { type CellMap, resampled } from "../faults/portable.ts";
import type { FeatureMap } from "./features.ts";

/** One vector for every cell, row-major [rows x columns, dimension]. */
export interface CellVectors {
  readonly rows: number;
  readonly columns: number;
  readonly dimension: number;
  readonly values: Float32Array;
}

/** Features, averaged over 3x3 neighbours unless they are wanted as they are, read at the cells of a grid, those of all taps one after another. */
export function gatherCells(
  maps: readonly FeatureMap[],
  grid: { readonly rows: number; readonly columns: number },
  averaged = true,
): CellVectors {
  const { rows, columns } = grid;
  const dimension = maps.reduce((sum, { channels }) => sum + channels, 0);
  const values = new Float32Array(rows * columns * dimension);
  let offset = 0;
  for (const map of maps) {
    const area = map.rows * map.columns;
    for (let channel = 0; channel < map.channels; channel++, offset++) {
      const plane = map.values.subarray(channel * area, (channel + 1) * area);
      const smooth = averaged ? neighbourMean(plane, map.rows, map.columns) : plane;
      const read = resampled({ rows: map.rows, columns: map.columns, values: smooth }, rows, columns).values;
      for (let cell = 0; cell < read.length; cell++) values[cell * dimension + offset] = read[cell]!;
    }
  }
  return { rows, columns, dimension, values };
}

/** The mean of every cell and its neighbours within the map: along rows, then along columns. */
export function neighbourMean(plane: Float32Array, rows: number, columns: number): Float32Array {
  const across = new Float32Array(plane.length);
  for (let y = 0; y < rows; y++) {
    const row = y * columns;
    for (let x = 0; x < columns; x++) {
      const [left, right] = [Math.max(0, x - 1), Math.min(columns - 1, x + 1)];
      let sum = 0;
      for (let at = left; at <= right; at++) sum += plane[row + at]!;
      across[row + x] = sum / (right - left + 1);
    }
  }
  const result = new Float32Array(plane.length);
  for (let y = 0; y < rows; y++) {
    const [top, bottom] = [Math.max(0, y - 1), Math.min(rows - 1, y + 1)];
    const share = 1 / (bottom - top + 1);
    for (let at = top; at <= bottom; at++) {
      for (let x = 0; x < columns; x++) result[y * columns + x]! += across[at * columns + x]! * share;
    }
  }
  return result;
}

/** Some vectors of cells, drawn without replacement by their order: [indices, dimension]. */
export function pickCells({ values, dimension }: CellVectors, indices: ArrayLike<number>): Float32Array {
  const picked = new Float32Array(indices.length * dimension);
  for (let row = 0; row < indices.length; row++) {
    const start = indices[row]! * dimension;
    picked.set(values.subarray(start, start + dimension), row * dimension);
  }
  return picked;
}

/** A map under a Gaussian of a deviation in cells, along rows and then along columns, its borders repeated beyond them. */
export function smoothed({ rows, columns, values }: CellMap, deviation: number): CellMap {
  if (deviation === 0) return { rows, columns, values };
  const radius = Math.ceil(3 * deviation);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, at) =>
    Math.exp(-((at - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight);
  const along = (from: Float32Array, size: number, indexOf: (line: number, at: number) => number): Float32Array => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < from.length / size; line++) {
      for (let at = 0; at < size; at++) {
        let sum = 0;
        for (const [step, weight] of weights.entries()) {
          sum += weight * from[indexOf(line, Math.min(size - 1, Math.max(0, at + step - radius)))]!;
        }
        to[indexOf(line, at)] = sum / total;
      }
    }
    return to;
  };
  const across = along(values, columns, (row, column) => row * columns + column);
  return { rows, columns, values: along(across, rows, (column, row) => row * columns + column) };
}
