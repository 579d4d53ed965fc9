/**
 * Invertible 1x1 convolution z = W x per pixel with W = P (L + I) (U + diag(sign e^logDiagonal)), log-det H W sum(logDiagonal)
 * (Kingma & Dhariwal 2018, section 3.2). P and sign are fixed, L, U and logDiagonal are learned; W starts as a random rotation.
 */
import type { ImageShape } from "../base/index.ts";
import { add, exponential, gemm, multiply, negate, reduceSum, reshape, type Value } from "../graph/index.ts";
import {
  asColumn,
  fixed,
  invertUnitTriangular,
  matrixMask,
  orthogonalLu,
  type ParameterSpecification,
  toColumns,
  trainable,
  type ValuesOf,
} from "../nn/index.ts";
import { type Bijector, evenly, eventShape } from "./bijector.ts";

/** A matrix as permutation, triangles and a diagonal of fixed signs. */
export type LuParameters = {
  readonly permutation: ParameterSpecification;
  readonly sign: ParameterSpecification;
  readonly lower: ParameterSpecification;
  readonly upper: ParameterSpecification;
  readonly logDiagonal: ParameterSpecification;
};

/** The parameters of a [C, C] matrix in LU form. */
export function luParameters(channels: number): LuParameters {
  return {
    permutation: fixed(channels, channels),
    sign: fixed(channels),
    lower: trainable(channels, channels),
    upper: trainable(channels, channels),
    logDiagonal: trainable(channels),
  };
}

/** W = P (L + I) (U + diag(sign e^logDiagonal)) as a [C, C] value. */
export function luMatrix({ permutation, sign, lower, upper, logDiagonal }: ValuesOf<LuParameters>): Value {
  const size = sign.shape[0] as number;
  const masks = triangularMasks(sign, size);
  const left = add(multiply(lower, masks.lower), masks.identity);
  const right = add(multiply(upper, masks.upper), multiply(masks.identity, multiply(sign, exponential(logDiagonal))));
  return gemm(gemm(permutation, left), right);
}

/** W^-1 = (I + D^-1 U)^-1 D^-1 (L + I)^-1 P^T, without an inverse operator (ONNX has none). */
export function luInverse({ permutation, sign, lower, upper, logDiagonal }: ValuesOf<LuParameters>): Value {
  const size = sign.shape[0] as number;
  const masks = triangularMasks(sign, size);
  const inverseDiagonal = asColumn(multiply(sign, exponential(negate(logDiagonal))), 2);
  const left = invertUnitTriangular(multiply(lower, masks.lower), size);
  const right = invertUnitTriangular(multiply(multiply(upper, masks.upper), inverseDiagonal), size);
  return gemm(gemm(right, multiply(left, inverseDiagonal)), permutation, { transposeB: true });
}

function triangularMasks(value: Value, size: number): { lower: Value; upper: Value; identity: Value } {
  return {
    lower: matrixMask(value.graph, size, (row, column) => row > column),
    upper: matrixMask(value.graph, size, (row, column) => row < column),
    identity: matrixMask(value.graph, size, (row, column) => row === column),
  };
}

/** An invertible 1x1 convolution over the channels of a tensor. */
export function invertibleConvolution(shape: ImageShape): Bijector<LuParameters> {
  const pixels = shape.height * shape.width;
  const bijector: Bijector<LuParameters> = {
    name: "invertibleConvolution",
    inputShape: shape,
    outputShape: shape,
    parameters: luParameters(shape.channels),
    createParameters: (key) => ({ ...orthogonalLu(shape.channels, key) }),
    adapt: (parameters, x) => ({ parameters, z: bijector.normalize(parameters, x).z }),
    normalize: (parameters, x) => ({
      z: reshape(gemm(luMatrix(parameters), toColumns(x)), eventShape(shape, x)),
      logDet: multiply(reduceSum(parameters.logDiagonal), pixels),
    }),
    normalizeByPlace: (parameters, x) => evenly(bijector, parameters, x),
    generate: (parameters, z) => ({
      x: reshape(gemm(luInverse(parameters), toColumns(z)), eventShape(shape, z)),
      logDet: multiply(reduceSum(parameters.logDiagonal), -pixels),
    }),
  };
  return bijector;
}
