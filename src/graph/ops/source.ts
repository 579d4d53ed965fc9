/** Ops without inputs: what comes in from outside, and constants. */
import type { OpFamily } from "./definition.ts";
import { noGradient } from "./definition.ts";

export const sourceOps: OpFamily<"input" | "constant"> = {
  input: {
    infer: (_, { dataType, shape }) => [{ dataType, shape }],
    gradient: noGradient("an input has no inputs"),
    emit: (_emitter, _names, { name }) => [name],
  },
  constant: {
    infer: (_, { shape }) => [{ dataType: "float32", shape }],
    gradient: noGradient("a constant has no inputs"),
    emit: (emitter, _names, { values, shape, key }) => [emitter.float32(values, shape, key)],
  },
};
