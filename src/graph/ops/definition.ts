/** What an op is: one record with a shape rule, a gradient and the ONNX operators it becomes. */
import { ShapeError } from "../../base/index.ts";
import { showType, type TensorType, type Value } from "../value.ts";
import type { OpAttributes, OpName } from "./attributes.ts";

/** What a gradient rule sees of the node it differentiates. */
export interface GradientContext<K extends OpName> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: OpAttributes[K];
}

/**
 * Vector-Jacobian product: from the gradient of each output (undefined where none arrived, at least one is there) to the gradient
 * of each input (undefined where it has none). A returned gradient may be smaller than its input where it is constant along an
 * axis, and that of an element-wise op may have the output's shape: the walk in gradient.ts repeats and sums.
 */
export type GradientRule<K extends OpName> = (
  context: GradientContext<K>,
  gradients: readonly (Value | undefined)[],
) => readonly (Value | undefined)[];

/** An op without a gradient, with the reason. Gradients stop here silently only if `zero` is true. */
export interface NoGradient {
  readonly reason: string;
}

/** A value of a node's attribute. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number };

/** Where an op writes its ONNX operators. Names are those of ONNX values. */
export interface Emitter {
  /** Adds one operator with `outputs` fresh result names. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    outputs?: number,
  ): string[];
  /** The name of a constant int64 tensor, shared where equal. */
  int64(values: readonly number[], shape?: readonly number[]): string;
  /** The name of a constant float32 tensor, shared where equal. */
  float32(values: Float32Array, shape: readonly number[], key?: string): string;
}

/** What an op is: its shape rule, its gradient, and how it is written as ONNX. */
export interface OpDefinition<K extends OpName> {
  /** Works on each element with broadcasting, so that its gradient rule accepts gradients that are not repeated yet. */
  readonly elementwise?: true;
  /** Numbers of the largest tensor that it makes in between, as a multiple of its result's. Default 1. */
  readonly between?: number;
  /** Shape and type rule; throws ShapeError for inputs that do not fit. */
  readonly infer: (inputs: readonly TensorType[], attributes: OpAttributes[K]) => readonly TensorType[];
  readonly gradient: GradientRule<K> | NoGradient;
  /** Writes the op; returns the names of its outputs. */
  readonly emit: (
    emitter: Emitter,
    names: readonly string[],
    attributes: OpAttributes[K],
    types: { readonly inputs: readonly TensorType[]; readonly outputs: readonly TensorType[] },
  ) => readonly string[];
}

/** A family of ops: some records of the table. */
export type OpFamily<K extends OpName> = { readonly [Name in K]: OpDefinition<Name> };

/** States that an op has no gradient and why. */
export function noGradient(reason: string): NoGradient {
  return { reason };
}

/** Throws ShapeError unless every input is float32 and there are `count` of them. */
export function expectFloats(op: string, inputs: readonly TensorType[], count: number): void {
  if (inputs.length !== count) throw new ShapeError(`${op}: expected ${count} inputs, got ${inputs.length}`);
  const wrong = inputs.find((input) => input.dataType !== "float32");
  if (wrong) throw new ShapeError(`${op}: expected float32 inputs, got ${showType(wrong)}`);
}
