/** The nouns of the graph: tensor types, values, nodes. All frozen once made. */
import { type Shape, showShape } from "../base/index.ts";
import type { OpAttributes, OpName } from "./ops/attributes.ts";

/** float32 is differentiable; bool is a mask, uint8 a pixel, int64 never occurs as a value (only inside emitted operators). */
export type DataType = "float32" | "bool" | "uint8";

/** Element type and shape of a tensor. */
export interface TensorType {
  readonly dataType: DataType;
  readonly shape: Shape;
}

/** One tensor of a graph: an output of a node. */
export interface Value extends TensorType {
  readonly graph: GraphHandle;
  readonly node: Node;
  /** Which of the node's outputs this is. */
  readonly output: number;
}

/** One application of an op. Nodes are numbered in the order they were made, which is a topological order. */
export interface Node<K extends OpName = OpName> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Value[];
  readonly attributes: OpAttributes[K];
  readonly outputs: readonly Value[];
  /** Where in the model it was made, e.g. `scale0/step3/coupling`; empty outside any scope. Names the node in profiles. */
  readonly scope: string;
}

/** A part of a model whose input follows from its output: it reads nothing else but what is given, graph inputs and constants. */
export interface Inverse {
  readonly scope: string;
  readonly input: Value;
  readonly output: Value;
  /** Builds the input from an output. What it reads of the graph's inputs, such as parameters, it takes from `stand`. */
  invert(output: Value, stand: (given: Value) => Value): Value;
}

/** What ops need of the graph they build in. */
export interface GraphHandle {
  /** Adds a node, or returns the equal one that is already there. */
  apply<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[];
  /**
   * Notes that a rewrite made `result` without using the skipped values: a gradient with respect to one of them would miss that path.
   */
  noteBypass(result: Value, skipped: readonly Value[]): void;
  /** The values that rewrites skipped when they made this one. */
  bypassed(result: Value): ReadonlySet<Value>;
  /** Whether parts of a model are asked for their inverses. */
  readonly wantsInverses: boolean;
  /** Notes that what is built in the open scope and those inside it has an inverse. Of several notes in one scope the first counts. */
  noteInverse(inverse: Omit<Inverse, "scope">): void;
  /** What was noted in exactly this scope. */
  inverseAt(scope: string): Inverse | undefined;
  /** The scope in which nodes are made now. */
  readonly scope: string;
  /** Builds within a scope, then returns to the one before. */
  inScope<T>(scope: string, build: () => T): T;
}

/** `f32[2,3,4N]`. */
export function showType(type: TensorType): string {
  const prefix = type.dataType === "float32" ? "f32" : type.dataType;
  return `${prefix}${showShape(type.shape)}`;
}
