/**
 * A convolution as ONNX has it, over images [N, C, H, W]. Where its weights are constants, ONNX Runtime lays pixels and weights out for its
 * direct convolution when it loads the graph, which is what makes scoring fast. Weights that come in at every run get none of that: training
 * computes the same from `unfold`, `gemm` and `fold`.
 */
import { type Dimension, ShapeError, showDimension, showShape, staticDimension } from "../../base/index.ts";
import type { TensorType } from "../value.ts";
import { expectFloats, noGradient, type OpFamily } from "./definition.ts";
import type { Window } from "./neighbourhood.ts";

export const imageConvolutionOps: OpFamily<"imageConvolution"> = {
  imageConvolution: {
    infer: (inputs, { window }) => {
      expectFloats("imageConvolution", inputs, 3);
      const [batch, , height, width] = axesOf(inputs[0]!, "images [N, C, H, W]");
      const { outputs, rows, columns } = kernelOf(inputs, window);
      expectBias(inputs[2]!, outputs);
      if (!window) return [{ dataType: "float32", shape: [batch, outputs, height, width] }];
      const [above, left, below, right] = window.pads;
      const places = [
        placesOf(height, above + below - rows, window.stride),
        placesOf(width, left + right - columns, window.stride),
      ];
      return [{ dataType: "float32", shape: [batch, outputs, ...places] }];
    },
    gradient: noGradient("imageConvolution serves graphs with constant weights; differentiate unfold, gemm and fold"),
    emit: (emitter, names, { window }, { inputs }) => {
      const { rows, columns } = kernelOf(inputs, window);
      const border = (rows - 1) / 2;
      return emitter.node("Conv", names, {
        kernel_shape: [rows, columns],
        pads: window?.pads ?? [border, border, border, border],
        ...(window && { strides: [window.stride, window.stride] }),
      });
    },
  },
};

function axesOf({ shape }: TensorType, what: string): readonly [Dimension, Dimension, Dimension, Dimension] {
  if (shape.length !== 4) throw new ShapeError(`imageConvolution: expected ${what}, got ${showShape(shape)}`);
  return shape as unknown as readonly [Dimension, Dimension, Dimension, Dimension];
}

/** Places along an axis of images: where a kernel fits in with what is left of the zeros around once its own size is gone. */
function placesOf(size: Dimension, rest: number, stride: number): number {
  const places = Math.floor((staticDimension(size, "imageConvolution") + rest) / stride) + 1;
  if (places > 0) return places;
  throw new ShapeError(
    `imageConvolution: expected images that the kernel fits in, got a side of ${showDimension(size)}`,
  );
}

/** Output channels and sides of a kernel [O, C, K, K], or of any rectangle with a window, that fits the images. */
function kernelOf(
  [images, weight]: readonly TensorType[],
  window: Window | undefined,
): { readonly outputs: number; readonly rows: number; readonly columns: number } {
  const [, channels] = axesOf(images!, "images [N, C, H, W]");
  const [outputs, inner, height, width] = axesOf(weight!, "a kernel [O, C, K, K]");
  const [rows, columns] = [height, width].map((side) => staticDimension(side, "imageConvolution")) as [number, number];
  if (inner !== channels || (!window && (rows !== columns || rows % 2 === 0))) {
    const shape = window ? "kernel" : "square kernel of odd side";
    throw new ShapeError(
      `imageConvolution: expected a ${shape} over the channels of ${showShape(images!.shape)}, got ${showShape(weight!.shape)}`,
    );
  }
  return { outputs: staticDimension(outputs, "imageConvolution"), rows, columns };
}

function expectBias({ shape }: TensorType, outputs: number): void {
  if (shape.length === 1 && shape[0] === outputs) return;
  throw new ShapeError(`imageConvolution: expected a bias [${outputs}], got ${showShape(shape)}`);
}
