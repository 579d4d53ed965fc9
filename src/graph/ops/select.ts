/** Masks, selection, casts, and the op that stops gradients. */
import { broadcastShapes, ShapeError } from "../../base/index.ts";
import { showType, type TensorType } from "../value.ts";
import { expectFloats, noGradient, type OpDefinition, type OpFamily } from "./definition.ts";
import { select } from "./functions.ts";

function comparison<K extends "greater" | "lessOrEqual">(op: K, operator: string): OpDefinition<K> {
  return {
    elementwise: true,
    infer: (inputs) => {
      expectFloats(op, inputs, 2);
      return [{ dataType: "bool", shape: broadcastShapes(inputs[0]!.shape, inputs[1]!.shape, op) }];
    },
    gradient: noGradient("a mask is piecewise constant"),
    emit: (emitter, names) => emitter.node(operator, names),
  };
}

function expectOne(op: string, inputs: readonly TensorType[]): TensorType {
  if (inputs.length !== 1) throw new ShapeError(`${op}: expected 1 input, got ${inputs.length}`);
  return inputs[0]!;
}

export const selectOps: OpFamily<
  "greater" | "lessOrEqual" | "select" | "toFloat" | "positive" | "stopGradient" | "after"
> = {
  greater: comparison("greater", "Greater"),
  lessOrEqual: comparison("lessOrEqual", "LessOrEqual"),
  select: {
    elementwise: true,
    infer: ([mask, ...branches]) => {
      if (mask?.dataType !== "bool") {
        throw new ShapeError(`select: expected a bool mask, got ${mask ? showType(mask) : "nothing"}`);
      }
      expectFloats("select", branches, 2);
      const shape = broadcastShapes(branches[0]!.shape, branches[1]!.shape, "select");
      return [{ dataType: "float32", shape: broadcastShapes(mask.shape, shape, "select") }];
    },
    // d select(m, a, b) = da where m, db elsewhere
    gradient: ({ inputs: [mask] }, [dy]) => [undefined, select(mask!, dy!, 0), select(mask!, 0, dy!)],
    emit: (emitter, names) => emitter.node("Where", names),
  },
  toFloat: {
    infer: (inputs) => [{ dataType: "float32", shape: expectOne("toFloat", inputs).shape }],
    gradient: noGradient("pixels and masks are discrete"),
    emit: (emitter, names) => emitter.node("Cast", names, { to: 1 }),
  },
  positive: {
    elementwise: true,
    infer: (inputs) => {
      expectFloats("positive", inputs, 1);
      return [{ dataType: "float32", shape: inputs[0]!.shape }];
    },
    gradient: noGradient("a mask is piecewise constant"),
    // max(0, min(1, 2^127 x)) in one pass on all cores, where Greater and Cast take two, and Cast one core (19 of 357 ms of a training step
    // of colour 32x32, depth 8, width 128, batch 64; 6 now).
    emit: (emitter, names) => emitter.node("HardSigmoid", names, { alpha: { float: 2 ** 127 }, beta: { float: 0 } }),
  },
  stopGradient: {
    infer: (inputs) => {
      expectFloats("stopGradient", inputs, 1);
      return [{ dataType: "float32", shape: inputs[0]!.shape }];
    },
    // stop(x) = x with derivative zero, by definition
    gradient: () => [undefined],
    emit: (_emitter, names) => names,
  },
  after: {
    infer: (inputs) => {
      expectFloats("after", inputs, 2);
      return [{ dataType: "float32", shape: inputs[0]!.shape }];
    },
    // d after(x, other) = dx
    gradient: (_, [dy]) => [dy!, undefined],
    // ONNX cannot say in which order to compute, so x is joined with an empty slice of the other value.
    emit: (emitter, [x, other], _attributes, { inputs }) => {
      const flat = emitter.int64([-1]);
      const [numbers] = emitter.node("Reshape", [x!, flat]);
      const [others] = emitter.node("Reshape", [other!, flat]);
      const [nothing] = emitter.node("Slice", [others!, emitter.int64([0]), emitter.int64([0])]);
      const [joined] = emitter.node("Concat", [numbers!, nothing!], { axis: 0 });
      const shape = inputs[0]!.shape.map((dimension) => (typeof dimension === "number" ? dimension : -1));
      return emitter.node("Reshape", [joined!, emitter.int64(shape)]);
    },
  },
};
