/** What a sample of an op is, and the kinds of samples that many ops share: shapes, where numbers are drawn from, operands. */
import { freeBatch, type RandomStream, type Shape } from "../../src/base/index.ts";
import type { DataType, Graph, Operand, Value } from "../../src/graph/index.ts";
import * as ops from "../../src/graph/index.ts";

/** What an input's numbers are drawn from. */
export type Domain = (stream: RandomStream) => number;

export interface SampleInput {
  readonly shape: Shape;
  readonly domain: Domain;
  readonly dataType: DataType;
}

export interface OpSample {
  readonly name: string;
  readonly inputs: Readonly<Record<string, SampleInput>>;
  readonly build: (values: Readonly<Record<string, Value>>, graph: Graph) => Value | readonly Value[];
  /** Why this sample has no gradient although its op has one. */
  readonly withoutGradient?: string;
}

export interface OpErrorCase {
  readonly name: string;
  readonly build: (graph: Graph) => unknown;
  readonly match: RegExp;
}

const N = freeBatch;
export const free = (factor: number) => ({ factor });

export const anywhere: Domain = (stream) => stream.normal();
export const positive: Domain = (stream) => 0.5 + 2 * stream.uniform();
/** At least 0.25 away from zero, where relu and absolute have their kinks and division its pole. */
export const offZero: Domain = (stream) => (stream.integer(2) === 0 ? -1 : 1) * (0.25 + 2 * stream.uniform());
/** Two grids that never meet, for ops with a kink where their operands are equal. */
export const evenGrid: Domain = (stream) => stream.integer(9) - 4;
export const oddGrid: Domain = (stream) => stream.integer(9) - 3.5;

export const float = (shape: Shape, domain: Domain = anywhere): SampleInput => ({ shape, domain, dataType: "float32" });
export const mask = (shape: Shape): SampleInput => ({ shape, domain: (stream) => stream.integer(2), dataType: "bool" });
export const pixels = (shape: Shape): SampleInput => ({
  shape,
  domain: (stream) => stream.integer(256),
  dataType: "uint8",
});

const show = (shape: Shape): string =>
  `[${shape.map((size) => (typeof size === "number" ? size : `${size.factor}N`))}]`;

/** One operand of every kind of shape. */
export function unary(apply: (x: Value) => Value, domain: Domain = anywhere): OpSample[] {
  const shapes: Shape[] = [[], [1], [5], [2, 1, 3], [3, N], [N], [1, free(4)]];
  return shapes.map((shape) => ({
    name: show(shape),
    inputs: { x: float(shape, domain) },
    build: ({ x }) => apply(x!),
  }));
}

const operandShapes: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[3], [3]],
  [[], [2, 3]],
  [[2, 3], []],
  [[1], [5]],
  [[5], [1]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[1], [1, 1, 1]],
  [[0, 3], [3]],
  [
    [4, N],
    [4, N],
  ],
  [
    [4, N],
    [4, 1],
  ],
  [
    [4, 1],
    [1, N],
  ],
  [[N], [2, N]],
  [[2, 3, N], []],
  [[1, 1], [N]],
];

/** Two operands: equal shapes, repeated on either side or both, different ranks, with N; and a number for either. */
export function binary(
  apply: (a: Operand, b: Operand) => Value,
  left: Domain = anywhere,
  right: Domain = left,
): OpSample[] {
  return [
    ...operandShapes.map(([a, b]) => ({
      name: `${show(a)} ${show(b)}`,
      inputs: { a: float(a, left), b: float(b, right) },
      build: ({ a, b }: Readonly<Record<string, Value>>) => apply(a!, b!),
    })),
    { name: "value, number", inputs: { a: float([2, 2], left) }, build: ({ a }) => apply(a!, 0.75) },
    { name: "number, value", inputs: { b: float([2, 2], right) }, build: ({ b }) => apply(0.75, b!) },
  ];
}

export function one(
  name: string,
  x: SampleInput,
  build: (x: Value, graph: Graph) => Value | readonly Value[],
): OpSample {
  return { name, inputs: { x }, build: ({ x }, graph) => build(x!, graph) };
}

export function two(
  name: string,
  a: Shape,
  b: Shape,
  build: (a: Value, b: Value) => Value | readonly Value[],
): OpSample {
  return { name, inputs: { a: float(a), b: float(b) }, build: ({ a, b }) => build(a!, b!) };
}

export function matrices(
  a: Shape,
  b: Shape,
  bias: Shape | undefined,
  options: Parameters<typeof ops.gemm>[2] = {},
): OpSample {
  const name = `${show(a)}${options.transposeA ? "^T" : ""} ${show(b)}${options.transposeB ? "^T" : ""}`;
  return {
    name: bias ? `${name} + ${show(bias)}` : name,
    inputs: { a: float(a), b: float(b), ...(bias ? { bias: float(bias) } : {}) },
    build: ({ a, b, bias }) => ops.gemm(a!, b!, bias ? { ...options, bias } : options),
  };
}

/** a where the mask holds, else b, for three shapes. */
export function convolution(images: Shape, kernel: Shape, window?: ops.Window): OpSample {
  return {
    name: `${show(images)} ${show(kernel)}${window ? ` padded by ${window.pads}, every ${window.stride}` : ""}`,
    inputs: { images: float(images), kernel: float(kernel), bias: float([kernel[0]!]) },
    build: ({ images, kernel, bias }) => ops.imageConvolution(images!, kernel!, bias!, window),
  };
}

export function maskedConvolution(x: Shape, weight: Shape, neighbourhood: ops.Neighbourhood): OpSample {
  return {
    name: `${show(x)} ${show(weight)}`,
    inputs: { x: float(x), weight: float(weight), bias: float([weight[0]!]) },
    build: ({ x, weight, bias }) => ops.maskedConvolution(x!, weight!, bias!, neighbourhood),
  };
}

export function selection(holds: Shape, a: Shape, b: Shape): OpSample {
  return {
    name: `${show(holds)} ${show(a)} ${show(b)}`,
    inputs: { holds: mask(holds), a: float(a), b: float(b) },
    build: ({ holds, a, b }) => ops.select(holds!, a!, b!),
  };
}
