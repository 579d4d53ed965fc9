/** A 3x3 convolution that keeps every second pixel, in both forms: as a product for training and over images for scoring. */
import { ShapeError, showShape, staticDimension } from "../base/index.ts";
import { concatenate, constant, reshape, split, type Value } from "../graph/index.ts";
import { toColumns } from "../nn/index.ts";

/**
 * The 3x3 neighbourhood of every second pixel as a column, zero outside: x [C, H, W, N] to [9 C, H/2 W/2 N]. The product with a weight
 * [out, C, 3, 3], reshaped to [out, 9 C], is a convolution with stride 2 and padding 1, as PyTorch's conv2d has it. Throws ShapeError for odd sizes.
 */
export function stridedNeighbourhoods(x: Value): Value {
  const [channels, height, width] = x.shape.slice(0, 3).map((size) => staticDimension(size, "stridedNeighbourhoods"));
  const [rows, columns] = halves(height!, width!, x);
  const batch = staticDimension(x.shape[3], "stridedNeighbourhoods");
  const shape = [channels!, rows, columns, batch];
  // The four pixels of every 2x2 block, each as an image of its own.
  const blocks = reshape(x, [channels!, rows, 2, columns, 2, batch]);
  const phases = split(blocks, 2, [1, 1]).map((half) => split(half, 4, [1, 1]).map((phase) => reshape(phase, shape)));
  // Tap 0 reads the odd row before, tap 1 the even row, tap 2 the odd row; columns alike.
  const taps = [0, 1, 2].flatMap((ky) =>
    [0, 1, 2].map((kx) => {
      const phase = phases[ky === 1 ? 0 : 1]![kx === 1 ? 0 : 1]!;
      const down = ky === 0 ? shifted(phase, 1) : phase;
      const tap = kx === 0 ? shifted(down, 2) : down;
      return reshape(tap, [channels!, 1, rows, columns, batch]);
    }),
  );
  const all = concatenate(taps, 1);
  return toColumns(reshape(all, [channels! * 9, rows, columns, batch]));
}

/** An image moved by one along an axis, zeros where it was. */
function shifted(x: Value, axis: number): Value {
  const size = x.shape[axis] as number;
  const shape = x.shape.map((dimension, index) => (index === axis ? 1 : (dimension as number)));
  const zeros = constant(
    x.graph,
    new Float32Array(shape.reduce((product, dimension) => product * dimension, 1)),
    shape,
  );
  return size === 1 ? zeros : concatenate([zeros, split(x, axis, [size - 1, 1])[0]!], axis);
}

function halves(height: number, width: number, x: Value): [number, number] {
  if (height % 2 === 0 && width % 2 === 0) return [height / 2, width / 2];
  throw new ShapeError(`strided convolution: expected even height and width, got ${showShape(x.shape)}`);
}
