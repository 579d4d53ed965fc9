/**
 * Principal components of features, for a few thousand vectors of some hundred channels, all in units of their typical deviation. Leading eigenvectors by subspace iteration with a Rayleigh-Ritz step (Halko et al. 2011, "Finding structure with randomness",
 * algorithm 4.4). Pure.
 */
import type { RandomKey } from "../base/index.ts";
import { symmetricEigenpairs } from "../score/index.ts";
import type { CellVectors } from "./cells.ts";

/** From features to fewer numbers: y = directions ((x - mean) / deviation). */
export interface Projection {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** [dimension, features] */
  readonly directions: Float32Array;
}

/** Vectors carried along beside those that are wanted, so that these converge. */
const besides = 8;
const iterations = 12;

/** The projection of rows [n, features] on their `dimension` leading principal components, on all features where there are no more. */
export function fitProjection(rows: Float32Array, features: number, dimension: number, key: RandomKey): Projection {
  const { mean, deviation } = moments(rows, features);
  if (features <= dimension) return { mean, deviation, directions: identity(features) };
  const covariance = covarianceOf(rows, features, mean, deviation);
  const stream = key.stream();
  const count = Math.min(features, dimension + besides);
  let basis: Float64Array[] = Array.from({ length: count }, () =>
    Float64Array.from({ length: features }, () => stream.normal()),
  );
  for (let pass = 0; pass < iterations; pass++) basis = orthonormal(basis.map((vector) => times(covariance, vector)));
  const turned = basis.map((vector) => times(covariance, vector));
  const small = basis.map((vector) => turned.map((other) => dot(vector, other)));
  const symmetric = small.map((row, i) => row.map((value, j) => (value + small[j]![i]!) / 2));
  const pairs = symmetricEigenpairs(symmetric).reverse().slice(0, dimension);
  const directions = new Float32Array(dimension * features);
  for (const [index, { vector }] of pairs.entries()) {
    for (const [part, weight] of vector.entries()) {
      for (let feature = 0; feature < features; feature++) {
        directions[index * features + feature]! += weight * basis[part]![feature]!;
      }
    }
  }
  return { mean, deviation, directions };
}

/** Vectors of cells, projected. */
export function project({ rows, columns, dimension, values }: CellVectors, projection: Projection): CellVectors {
  const { mean, deviation, directions } = projection;
  const fewer = directions.length / dimension;
  const result = new Float32Array(rows * columns * fewer);
  const centred = new Float32Array(dimension);
  for (let cell = 0; cell < rows * columns; cell++) {
    const start = cell * dimension;
    for (let i = 0; i < dimension; i++) centred[i] = (values[start + i]! - mean[i]!) / deviation[i]!;
    for (let row = 0; row < fewer; row++) {
      const offset = row * dimension;
      let sum = 0;
      for (let i = 0; i < dimension; i++) sum += directions[offset + i]! * centred[i]!;
      result[cell * fewer + row] = sum;
    }
  }
  return { rows, columns, dimension: fewer, values: result };
}

function moments(rows: Float32Array, features: number): Pick<Projection, "mean" | "deviation"> {
  const count = rows.length / features;
  const sums = new Float64Array(features);
  for (let index = 0; index < rows.length; index++) sums[index % features]! += rows[index]! / count;
  const squares = new Float64Array(features);
  for (let index = 0; index < rows.length; index++) {
    squares[index % features]! += (rows[index]! - sums[index % features]!) ** 2 / count;
  }
  // One deviation for all: a channel that hardly varies over normal images would otherwise say as much as those that do.
  const typical = Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / features) || 1;
  return { mean: Float32Array.from(sums), deviation: new Float32Array(features).fill(typical) };
}

function covarianceOf(
  rows: Float32Array,
  features: number,
  mean: Float32Array,
  deviation: Float32Array,
): Float64Array[] {
  const count = rows.length / features;
  const matrix = Array.from({ length: features }, () => new Float64Array(features));
  const centred = new Float64Array(features);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < features; i++) centred[i] = (rows[row * features + i]! - mean[i]!) / deviation[i]!;
    for (let i = 0; i < features; i++) {
      const [target, factor] = [matrix[i]!, centred[i]!];
      for (let j = i; j < features; j++) target[j]! += factor * centred[j]!;
    }
  }
  for (let i = 0; i < features; i++) {
    for (let j = i; j < features; j++) {
      matrix[i]![j]! /= count;
      matrix[j]![i] = matrix[i]![j]!;
    }
  }
  return matrix;
}

function times(matrix: readonly Float64Array[], vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

/** Gram and Schmidt, each vector twice against those before it. Vectors that depend on these become zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const result: Float64Array[] = [];
  for (const vector of vectors) {
    const own = vector.slice();
    const before = Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of result) {
        const part = dot(own, other);
        for (let index = 0; index < own.length; index++) own[index]! -= part * other[index]!;
      }
    }
    const length = Math.sqrt(dot(own, own));
    const scale = length > 1e-12 * before && length > 0 ? 1 / length : 0;
    result.push(own.map((value) => value * scale));
  }
  return result;
}

function identity(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, index) => (index % (size + 1) === 0 ? 1 : 0));
}
