/** Convolutions and 2x2 pooling over activations [C, H, W, N], in the forms that the engine runs fast. */
import { ShapeError, showShape, sizeOf, staticDimension } from "../base/index.ts";
import { fold, gemm, multiply, type Neighbourhood, reduceSum, reshape, unfold, type Value } from "../graph/index.ts";
import { toColumns } from "./layers.ts";

const taps = 9;

/**
 * The neighbourhood of every pixel as a column: x [C, H, W, N] to [9 C, H W N], or with another number of taps and places. A product with a weight
 * [out, C, 3, 3], reshaped to [out, 9 C], is a convolution; the ninefold copy is of the input.
 */
export function neighbourhoods(x: Value, neighbourhood?: Neighbourhood): Value {
  const unfolded = unfold(x, neighbourhood);
  return toColumns(reshape(unfolded, [sizeOf(unfolded.shape.slice(0, 2)), ...unfolded.shape.slice(2)]));
}

/**
 * A convolution whose ninefold copy is of the output and is not kept for the gradient: weight [out, 3, 3, C] and x [C, H, W, N] to
 * [out, H, W, N]. Tap (ky, kx) writes to the pixel (ky - 1, kx - 1) away, so it is the usual kernel turned by 180 degrees. With a neighbourhood, weight
 * [out, taps, C]: a place adds to the pixels that it would read, and a stride enlarges.
 */
export function scatteringConvolution(weight: Value, x: Value, neighbourhood?: Neighbourhood): Value {
  const out = staticDimension(weight.shape[0], "scatteringConvolution");
  const count = neighbourhood?.taps.length ?? taps;
  const matrix = reshape(weight, [out * count, staticDimension(weight.shape.at(-1), "scatteringConvolution")]);
  return fold(reshape(gemm(matrix, toColumns(x)), [out, count, ...x.shape.slice(1)]), neighbourhood);
}

/** The mean of every 2x2 block of pixels: [C, H, W, N] to [C, H/2, W/2, N]. Throws ShapeError for odd sizes. */
export function averagePool(x: Value): Value {
  const [channels, height, width] = x.shape.slice(0, 3).map((dimension) => staticDimension(dimension, "averagePool"));
  if (height! % 2 !== 0 || width! % 2 !== 0) {
    throw new ShapeError(`averagePool: expected even height and width, got ${showShape(x.shape)}`);
  }
  const blocks = reshape(x, [channels!, height! / 2, 2, width! / 2, 2, x.shape[3]!]);
  return multiply(reduceSum(blocks, [2, 4]), 1 / 4);
}

/** The mean over all pixels: [C, H, W, N] to [C, N]. */
export function globalAverage(x: Value): Value {
  const pixels = x.shape.slice(1, 3).map((dimension) => staticDimension(dimension, "globalAverage"));
  return multiply(reduceSum(x, [1, 2]), 1 / (pixels[0]! * pixels[1]!));
}
