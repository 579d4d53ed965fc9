/** The attributes of every op: a name that is added here alone breaks the op table and the sample table, and nothing else. */
import type { Shape } from "../../base/index.ts";
import type { DataType } from "../value.ts";
import type { Neighbourhood, Window } from "./neighbourhood.ts";

/** Attributes of ops that have none. */
export type NoAttributes = Readonly<Record<never, never>>;

/** What a convolution reads, where that is not the 3x3 pixels around a place. */
export interface Reading {
  readonly neighbourhood?: Neighbourhood;
}

/** The attributes of every op, by its name. */
export interface OpAttributes {
  // source
  readonly input: { readonly name: string; readonly dataType: DataType; readonly shape: Shape };
  readonly constant: { readonly values: Float32Array; readonly shape: readonly number[]; readonly key: string };
  // elementwise
  readonly add: NoAttributes;
  readonly subtract: NoAttributes;
  readonly multiply: NoAttributes;
  readonly divide: NoAttributes;
  readonly maximum: NoAttributes;
  readonly minimum: NoAttributes;
  readonly negate: NoAttributes;
  readonly exponential: NoAttributes;
  readonly logarithm: NoAttributes;
  readonly squareRoot: NoAttributes;
  readonly absolute: NoAttributes;
  readonly relu: NoAttributes;
  readonly sigmoid: NoAttributes;
  readonly gate: NoAttributes;
  readonly logSigmoid: NoAttributes;
  // exponential linear units
  readonly elu: NoAttributes;
  readonly concatenatedElu: { readonly axis: number };
  readonly eluSlope: NoAttributes;
  // select
  readonly greater: NoAttributes;
  readonly lessOrEqual: NoAttributes;
  readonly select: NoAttributes;
  readonly toFloat: NoAttributes;
  readonly positive: NoAttributes;
  readonly stopGradient: NoAttributes;
  readonly after: NoAttributes;
  // reduce
  readonly reduceSum: { readonly axes: readonly number[]; readonly keepDimensions: boolean };
  // movement
  readonly reshape: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly broadcast: { readonly shape: readonly number[] };
  readonly concatenate: { readonly axis: number };
  readonly split: { readonly axis: number; readonly sizes: readonly number[] };
  // linear algebra
  readonly gemm: { readonly transposeA: boolean; readonly transposeB: boolean };
  // convolution
  readonly unfold: Reading;
  readonly homogeneousUnfold: NoAttributes;
  readonly fold: Reading;
  readonly foldedProduct: Reading & { readonly transposeA: boolean; readonly height: number; readonly width: number };
  readonly maskedConvolution: { readonly neighbourhood: Neighbourhood };
  readonly imageConvolution: { readonly window?: Window };
}

/** The name of an op. */
export type OpName = keyof OpAttributes;
