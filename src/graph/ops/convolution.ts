/**
 * The two halves of a 3x3 convolution with zero padding, as primitives because ONNX can gather whole pixels in one operator, where
 * composing them from shifts would take nine pads and a concatenation.
 *
 * A narrow-to-wide convolution is gemm(weight, unfold(x)), a wide-to-narrow one is fold(gemm(weight, x)): the ninefold copy is always
 * made on the narrow side. Tap k = 3 * ky + kx reads the pixel at (y + ky - 1, x + kx - 1), as in PyTorch's conv2d with padding 1.
 */
import { ShapeError, showShape, staticDimension } from "../../base/index.ts";
import type { TensorType } from "../value.ts";
import { type Emitter, expectFloats, type OpFamily } from "./definition.ts";
import { fold, unfold } from "./functions.ts";

const taps = 9;

export const convolutionOps: OpFamily<"unfold" | "fold"> = {
  unfold: {
    infer: (inputs) => {
      expectFloats("unfold", inputs, 1);
      const { shape } = inputs[0]!;
      if (shape.length !== 4) throw new ShapeError(`unfold: expected [C, H, W, N], got ${showShape(shape)}`);
      const { channels, height, width } = extent("unfold", shape, 1);
      return [{ dataType: "float32", shape: [channels, taps, height, width, shape[3]!] }];
    },
    // unfold is linear, its adjoint is fold
    gradient: (_, [dy]) => [fold(dy!)],
    emit: (emitter, names, _attributes, { inputs, outputs }) => {
      const { channels, height, width } = extent("unfold", inputs[0]!.shape, 1);
      // A row of zeros behind the pixels is what taps outside the image read.
      const rows = emitter.node("Reshape", [names[0]!, emitter.int64([channels, height * width, -1])]);
      const padded = emitter.node("Pad", [rows[0]!, emitter.int64([0, 0, 0, 0, 1, 0])]);
      const gathered = emitter.node("Gather", [padded[0]!, emitter.int64(unfoldRows(height, width))], { axis: 1 });
      return reshapeTo(emitter, gathered[0]!, outputs[0]!);
    },
  },
  fold: {
    infer: (inputs) => {
      expectFloats("fold", inputs, 1);
      const { shape } = inputs[0]!;
      if (shape.length !== 5 || shape[1] !== taps) {
        throw new ShapeError(`fold: expected [C, 9, H, W, N], got ${showShape(shape)}`);
      }
      const { channels, height, width } = extent("fold", shape, 2);
      return [{ dataType: "float32", shape: [channels, height, width, shape[4]!] }];
    },
    // fold is linear, its adjoint is unfold
    gradient: (_, [dy]) => [unfold(dy!)],
    emit: (emitter, names, _attributes, { inputs, outputs }) => {
      const { channels, height, width } = extent("fold", inputs[0]!.shape, 2);
      const rows = emitter.node("Reshape", [names[0]!, emitter.int64([channels, taps * height * width, -1])]);
      const padded = emitter.node("Pad", [rows[0]!, emitter.int64([0, 0, 0, 0, 1, 0])]);
      const gathered = emitter.node("Gather", [padded[0]!, emitter.int64(foldRows(height, width))], { axis: 1 });
      const split = emitter.node("Reshape", [gathered[0]!, emitter.int64([channels, taps, height * width, -1])]);
      const summed = emitter.node("ReduceSum", [split[0]!, emitter.int64([1])], { keepdims: 0 });
      return reshapeTo(emitter, summed[0]!, outputs[0]!);
    },
  },
};

/** Channels, and the height and width that follow each other from axis `first` on; all must be known. */
function extent(
  op: string,
  shape: TensorType["shape"],
  first: number,
): { channels: number; height: number; width: number } {
  return {
    channels: staticDimension(shape[0], op),
    height: staticDimension(shape[first], op),
    width: staticDimension(shape[first + 1], op),
  };
}

function reshapeTo(emitter: Emitter, name: string, type: TensorType): string[] {
  return emitter.node("Reshape", [name, emitter.int64(type.shape.map((d) => (typeof d === "number" ? d : -1)))]);
}

/** For every tap and pixel the pixel it reads, or the row of zeros. */
function unfoldRows(height: number, width: number): number[] {
  return neighbours(height, width, 1, (_tap, pixel) => pixel, height * width);
}

/** For every tap and pixel the row of [9 * H * W] whose tap points at that pixel, or the row of zeros. */
function foldRows(height: number, width: number): number[] {
  const pixels = height * width;
  return neighbours(height, width, -1, (tap, pixel) => tap * pixels + pixel, taps * pixels);
}

function neighbours(
  height: number,
  width: number,
  direction: 1 | -1,
  row: (tap: number, pixel: number) => number,
  outside: number,
): number[] {
  const rows: number[] = [];
  for (let tap = 0; tap < taps; tap++) {
    const dy = direction * (Math.floor(tap / 3) - 1);
    const dx = direction * ((tap % 3) - 1);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inside = y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width;
        rows.push(inside ? row(tap, (y + dy) * width + x + dx) : outside);
      }
    }
  }
  return rows;
}
