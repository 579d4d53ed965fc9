/**
 * Convolutions with any neighbourhood over images [N, C, H, W], for constant weights: the same numbers as `unfold` or `fold` and a product over
 * [C, H, W, N], by kernels that are the rectangle around what is read, zero where nothing is.
 */
import { staticDimension } from "../base/index.ts";
import {
  constant,
  gemm,
  imageConvolution,
  multiply,
  type Neighbourhood,
  rectangleOf,
  reshape,
  transpose,
  type Value,
  type Window,
} from "../graph/index.ts";

/** What a kernel's numbers are read for: pixels around a place's own, and which of the results that share the place. */
interface Read {
  readonly row: number;
  readonly column: number;
  readonly result: number;
}

/** The neighbourhood of every place, times weight [out, C, taps], plus a bias [out]: images [N, C, H, W] to [N, out, H / stride, W / stride]. */
export function readingConvolution(images: Value, weight: Value, bias: Value, neighbourhood: Neighbourhood): Value {
  const { taps, stride } = neighbourhood;
  const reads = taps.map(([row, column]) => ({ row, column, result: 0 }));
  return convolution(images, weight, bias, reads, 1, stride);
}

/**
 * Every place times weight [out, taps, C], added to the pixels that its neighbourhood names, plus a bias [out]: images [N, C, H, W] to
 * [N, out, stride H, stride W]. Pixels of a block of stride x stride are results of one place, which are then put where they belong.
 */
export function writingConvolution(images: Value, weight: Value, bias: Value, neighbourhood: Neighbourhood): Value {
  const { taps, stride } = neighbourhood;
  const within = (offset: number): number => ((offset % stride) + stride) % stride;
  const reads = taps.map(([row, column]) => ({
    row: (within(row) - row) / stride,
    column: (within(column) - column) / stride,
    result: within(row) * stride + within(column),
  }));
  const y = convolution(images, transpose(weight, [0, 2, 1]), bias, reads, stride ** 2, 1);
  if (stride === 1) return y;
  const [count, , height, width] = y.shape as [Value["shape"][number], number, number, number];
  const out = staticDimension(weight.shape[0], "writingConvolution");
  const blocks = transpose(reshape(y, [count, out, stride, stride, height, width]), [0, 1, 4, 2, 5, 3]);
  return reshape(blocks, [count, out, stride * height, stride * width]);
}

/** Weight [out, C, taps] and bias [out] as a convolution whose taps stand at `reads`, with `results` results of a place for every output: [N, out results, ...]. */
function convolution(
  images: Value,
  weight: Value,
  bias: Value,
  reads: readonly Read[],
  results: number,
  stride: number,
): Value {
  const [out, channels] = weight.shape.slice(0, 2).map((size) => staticDimension(size, "convolution"));
  const { rows, columns, cellOf } = rectangleOf(reads.map(({ row, column }) => [row, column] as const));
  const cells = rows.size * columns.size;
  const places = new Float32Array(reads.length * results * cells);
  for (const [tap, { row, column, result }] of reads.entries()) {
    places[(tap * results + result) * cells + cellOf(row, column)] = 1;
  }
  const flat = reshape(weight, [out! * channels!, reads.length]);
  const placed = gemm(flat, constant(images.graph, places, [reads.length, results * cells]));
  const kernel = transpose(reshape(placed, [out!, channels!, results, cells]), [0, 2, 1, 3]);
  const ones = constant(images.graph, new Float32Array(results).fill(1), [1, results]);
  const window: Window = {
    pads: [
      0 - rows.first,
      0 - columns.first,
      Math.max(0, rows.last + 1 - stride),
      Math.max(0, columns.last + 1 - stride),
    ],
    stride,
  };
  return imageConvolution(
    images,
    reshape(kernel, [out! * results, channels!, rows.size, columns.size]),
    reshape(multiply(reshape(bias, [out!, 1]), ones), [out! * results]),
    window,
  );
}
