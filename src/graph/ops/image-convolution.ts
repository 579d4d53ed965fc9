/**
 * A convolution as ONNX has it, over images [N, C, H, W]. Where its weights are constants, ONNX Runtime lays pixels and weights out for its
 * direct convolution when it loads the graph, which is what makes scoring fast. Weights that come in at every run get none of that: training
 * computes the same from `unfold`, `gemm` and `fold`.
 */
import { type Dimension, ShapeError, showShape, staticDimension } from "../../base/index.ts";
import type { TensorType } from "../value.ts";
import { expectFloats, noGradient, type OpFamily } from "./definition.ts";

export const imageConvolutionOps: OpFamily<"imageConvolution"> = {
  imageConvolution: {
    infer: (inputs) => {
      expectFloats("imageConvolution", inputs, 3);
      const [batch, , height, width] = axesOf(inputs[0]!, "images [N, C, H, W]");
      expectBias(inputs[2]!, kernelOf(inputs).outputs);
      return [{ dataType: "float32", shape: [batch, kernelOf(inputs).outputs, height, width] }];
    },
    gradient: noGradient("imageConvolution serves graphs with constant weights; differentiate unfold, gemm and fold"),
    emit: (emitter, names, _attributes, { inputs }) => {
      const { side } = kernelOf(inputs);
      const border = (side - 1) / 2;
      return emitter.node("Conv", names, { kernel_shape: [side, side], pads: [border, border, border, border] });
    },
  },
};

function axesOf({ shape }: TensorType, what: string): readonly [Dimension, Dimension, Dimension, Dimension] {
  if (shape.length !== 4) throw new ShapeError(`imageConvolution: expected ${what}, got ${showShape(shape)}`);
  return shape as unknown as readonly [Dimension, Dimension, Dimension, Dimension];
}

/** Output channels and side of a kernel [O, C, K, K] that fits the images. */
function kernelOf([images, weight]: readonly TensorType[]): { readonly outputs: number; readonly side: number } {
  const [, channels] = axesOf(images!, "images [N, C, H, W]");
  const [outputs, inner, height, width] = axesOf(weight!, "a kernel [O, C, K, K]");
  const side = staticDimension(height, "imageConvolution");
  if (side !== width || side % 2 === 0 || inner !== channels) {
    throw new ShapeError(
      `imageConvolution: expected a square kernel of odd side over the channels of ${showShape(images!.shape)}, got ${showShape(weight!.shape)}`,
    );
  }
  return { outputs: staticDimension(outputs, "imageConvolution"), side };
}

function expectBias({ shape }: TensorType, outputs: number): void {
  if (shape.length === 1 && shape[0] === outputs) return;
  throw new ShapeError(`imageConvolution: expected a bias [${outputs}], got ${showShape(shape)}`);
}
