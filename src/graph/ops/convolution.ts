/**
 * The two halves of a convolution with zero padding, as primitives because ONNX can gather whole pixels in one operator, where
 * composing them from shifts would take a pad for every tap and a concatenation. What a place reads is 3x3 pixels unless a neighbourhood says
 * otherwise: fewer taps mask a convolution, a stride shrinks (`unfold`) or enlarges (`fold`).
 *
 * A narrow-to-wide convolution is gemm(weight, unfold(x)), a wide-to-narrow one is fold(gemm(weight, x)): the copy with all taps is always
 * made on the narrow side.
 */
import {
  type Dimension,
  ShapeError,
  sameDimension,
  showDimension,
  showShape,
  sizeOf,
  staticDimension,
} from "../../base/index.ts";
import type { TensorType } from "../value.ts";
import { type Emitter, expectFloats, type OpFamily } from "./definition.ts";
import { fold, gemm, reshape, split, unfold } from "./functions.ts";
import { placesAlong, rowsRead, rowsWritten, square } from "./neighbourhood.ts";

/** Taps of the square, which is all that `homogeneousUnfold` reads. */
const taps = square.taps.length;

export const convolutionOps: OpFamily<"unfold" | "homogeneousUnfold" | "fold" | "foldedProduct"> = {
  unfold: {
    infer: (inputs, { neighbourhood = square }) => {
      const { channels, height, width } = expectPixels("unfold", inputs);
      const places = [height, width].map((pixels) => placesAlong(pixels, neighbourhood, "unfold"));
      return [
        {
          dataType: "float32",
          shape: [channels, neighbourhood.taps.length, ...places, inputs[0]!.shape[3]!],
        },
      ];
    },
    // unfold is linear, its adjoint is fold
    gradient: ({ attributes: { neighbourhood } }, [dy]) => [fold(dy!, neighbourhood)],
    emit: (emitter, names, { neighbourhood = square }, { inputs, outputs }) => {
      const { channels, height, width } = extent("unfold", inputs[0]!.shape, 1);
      // A row of zeros behind the pixels is what taps outside the image read.
      const rows = emitter.node("Reshape", [names[0]!, emitter.int64([channels, height * width, -1])]);
      const padded = emitter.node("Pad", [rows[0]!, emitter.int64([0, 0, 0, 0, 1, 0])]);
      const read = emitter.int64(rowsRead(neighbourhood, height, width));
      const gathered = emitter.node("Gather", [padded[0]!, read], { axis: 1 });
      return reshapeTo(emitter, gathered[0]!, outputs[0]!);
    },
  },
  /**
   * The columns of unfold in homogeneous coordinates: a last row of ones, which multiplies a bias that is the last column of the weight. The
   * engine adds a bias of its own by filling the whole result with it first, on one core, and the bias's gradient is another pass.
   */
  homogeneousUnfold: {
    infer: (inputs) => {
      const { channels } = expectPixels("homogeneousUnfold", inputs);
      return [{ dataType: "float32", shape: [channels * taps + 1, sizeOf(inputs[0]!.shape.slice(1))] }];
    },
    // linear but for the ones: dx = fold(dy without its last row)
    gradient: ({ inputs: [x] }, [dy]) => {
      const channels = staticDimension(x!.shape[0], "homogeneousUnfold");
      const [columns] = split(dy!, 0, [channels * taps, 1]);
      return [fold(reshape(columns!, [channels, taps, ...x!.shape.slice(1)]))];
    },
    emit: (emitter, names, _attributes, { inputs, outputs }) => {
      const { channels, height, width } = extent("homogeneousUnfold", inputs[0]!.shape, 1);
      const rows = emitter.node("Reshape", [names[0]!, emitter.int64([channels * height * width, -1])]);
      // A row of zeros, then one of ones.
      const zero = emitter.node("Pad", [rows[0]!, emitter.int64([0, 0, 1, 0])]);
      const one = emitter.node("Pad", [zero[0]!, emitter.int64([0, 0, 1, 0]), emitter.float32(Float32Array.of(1), [])]);
      const indices = emitter.int64(homogeneousRows(channels, height, width));
      const gathered = emitter.node("Gather", [one[0]!, indices], { axis: 0 });
      return reshapeTo(emitter, gathered[0]!, outputs[0]!);
    },
  },
  fold: {
    infer: (inputs, { neighbourhood = square }) => {
      expectFloats("fold", inputs, 1);
      const { shape } = inputs[0]!;
      const count = neighbourhood.taps.length;
      if (shape.length !== 5 || shape[1] !== count) {
        throw new ShapeError(`fold: expected [C, ${count}, H, W, N], got ${showShape(shape)}`);
      }
      const { channels, height, width } = extent("fold", shape, 2);
      const pixels = [height, width].map((places) => places * neighbourhood.stride);
      return [{ dataType: "float32", shape: [channels, ...pixels, shape[4]!] }];
    },
    // fold is linear, its adjoint is unfold
    gradient: ({ attributes: { neighbourhood } }, [dy]) => [unfold(dy!, neighbourhood)],
    emit: (emitter, names, { neighbourhood = square }, { inputs, outputs }) => {
      const { channels, height: down, width: across } = extent("fold", inputs[0]!.shape, 2);
      const { height, width } = extent("fold", outputs[0]!.shape, 1);
      const { slots, rows: written } = rowsWritten(neighbourhood, height, width);
      const count = neighbourhood.taps.length * down * across;
      const rows = emitter.node("Reshape", [names[0]!, emitter.int64([channels, count, -1])]);
      const padded = emitter.node("Pad", [rows[0]!, emitter.int64([0, 0, 0, 0, 1, 0])]);
      const gathered = emitter.node("Gather", [padded[0]!, emitter.int64(written)], { axis: 1 });
      const split = emitter.node("Reshape", [gathered[0]!, emitter.int64([channels, slots, height * width, -1])]);
      const summed = emitter.node("ReduceSum", [split[0]!, emitter.int64([1])], { keepdims: 0 });
      return reshapeTo(emitter, summed[0]!, outputs[0]!);
    },
  },
  /**
   * fold(A B) for a product of [9 C, K] and [K, H W N], of places. A row of zeros under A makes a row of zeros under the product, which taps outside
   * the image read: without it the ninefold product is copied to get one (12 of 300 ms of a training step of colour 32x32, depth 8, width
   * 128, batch 64).
   */
  foldedProduct: {
    between: taps,
    infer: (inputs, { transposeA, height, width, neighbourhood = square }) => {
      expectFloats("foldedProduct", inputs, 2);
      const count = neighbourhood.taps.length;
      const [a, b] = inputs.map(({ shape }) => shape);
      const [rows, inner] = transposeA ? [a![1], a![0]] : [a![0], a![1]];
      const columns = b![1];
      const fits = a!.length === 2 && b!.length === 2 && sameDimension(inner!, b![0]!);
      if (!fits || typeof rows !== "number" || rows % count !== 0 || columns === undefined) {
        const shown = `${showShape(a!)}${transposeA ? "^T" : ""} and ${showShape(b!)}`;
        throw new ShapeError(`foldedProduct: expected [${count}C, K] and [K, H W N], got ${shown}`);
      }
      const batch = divideDimension(columns, (height * width) / neighbourhood.stride ** 2);
      return [{ dataType: "float32", shape: [rows / count, height, width, batch] }];
    },
    // Y = fold(A B), and unfold is the adjoint of fold:  dA = unfold(dY) B^T,  dB = A^T unfold(dY)
    gradient: ({ inputs: [a, b], attributes: { transposeA, neighbourhood } }, [dy]) => {
      const unfolded = unfold(dy!, neighbourhood);
      const rows = staticDimension(dy!.shape[0], "foldedProduct") * (neighbourhood ?? square).taps.length;
      const columns = reshape(unfolded, [rows, b!.shape[1]!]);
      return [
        transposeA ? gemm(b!, columns, { transposeB: true }) : gemm(columns, b!, { transposeB: true }),
        gemm(a!, columns, { transposeA: !transposeA }),
      ];
    },
    emit: (emitter, [a, b], { transposeA, height, width, neighbourhood = square }, { inputs, outputs }) => {
      const channels = staticDimension(outputs[0]!.shape[0], "foldedProduct");
      const inner = staticDimension(inputs[0]!.shape[transposeA ? 0 : 1], "foldedProduct");
      const zeros = emitter.float32(new Float32Array(inner), transposeA ? [inner, 1] : [1, inner]);
      const [weight] = emitter.node("Concat", [a!, zeros], { axis: transposeA ? 1 : 0 });
      const [product] = emitter.node("Gemm", [weight!, b!], { transA: transposeA ? 1 : 0 });
      const places = (height * width) / neighbourhood.stride ** 2;
      const count = neighbourhood.taps.length;
      const [rows] = emitter.node("Reshape", [product!, emitter.int64([(channels * count + 1) * places, -1])]);
      const { slots, rows: written } = rowsWritten(neighbourhood, height, width);
      const all = emitter.int64(foldedRows(channels, count * places, written));
      const [gathered] = emitter.node("Gather", [rows!, all], { axis: 0 });
      const [split] = emitter.node("Reshape", [gathered!, emitter.int64([channels, slots, height * width, -1])]);
      const [summed] = emitter.node("ReduceSum", [split!, emitter.int64([1])], { keepdims: 0 });
      return reshapeTo(emitter, summed!, outputs[0]!);
    },
  },
};

/** Extents of the one input [C, H, W, N] of an op. */
function expectPixels(op: string, inputs: readonly TensorType[]): ReturnType<typeof extent> {
  expectFloats(op, inputs, 1);
  const { shape } = inputs[0]!;
  if (shape.length !== 4) throw new ShapeError(`${op}: expected [C, H, W, N], got ${showShape(shape)}`);
  return extent(op, shape, 1);
}

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

/** What the square reads for all channels over the rows of [C H W + 2], of which the last but one is zeros and the last ones; then ones for every pixel. */
function homogeneousRows(channels: number, height: number, width: number): number[] {
  const pixels = height * width;
  const zeros = channels * pixels;
  const rows = rowsRead(square, height, width);
  const ofChannel = (channel: number) => rows.map((row) => (row === pixels ? zeros : channel * pixels + row));
  return [
    ...Array.from({ length: channels }, (_, channel) => ofChannel(channel)).flat(),
    ...Array.from({ length: pixels }, () => zeros + 1),
  ];
}

/** What is written for all channels: over the rows [C, taps, places] and a row of zeros behind them. */
function foldedRows(channels: number, size: number, rows: readonly number[]): number[] {
  return Array.from({ length: channels }, (_, channel) =>
    rows.map((row) => (row === size ? channels * size : channel * size + row)),
  ).flat();
}

/** dimension / divisor. Throws ShapeError where that leaves a rest. */
function divideDimension(dimension: Dimension, divisor: number): Dimension {
  const size = typeof dimension === "number" ? dimension : dimension.factor;
  if (size % divisor !== 0) {
    throw new ShapeError(`foldedProduct: expected a multiple of ${divisor} pixels, got ${showDimension(dimension)}`);
  }
  return typeof dimension === "number" ? size / divisor : { factor: size / divisor };
}
