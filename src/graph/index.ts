/** A differentiable graph of float32 tensors: builder, ops, reverse-mode gradients, printer. Pure. */
export { gradients } from "./gradient.ts";
export { type Graph, makeGraph, reachableNodes, within } from "./graph.ts";
export type { OpAttributes, OpName } from "./ops/attributes.ts";
export { constant } from "./ops/constant.ts";
export type { Emitter, OnnxAttribute, OpDefinition } from "./ops/definition.ts";
export {
  absolute,
  add,
  after,
  broadcast,
  broadcastLike,
  concatenate,
  concatenatedElu,
  divide,
  elu,
  eluSlope,
  exponential,
  fold,
  gate,
  gemm,
  greater,
  homogeneousUnfold,
  imageConvolution,
  input,
  lessOrEqual,
  logarithm,
  logSigmoid,
  maskedConvolution,
  maximum,
  minimum,
  multiply,
  negate,
  type Operand,
  positive,
  reduceSum,
  relu,
  reshape,
  select,
  sigmoid,
  softplus,
  split,
  squareRoot,
  stopGradient,
  subtract,
  sumTo,
  toFloat,
  transpose,
  unfold,
} from "./ops/functions.ts";
export { type Neighbourhood, rectangleOf, square, type Window } from "./ops/neighbourhood.ts";
export { opTable } from "./ops/table.ts";
export { printGraph } from "./printer.ts";
export type { Recomputation } from "./recomputation.ts";
export {
  type DataType,
  type GraphHandle,
  type Node,
  showType,
  type TensorType,
  type Value,
} from "./value.ts";
