/** Initial numbers of parameters. */
import type { RandomKey } from "../base/index.ts";

/** Zeros. */
export function zeros(size: number): Float32Array {
  return new Float32Array(size);
}

/** Independent normal numbers with mean 0. */
export function normal(size: number, standardDeviation: number, key: RandomKey): Float32Array {
  const stream = key.stream();
  return Float32Array.from({ length: size }, () => standardDeviation * stream.normal());
}

/** Independent uniform numbers in [-bound, bound). */
export function uniform(size: number, bound: number, key: RandomKey): Float32Array {
  const stream = key.stream();
  return Float32Array.from({ length: size }, () => bound * (2 * stream.uniform() - 1));
}

/** A random orthogonal matrix [size, size], row-major: Q of the QR decomposition of a standard normal one. */
export function orthogonal(size: number, key: RandomKey): Float32Array {
  return Float32Array.from(randomOrthogonal(size, key));
}

/** A factorisation W = P (L + I) (U + diag(sign e^logDiagonal)) with strictly triangular L and U; all [size, size] row-major. */
export interface LuFactors {
  readonly permutation: Float32Array;
  readonly lower: Float32Array;
  readonly upper: Float32Array;
  readonly sign: Float32Array;
  readonly logDiagonal: Float32Array;
}

/**
 * The LU factors of a random orthogonal matrix: Q of the QR decomposition of a standard normal one (Kingma & Dhariwal 2018, section 3.2).
 */
export function orthogonalLu(size: number, key: RandomKey): LuFactors {
  return factorize(randomOrthogonal(size, key), size);
}

/** Gram-Schmidt on the rows of a standard normal matrix, twice for orthogonality to rounding. */
function randomOrthogonal(size: number, key: RandomKey): Float64Array {
  const stream = key.stream();
  const rows = Float64Array.from({ length: size * size }, () => stream.normal());
  for (let row = 0; row < size; row++) {
    const current = rows.subarray(row * size, (row + 1) * size);
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < row; other++) {
        const base = rows.subarray(other * size, (other + 1) * size);
        const overlap = current.reduce((sum, value, index) => sum + value * base[index]!, 0);
        for (let index = 0; index < size; index++) current[index]! -= overlap * base[index]!;
      }
    }
    const norm = Math.hypot(...current);
    for (let index = 0; index < size; index++) current[index]! /= norm;
  }
  return rows;
}

/** Gaussian elimination with partial pivoting. */
function factorize(matrix: Float64Array, size: number): LuFactors {
  const work = matrix.slice();
  const order = Array.from({ length: size }, (_, row) => row);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(work[row * size + column]!) > Math.abs(work[pivot * size + column]!)) pivot = row;
    }
    swapRows(work, size, column, pivot);
    [order[column], order[pivot]] = [order[pivot]!, order[column]!];
    for (let row = column + 1; row < size; row++) {
      const factor = work[row * size + column]! / work[column * size + column]!;
      work[row * size + column] = factor;
      for (let index = column + 1; index < size; index++)
        work[row * size + index]! -= factor * work[column * size + index]!;
    }
  }
  const at = (keep: (row: number, column: number) => boolean) =>
    Float32Array.from(work, (value, index) => (keep(Math.floor(index / size), index % size) ? value : 0));
  const diagonal = Float64Array.from({ length: size }, (_, index) => work[index * size + index]!);
  const permutation = new Float32Array(size * size);
  for (const [position, row] of order.entries()) permutation[row * size + position] = 1;
  return {
    permutation,
    lower: at((row, column) => row > column),
    upper: at((row, column) => row < column),
    sign: Float32Array.from(diagonal, Math.sign),
    logDiagonal: Float32Array.from(diagonal, (value) => Math.log(Math.abs(value))),
  };
}

function swapRows(matrix: Float64Array, size: number, a: number, b: number): void {
  for (let column = 0; column < size; column++) {
    const value = matrix[a * size + column]!;
    matrix[a * size + column] = matrix[b * size + column]!;
    matrix[b * size + column] = value;
  }
}
