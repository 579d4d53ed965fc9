/** Layers as functions over activations [C, H, W, N] or, per pixel, [C, H * W * N]. */
import { type Shape, ShapeError, showShape, sizeOf, staticDimension, staticSize } from "../base/index.ts";
import {
  concatenate,
  constant,
  divide,
  exponential,
  type Graph,
  gemm,
  imageConvolution,
  logarithm,
  maximum,
  multiply,
  negate,
  reduceSum,
  reshape,
  squareRoot,
  subtract,
  type Value,
} from "../graph/index.ts";
import { type ParameterSpecification, trainable, type ValuesOf } from "./parameters.ts";

/** y = (x + bias) e^logScale, per channel. */
export type AffineNormParameters = {
  readonly bias: ParameterSpecification;
  readonly logScale: ParameterSpecification;
};

/** The parameters of an ActNorm over tensors of a shape, one scale and bias an entry. */
export function affineNorm(...shape: number[]): AffineNormParameters {
  return { bias: trainable(...shape), logScale: trainable(...shape) };
}

/** [C, ...] to [C, rest], the form that matrix multiplication takes. */
export function toColumns(x: Value): Value {
  return reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
}

/** A vector [C] as a column [C, 1, ..., 1] of some rank. */
export function asColumn(vector: Value, rank: number): Value {
  return reshape(vector, [vector.shape[0]!, ...Array.from({ length: rank - 1 }, () => 1)]);
}

/**
 * A linear map over channels followed by an ActNorm, as one matrix multiplication:
 * (W x + bias) e^logScale = (e^logScale W) x + e^logScale bias. W is [out, in], columns are [in, M]; the result is [out, M].
 */
export function normalizedLinear(weight: Value, norm: ValuesOf<AffineNormParameters>, columns: Value): Value {
  const scale = asColumn(exponential(norm.logScale), 2);
  return gemm(multiply(weight, scale), columns, { bias: multiply(asColumn(norm.bias, 2), scale) });
}

/**
 * As `normalizedLinear`, as a matrix for columns in homogeneous coordinates, whose last row is ones: [e^logScale W | e^logScale bias],
 * [out, in + 1].
 */
export function normalizedMatrix(weight: Value, norm: ValuesOf<AffineNormParameters>): Value {
  return multiply(concatenate([weight, asColumn(norm.bias, 2)], 1), asColumn(exponential(norm.logScale), 2));
}

/** A matrix [out, in + 1] with a row below that keeps the last coordinate of its columns: [out + 1, in + 1]. ReLU keeps a one as well. */
export function keepingLast(matrix: Value): Value {
  const size = staticDimension(matrix.shape[1], "keepingLast");
  const row = Float32Array.from({ length: size }, (_, index) => (index === size - 1 ? 1 : 0));
  return concatenate([matrix, constant(matrix.graph, row, [1, size])], 0);
}

/** As `normalizedLinear`, for a convolution with a kernel [O, C, K, K] over images [N, C, H, W]: [N, O, H, W]. */
export function normalizedConvolution(kernel: Value, norm: ValuesOf<AffineNormParameters>, images: Value): Value {
  const scale = exponential(norm.logScale);
  return imageConvolution(images, multiply(kernel, asColumn(scale, 4)), multiply(norm.bias, scale));
}

/**
 * The ActNorm that gives some data mean 0 and standard deviation 1 along all axes but those kept: data-dependent initialisation
 * (Kingma & Dhariwal 2018, section 3.1), with n - 1 in the variance. `floor` keeps constant entries finite.
 */
export function fitAffineNorm(
  x: Value,
  shape: Shape,
  axes: readonly number[],
  floor: number,
): ValuesOf<AffineNormParameters> {
  const count = staticSize(
    axes.map((axis) => x.shape[axis]!),
    "ActNorm initialisation",
  );
  if (count < 2)
    throw new ShapeError(`ActNorm initialisation: expected two numbers an entry, got ${showShape(x.shape)}`);
  const mean = multiply(reduceSum(x, axes, true), 1 / count);
  const deviation = subtract(x, mean);
  const variance = divide(reduceSum(multiply(deviation, deviation), axes), count - 1);
  const logScale = negate(logarithm(maximum(squareRoot(variance), floor)));
  return { bias: reshape(negate(mean), shape), logScale: reshape(logScale, shape) };
}

/** A mask of a square matrix: 1 where `keep`, else 0. */
export function matrixMask(
  graph: Graph | Value["graph"],
  size: number,
  keep: (row: number, column: number) => boolean,
): Value {
  const data = Float32Array.from({ length: size * size }, (_, index) =>
    keep(Math.floor(index / size), index % size) ? 1 : 0,
  );
  return constant(graph, data, [size, size]);
}

/**
 * (I + N)^-1 for a strictly triangular N [size, size], by blocks along the diagonal: where X inverts those of some size and B is what N has between two of them,
 * X - X B X inverts the blocks of twice the size (Du Croz & Higham 1992, section 2). The geometric series of N takes as many products, but its powers grow as they
 * do, and cancel: at 96 channels of a rotation it is off by a hundredth.
 */
export function invertUnitTriangular(strict: Value, size: number): Value {
  const block = (row: number, reached: number): number => Math.floor(row / reached);
  const between = (reached: number): Value => {
    const paired = (row: number, column: number): boolean => block(row, 2 * reached) === block(column, 2 * reached);
    const mask = matrixMask(strict.graph, size, (row, column) => {
      return paired(row, column) && block(row, reached) !== block(column, reached);
    });
    return multiply(strict, mask);
  };
  const identity = matrixMask(strict.graph, size, (row, column) => row === column);
  let inverse = subtract(identity, between(1));
  for (let reached = 2; reached < size; reached *= 2) {
    inverse = subtract(inverse, gemm(gemm(inverse, between(reached)), inverse));
  }
  return inverse;
}
