/** Reductions. */
import { type Dimension, ShapeError, showShape } from "../../base/index.ts";
import { expectFloats, type OpFamily } from "./definition.ts";
import { reshape } from "./functions.ts";

export const reduceOps: OpFamily<"reduceSum"> = {
  reduceSum: {
    infer: (inputs, { axes, keepDimensions }) => {
      expectFloats("reduceSum", inputs, 1);
      const { shape } = inputs[0]!;
      if (axes.some((axis) => axis < 0 || axis >= shape.length)) {
        throw new ShapeError(`reduceSum: expected axes within ${showShape(shape)}, got ${axes.join(",")}`);
      }
      return [{ dataType: "float32", shape: reducedShape(shape, axes, keepDimensions) }];
    },
    // d sum(x) = sum(dx): the gradient is repeated over the summed axes, left to broadcast
    gradient: ({ inputs: [x], attributes }, [dy]) => [reshape(dy!, reducedShape(x!.shape, attributes.axes, true))],
    emit: (emitter, names, { axes, keepDimensions }) =>
      emitter.node("ReduceSum", [...names, emitter.int64(axes)], { keepdims: keepDimensions ? 1 : 0 }),
  },
};

function reducedShape(shape: readonly Dimension[], axes: readonly number[], keepDimensions: boolean): Dimension[] {
  return shape.flatMap((dimension, axis) => (axes.includes(axis) ? (keepDimensions ? [1] : []) : [dimension]));
}
