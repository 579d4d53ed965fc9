/**
 * A Gaussian for every cell of aligned images (PaDiM: Defard et al. 2021, section 3.2), its moments pooled over neighbouring cells:
 *
 *   S' = (1 - s) S + s tr(S) / d I      map = sqrt((x - m)' S'^-1 (x - m))
 *
 * Parts may be a little out of place; pooled moments allow for that and rest on more vectors than there are images. Pure.
 */
import type { CellMap } from "../faults/portable.ts";
import type { CellVectors } from "./cells.ts";

/** Sums over images, cell by cell. */
export interface CellSums {
  readonly rows: number;
  readonly columns: number;
  readonly dimension: number;
  count: number;
  /** [cells, dimension] */
  readonly first: Float64Array;
  /** Lower triangles, [cells, dimension (dimension + 1) / 2]. */
  readonly second: Float64Array;
}

/** A Gaussian for every cell. */
export interface CellGaussians {
  readonly rows: number;
  readonly columns: number;
  readonly dimension: number;
  /** [cells, dimension] */
  readonly means: Float32Array;
  /** Cholesky factors as lower triangles, their diagonals inverted: [cells, dimension (dimension + 1) / 2]. */
  readonly factors: Float32Array;
}

/** Sums of nothing. */
export function noSums({ rows, columns, dimension }: Omit<CellVectors, "values">): CellSums {
  const cells = rows * columns;
  const triangle = (dimension * (dimension + 1)) / 2;
  const [first, second] = [new Float64Array(cells * dimension), new Float64Array(cells * triangle)];
  return { rows, columns, dimension, count: 0, first, second };
}

/** Adds an image's vectors. */
export function addVectors(sums: CellSums, { values }: CellVectors): void {
  const { dimension, first, second } = sums;
  sums.count++;
  let position = 0;
  for (let start = 0; start < values.length; start += dimension) {
    for (let i = 0; i < dimension; i++) {
      const value = values[start + i]!;
      first[start + i]! += value;
      for (let j = 0; j <= i; j++) second[position++]! += value * values[start + j]!;
    }
  }
}

/** The sums of all images but those of a part. */
export function withoutPart(all: CellSums, part: CellSums): CellSums {
  return {
    ...all,
    count: all.count - part.count,
    first: all.first.map((value, index) => value - part.first[index]!),
    second: all.second.map((value, index) => value - part.second[index]!),
  };
}

/** The Gaussians of cells, moments pooled over squares of `side` cells that end at the borders. */
export function fitGaussians(
  sums: CellSums,
  { side, shrinkage }: { readonly side: number; readonly shrinkage: number },
): CellGaussians {
  const { rows, columns, dimension } = sums;
  const triangle = (dimension * (dimension + 1)) / 2;
  const radius = (side - 1) / 2;
  const means = new Float32Array(rows * columns * dimension);
  const factors = new Float32Array(rows * columns * triangle);
  const first = pooled(sums.first, rows, columns, dimension, radius);
  const second = pooled(sums.second, rows, columns, triangle, radius);
  for (let cell = 0; cell < rows * columns; cell++) {
    const [y, x] = [Math.floor(cell / columns), cell % columns];
    const within = (at: number, size: number) => Math.min(size - 1, at + radius) - Math.max(0, at - radius) + 1;
    const count = sums.count * within(y, rows) * within(x, columns);
    const mean = first.subarray(cell * dimension, (cell + 1) * dimension).map((value) => value / count);
    means.set(mean, cell * dimension);
    const covariance = second.subarray(cell * triangle, (cell + 1) * triangle).map((value) => value / count);
    let trace = 0;
    for (let i = 0, position = 0; i < dimension; i++) {
      for (let j = 0; j <= i; j++) covariance[position++]! -= mean[i]! * mean[j]!;
      trace += covariance[position - 1]!;
    }
    const level = Math.max(trace / dimension, 1e-9);
    for (let i = 0, position = 0; i < dimension; i++) {
      for (let j = 0; j <= i; j++, position++) {
        covariance[position] = (1 - shrinkage) * covariance[position]! + (i === j ? shrinkage * level : 0);
      }
    }
    factors.set(choleskyInPlace(covariance, dimension), cell * triangle);
  }
  return { rows, columns, dimension, means, factors };
}

/** Vectors in units of what is normal at their cells, [cells, dimension]: L^-1 (x - m). */
export function whitened(gaussians: CellGaussians, vectors: CellVectors): Float32Array {
  const rows = new Float32Array(vectors.values.length);
  distanceMap(gaussians, vectors, (cell, solution) => rows.set(solution, cell * gaussians.dimension));
  return rows;
}

/** The distance of every cell's vector from what is normal there. `onCell` is shown the whitened vector, which it must copy. */
export function distanceMap(
  gaussians: CellGaussians,
  { values }: CellVectors,
  onCell?: (cell: number, vector: Float64Array) => void,
): CellMap {
  const { rows, columns, dimension, means, factors } = gaussians;
  const distances = new Float32Array(rows * columns);
  const solution = new Float64Array(dimension);
  let position = 0;
  for (let cell = 0; cell < distances.length; cell++) {
    const start = cell * dimension;
    let square = 0;
    for (let i = 0; i < dimension; i++) {
      let sum = values[start + i]! - means[start + i]!;
      for (let j = 0; j < i; j++) sum -= factors[position++]! * solution[j]!;
      const part = sum * factors[position++]!;
      solution[i] = part;
      square += part * part;
    }
    distances[cell] = Math.sqrt(square);
    onCell?.(cell, solution);
  }
  return { rows, columns, values: distances };
}

/** Sums over squares of cells, along rows and then along columns. */
function pooled(values: Float64Array, rows: number, columns: number, length: number, radius: number): Float64Array {
  if (radius === 0) return values;
  const along = (from: Float64Array, cellOf: (line: number, at: number) => number, lines: number, size: number) => {
    const to = new Float64Array(from.length);
    for (let line = 0; line < lines; line++) {
      for (let at = 0; at < size; at++) {
        const target = cellOf(line, at) * length;
        for (let other = Math.max(0, at - radius); other <= Math.min(size - 1, at + radius); other++) {
          const source = cellOf(line, other) * length;
          for (let index = 0; index < length; index++) to[target + index]! += from[source + index]!;
        }
      }
    }
    return to;
  };
  const across = along(values, (row, column) => row * columns + column, rows, columns);
  return along(across, (column, row) => row * columns + column, columns, rows);
}

/** The Cholesky factor of a lower triangle, in its place, the diagonal inverted. What rounding made negative counts as tiny. */
function choleskyInPlace(matrix: Float64Array, size: number): Float64Array {
  const rowStart = (row: number) => (row * (row + 1)) / 2;
  for (let i = 0; i < size; i++) {
    const own = rowStart(i);
    for (let j = 0; j <= i; j++) {
      const other = rowStart(j);
      let sum = matrix[own + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[own + k]! * matrix[other + k]!;
      matrix[own + j] = i === j ? 1 / Math.sqrt(Math.max(sum, 1e-12)) : sum * matrix[other + j]!;
    }
  }
  return matrix;
}
