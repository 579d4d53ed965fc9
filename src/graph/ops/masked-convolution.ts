/**
 * A convolution that reads some of the pixels around, over activations [C, H, W, N], with weights that come in at every run and a gradient. ONNX Runtime
 * gathers what a few places read, multiplies it while it is in cache and goes on, where products make all of it first: 48 to 48 channels, six taps, 32 images of
 * 32x32 on one core, 8.2 ms instead of 11 forwards, and the same instead of 14 back. In ONNX's eyes the batch is a part of the width, and taps are N columns apart.
 */
import { ShapeError, showShape, sizeOf, staticDimension } from "../../base/index.ts";
import { constant } from "./constant.ts";
import { type Emitter, expectFloats, type OpFamily } from "./definition.ts";
import { gemm, maskedConvolution, reduceSum, reshape, transpose, unfold } from "./functions.ts";
import { type Neighbourhood, rectangleOf } from "./neighbourhood.ts";

export const maskedConvolutionOps: OpFamily<"maskedConvolution"> = {
  maskedConvolution: {
    infer: (inputs, { neighbourhood }) => {
      expectFloats("maskedConvolution", inputs, 3);
      const [x, weight, bias] = inputs.map(({ shape }) => shape);
      const [outputs, taps, channels] = weight!;
      const fits =
        neighbourhood.stride === 1 &&
        x!.length === 4 &&
        weight!.length === 3 &&
        taps === neighbourhood.taps.length &&
        channels === x![0] &&
        bias!.length === 1 &&
        bias![0] === outputs;
      if (!fits) {
        const shown = [x, weight, bias].map((shape) => showShape(shape!)).join(", ");
        const expected = `[C, H, W, N], [O, ${neighbourhood.taps.length}, C] and [O]`;
        throw new ShapeError(`maskedConvolution: expected ${expected} with a stride of 1, got ${shown}`);
      }
      const [height, width] = x!.slice(1, 3).map((size) => staticDimension(size, "maskedConvolution"));
      return [{ dataType: "float32", shape: [outputs!, height!, width!, x![3]!] }];
    },
    // Y = sum over taps of W_t X read at t, so what a pixel gets back is dY where it was read:  dX = sum_t W_t^T dY at -t
    gradient: ({ inputs: [x, weight], attributes: { neighbourhood } }, [dy]) => {
      const [channels, ...pixels] = x!.shape;
      const [outputs, taps] = weight!.shape.map((size) => staticDimension(size, "maskedConvolution"));
      const back = { taps: neighbourhood.taps.map(([row, column]) => [0 - row, 0 - column] as const), stride: 1 };
      const columns = reshape(unfold(dy!, back), [outputs! * taps!, sizeOf(pixels)]);
      const nothing = constant(x!.graph, new Float32Array(channels as number), [channels as number]);
      return [
        maskedConvolution(dy!, transpose(weight!, [2, 1, 0]), nothing, back),
        reshape(gemm(columns, reshape(x!, [channels!, sizeOf(pixels)]), { transposeB: true }), weight!.shape),
        reduceSum(dy!, [1, 2, 3]),
      ];
    },
    emit: (emitter, [x, weight, bias], { neighbourhood }, { inputs, outputs }) => {
      const [channels, height, width, count] = inputs[0]!.shape as readonly [number, number, number, unknown];
      const { rows, columns } = rectangleOf(neighbourhood.taps);
      const [kernel] = emitKernel(emitter, weight!, inputs[1]!.shape as readonly number[], neighbourhood);
      const kernelShape = [rows.size, columns.size];
      if (typeof count === "number") {
        const [wide] = emitter.node("Reshape", [x!, emitter.int64([1, channels, height, width * count])]);
        const [y] = emitter.node("Conv", [wide!, kernel!, bias!], {
          kernel_shape: kernelShape,
          pads: [0 - rows.first, (0 - columns.first) * count, rows.last, columns.last * count],
          dilations: [1, count],
        });
        return emitter.node("Reshape", [y!, emitter.int64(outputs[0]!.shape as readonly number[])]);
      }
      const [images] = emitter.node("Transpose", [x!], { perm: [3, 0, 1, 2] });
      const [y] = emitter.node("Conv", [images!, kernel!, bias!], {
        kernel_shape: kernelShape,
        pads: [0 - rows.first, 0 - columns.first, rows.last, columns.last],
      });
      return emitter.node("Transpose", [y!], { perm: [1, 2, 3, 0] });
    },
  },
};

/** A weight [O, taps, C] as the kernel [O, C, rows, columns] of the rectangle around the taps, zero where nothing is read. */
function emitKernel(
  emitter: Emitter,
  weight: string,
  [outputs, taps, channels]: readonly number[],
  neighbourhood: Neighbourhood,
): string[] {
  const { rows, columns, cellOf } = rectangleOf(neighbourhood.taps);
  const cells = rows.size * columns.size;
  const [padded] = taps === cells ? [weight] : emitter.node("Pad", [weight, emitter.int64([0, 0, 0, 0, 1, 0])]);
  const tapOf = new Map(neighbourhood.taps.map(([row, column], tap) => [cellOf(row, column), tap]));
  const order = Array.from({ length: cells }, (_, cell) => tapOf.get(cell) ?? taps!);
  const inOrder = order.every((tap, cell) => tap === cell);
  const [placed] = inOrder ? [padded] : emitter.node("Gather", [padded!, emitter.int64(order)], { axis: 1 });
  const [kernel] = emitter.node("Transpose", [placed!], { perm: [0, 2, 1] });
  return emitter.node("Reshape", [kernel!, emitter.int64([outputs!, channels!, rows.size, columns.size])]);
}
