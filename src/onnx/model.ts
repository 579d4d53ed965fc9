/** The subset of ONNX that Outglow writes and reads, as plain data. */

/** Element types by their number in onnx.proto's TensorProto.DataType. */
export const elementTypes = { float32: 1, uint8: 2, int64: 7, bool: 9 } as const;
/** The name of an element type. */
export type ElementType = keyof typeof elementTypes;

/** A stored tensor: little-endian bytes of its elements. */
export interface OnnxTensor {
  readonly name: string;
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** An input or output. A dimension given as text is free. */
export interface OnnxValue {
  readonly name: string;
  readonly elementType: ElementType;
  readonly shape: readonly (number | string)[];
}

/** One application of an operator; attributes that are texts or floats say so. */
export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<
    Record<string, number | readonly number[] | { readonly float: number } | { readonly text: string }>
  >;
}

/** A model of the standard operator domain. */
export interface OnnxModel {
  readonly producer: string;
  readonly opset: number;
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxTensor[];
  readonly nodes: readonly OnnxNode[];
  readonly metadata: Readonly<Record<string, string>>;
}
