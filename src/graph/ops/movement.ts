/** Ops that move numbers without changing them. */
import {
  broadcastShapes,
  type Dimension,
  ShapeError,
  sameDimension,
  sameShape,
  showDimension,
  showShape,
  sizeOf,
} from "../../base/index.ts";
import { constant } from "./constant.ts";
import { expectFloats, type OpFamily } from "./definition.ts";
import { broadcastLike, concatenate, reshape, split, sumTo, transpose } from "./functions.ts";

/**
 * Pieces of one Split. On a GPU through WebGPU it writes all of them in one shader, which is only promised to have eight tensors in all;
 * more pieces are cut out one by one.
 */
const mostPieces = 7;

export const movementOps: OpFamily<"reshape" | "transpose" | "broadcast" | "concatenate" | "split"> = {
  reshape: {
    infer: (inputs, { shape }) => {
      if (inputs.length !== 1) throw new ShapeError(`reshape: expected 1 input, got ${inputs.length}`);
      const [input] = inputs;
      if (!sameDimension(sizeOf(input!.shape), sizeOf(shape))) {
        throw new ShapeError(
          `reshape: expected ${showDimension(sizeOf(input!.shape))} numbers, got ${showShape(shape)}`,
        );
      }
      return [{ dataType: input!.dataType, shape }];
    },
    // d reshape(x) = reshape(dx)
    gradient: ({ inputs: [x] }, [dy]) => [reshape(dy!, x!.shape)],
    // ONNX takes -1 for the one dimension it is to find out: the free one. Unless told otherwise it takes 0 for "as in the input".
    emit: (emitter, names, { shape }) =>
      emitter.node(
        "Reshape",
        [...names, emitter.int64(shape.map((dimension) => (typeof dimension === "number" ? dimension : -1)))],
        shape.includes(0) ? { allowzero: 1 } : {},
      ),
  },
  transpose: {
    infer: (inputs, { permutation }) => {
      if (inputs.length !== 1) throw new ShapeError(`transpose: expected 1 input, got ${inputs.length}`);
      const { dataType, shape } = inputs[0]!;
      const sorted = [...permutation].sort((a, b) => a - b);
      if (permutation.length !== shape.length || sorted.some((axis, index) => axis !== index)) {
        throw new ShapeError(`transpose: expected an order of the axes of ${showShape(shape)}, got ${permutation}`);
      }
      return [{ dataType, shape: permutation.map((axis) => shape[axis]!) }];
    },
    // d transpose(x, p) = transpose(dx, p^-1)
    gradient: ({ attributes: { permutation } }, [dy]) => [
      transpose(
        dy!,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ],
    emit: (emitter, names, { permutation }) => emitter.node("Transpose", names, { perm: permutation }),
  },
  broadcast: {
    infer: (inputs, { shape }) => {
      expectFloats("broadcast", inputs, 1);
      if (!sameShape(broadcastShapes(inputs[0]!.shape, shape, "broadcast"), shape)) {
        throw new ShapeError(`broadcast: expected a shape that ${showShape(inputs[0]!.shape)} fills, got [${shape}]`);
      }
      return [{ dataType: "float32", shape }];
    },
    // d broadcast(x) = broadcast(dx), so the gradient is summed over the repeated axes
    gradient: ({ inputs: [x] }, [dy]) => [sumTo(dy!, x!.shape)],
    emit: (emitter, names, { shape }) => emitter.node("Expand", [...names, emitter.int64(shape)]),
  },
  concatenate: {
    infer: (inputs, { axis }) => {
      expectFloats("concatenate", inputs, inputs.length);
      const [first] = inputs;
      const others = (shape: readonly Dimension[]) => shape.filter((_, index) => index !== axis);
      const wrong = inputs.find(
        ({ shape }) => shape.length !== first!.shape.length || !sameShape(others(shape), others(first!.shape)),
      );
      if (wrong || axis >= first!.shape.length) {
        const shapes = inputs.map(({ shape }) => showShape(shape)).join(", ");
        throw new ShapeError(`concatenate: expected shapes equal outside axis ${axis}, got ${shapes}`);
      }
      const total = inputs.reduce<Dimension>((sum, { shape }) => addDimensions(sum, shape[axis]!), 0);
      return [
        { dataType: "float32", shape: first!.shape.map((dimension, index) => (index === axis ? total : dimension)) },
      ];
    },
    // d concat(a, b) = concat(da, db): the gradient is cut where the values were joined
    gradient: ({ inputs, attributes: { axis } }, [dy]) => split(dy!, axis, sizesAlong(inputs, axis)),
    emit: (emitter, names, { axis }) => emitter.node("Concat", names, { axis }),
  },
  split: {
    infer: (inputs, { axis, sizes }) => {
      expectFloats("split", inputs, 1);
      const { shape } = inputs[0]!;
      const total = sizes.reduce((sum, size) => sum + size, 0);
      if (shape[axis] !== total || sizes.some((size) => size < 0)) {
        throw new ShapeError(
          `split: expected sizes that fill axis ${axis} of ${showShape(shape)}, got ${sizes.join("+")}`,
        );
      }
      return sizes.map((size) => ({
        dataType: "float32",
        shape: shape.map((dimension, index) => (index === axis ? size : dimension)),
      }));
    },
    // d split(x) = split(dx): the pieces are joined, zeros where no gradient arrived
    gradient: ({ inputs: [x], outputs, attributes: { axis } }, pieces) => [
      concatenate(
        pieces.map((piece, index) => piece ?? broadcastLike(constant(x!.graph, 0), outputs[index]!)),
        axis,
      ),
    ],
    emit: (emitter, names, { axis, sizes }) => {
      if (sizes.length <= mostPieces)
        return emitter.node("Split", [...names, emitter.int64(sizes)], { axis }, sizes.length);
      let end = 0;
      return sizes.flatMap((size) => {
        end += size;
        const bounds = [end - size, end, axis].map((bound) => emitter.int64([bound]));
        return emitter.node("Slice", [...names, ...bounds]);
      });
    },
  },
};

function addDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a === 0) return b;
  if (typeof a !== "number" && typeof b !== "number") return { factor: a.factor + b.factor };
  throw new ShapeError(`concatenate: expected known sizes, got ${showDimension(a)} and ${showDimension(b)}`);
}

function sizesAlong(values: readonly { readonly shape: readonly Dimension[] }[], axis: number): number[] {
  return values.map(({ shape }) => {
    const size = shape[axis]!;
    if (typeof size === "number") return size;
    throw new ShapeError(
      `concatenate: expected known sizes along axis ${axis} to differentiate, got ${showShape(shape)}`,
    );
  });
}
