/** For every op the graphs that it refuses, each with what the message has to say. */
import { freeBatch, type Shape } from "../../src/base/index.ts";
import type { DataType, Graph, OpName, Value } from "../../src/graph/index.ts";
import * as ops from "../../src/graph/index.ts";
import type { OpErrorCase } from "./sample-kinds.ts";

const N = freeBatch;

/** A fresh input of a shape. */
function given(graph: Graph, shape: Shape, dataType: DataType = "float32"): Value {
  return ops.input(graph, `given${graph.nodes.length}`, shape, dataType);
}

/** What every op over numbers refuses. */
function notFloat(op: OpName, apply: (x: Value) => unknown): OpErrorCase[] {
  const match = new RegExp(`^${op}: expected float32 inputs, got uint8\\[2\\]`);
  return [{ name: "pixels", build: (graph) => apply(given(graph, [2], "uint8")), match }];
}

/** What every op over two operands refuses. */
function unequal(op: OpName, apply: (a: Value, b: Value) => unknown): OpErrorCase[] {
  const refused = (a: Shape, b: Shape, shown: string): OpErrorCase => ({
    name: shown,
    build: (graph) => apply(given(graph, a), given(graph, b)),
    match: new RegExp(`^${op}: expected shapes that broadcast, got ${shown.replace(/[[\]]/g, "\\$&")}`),
  });
  return [
    refused([2, 3], [2], "[2,3] and [2]"),
    refused([2, N], [3, 1, 4], "[2,N] and [3,1,4]"),
    refused([N], [{ factor: 2 }], "[N] and [2N]"),
    ...notFloat(op, (x) => apply(x, x)),
  ];
}

/** fold of a product, without the gemm and the reshape that would refuse it first. */
function product(graph: Graph, a: Shape, b: Shape, height: number, width: number): unknown {
  return graph.apply("foldedProduct", [given(graph, a), given(graph, b)], { transposeA: false, height, width });
}

/** What an op over [C, H, W, N] refuses. */
function pixelsOnly(op: "unfold" | "homogeneousUnfold", apply: (x: Value) => Value): readonly OpErrorCase[] {
  return [
    {
      name: "three axes",
      build: (graph) => apply(given(graph, [1, 2, 3])),
      match: new RegExp(`^${op}: expected \\[C, H, W, N\\], got \\[1,2,3\\]`),
    },
    {
      name: "a free height",
      build: (graph) => apply(given(graph, [1, N, 3, 2])),
      match: new RegExp(`^${op}: expected .*, got .*N`),
    },
    ...notFloat(op, apply),
  ];
}

const itself: ops.Neighbourhood = { taps: [[0, 0]], stride: 1 };
const oneLeft: ops.Window = { pads: [0, 1, 0, 0], stride: 1 };

export const errorCases: { readonly [K in OpName]: readonly OpErrorCase[] } = {
  input: [
    {
      name: "a name again with another shape",
      build: (graph) => [ops.input(graph, "x", [2]), ops.input(graph, "x", [3])],
      match: /^input: expected a new name, got 'x'/,
    },
  ],
  constant: [
    {
      name: "too few numbers",
      build: (graph) => ops.constant(graph, Float32Array.of(1, 2), [3]),
      match: /^constant: expected 3 values for shape \[3\], got 2/,
    },
  ],
  add: [
    ...unequal("add", ops.add),
    { name: "two numbers", build: () => ops.add(1, 2), match: /^operands: expected at least one value, got 1 and 2/ },
  ],
  subtract: unequal("subtract", ops.subtract),
  multiply: unequal("multiply", ops.multiply),
  divide: unequal("divide", ops.divide),
  maximum: unequal("maximum", ops.maximum),
  minimum: unequal("minimum", ops.minimum),
  negate: notFloat("negate", ops.negate),
  exponential: notFloat("exponential", ops.exponential),
  logarithm: notFloat("logarithm", ops.logarithm),
  squareRoot: notFloat("squareRoot", ops.squareRoot),
  absolute: notFloat("absolute", ops.absolute),
  relu: notFloat("relu", ops.relu),
  elu: notFloat("elu", ops.elu),
  concatenatedElu: [
    ...notFloat("concatenatedElu", (x) => ops.concatenatedElu(x, 0)),
    {
      name: "an axis that is not there",
      build: (graph) => ops.concatenatedElu(given(graph, [2, 3]), 2),
      match: /^concatenatedElu: expected an axis within rank 2, got 2/,
    },
  ],
  eluSlope: notFloat("eluSlope", ops.eluSlope),
  sigmoid: notFloat("sigmoid", ops.sigmoid),
  gate: notFloat("gate", ops.gate),
  logSigmoid: notFloat("logSigmoid", ops.logSigmoid),
  greater: unequal("greater", ops.greater),
  lessOrEqual: unequal("lessOrEqual", ops.lessOrEqual),
  select: [
    {
      name: "numbers for a mask",
      build: (graph) => ops.select(given(graph, [2]), 1, 0),
      match: /^select: expected a bool mask, got f32\[2\]/,
    },
    {
      name: "branches that do not fit",
      build: (graph) => ops.select(given(graph, [2], "bool"), given(graph, [2]), given(graph, [3])),
      match: /^select: expected shapes that broadcast, got \[2\] and \[3\]/,
    },
    {
      name: "a mask that does not fit",
      build: (graph) => ops.select(given(graph, [4], "bool"), given(graph, [3]), 0),
      match: /^select: expected shapes that broadcast, got \[4\] and \[3\]/,
    },
    {
      name: "pixels for a branch",
      build: (graph) => ops.select(given(graph, [2], "bool"), given(graph, [2], "uint8"), 0),
      match: /^select: expected float32 inputs, got uint8\[2\]/,
    },
  ],
  positive: notFloat("positive", ops.positive),
  after: [
    {
      name: "a mask",
      build: (graph) => ops.after(given(graph, [2]), ops.greater(given(graph, [2]), 0)),
      match: /^after: expected float32 inputs, got bool\[2\]/,
    },
  ],
  toFloat: [
    {
      name: "two inputs",
      build: (graph) => graph.apply("toFloat", [given(graph, [2], "uint8"), given(graph, [2], "uint8")], {}),
      match: /^toFloat: expected 1 input, got 2/,
    },
  ],
  stopGradient: notFloat("stopGradient", ops.stopGradient),
  reduceSum: [
    {
      name: "an axis beyond the rank",
      build: (graph) => ops.reduceSum(given(graph, [2, 3]), [2]),
      match: /^reduceSum: expected an axis within rank 2, got 2/,
    },
    {
      name: "an axis before the first",
      build: (graph) => ops.reduceSum(given(graph, [2, 3]), [-3]),
      match: /^reduceSum: expected an axis within rank 2, got -3/,
    },
    {
      name: "half an axis",
      build: (graph) => ops.reduceSum(given(graph, [2, 3]), [0.5]),
      match: /^reduceSum: expected an axis within rank 2, got 0.5/,
    },
    ...notFloat("reduceSum", (x) => ops.reduceSum(x)),
  ],
  reshape: [
    {
      name: "another size",
      build: (graph) => ops.reshape(given(graph, [2, 3]), [5]),
      match: /^reshape: expected 6 numbers, got \[5\]/,
    },
    {
      name: "another multiple of N",
      build: (graph) => ops.reshape(given(graph, [2, N]), [{ factor: 3 }]),
      match: /^reshape: expected 2N numbers, got \[3N\]/,
    },
    {
      name: "N twice",
      build: (graph) => ops.reshape(given(graph, [N]), [N, N]),
      match: /expected at most one free dimension, got N times N/,
    },
  ],
  transpose: [
    {
      name: "an axis twice",
      build: (graph) => ops.transpose(given(graph, [2, 3]), [0, 0]),
      match: /^transpose: expected an order of the axes of \[2,3\], got 0,0/,
    },
    {
      name: "too few axes",
      build: (graph) => ops.transpose(given(graph, [2, 3]), [0]),
      match: /^transpose: expected an order of the axes of \[2,3\], got 0/,
    },
  ],
  broadcast: [
    {
      name: "a shape that does not fit",
      build: (graph) => ops.broadcast(given(graph, [2]), [3]),
      match: /^broadcast: expected shapes that broadcast, got \[2\] and \[3\]/,
    },
    {
      name: "a shape that is smaller",
      build: (graph) => ops.broadcast(given(graph, [2]), [1]),
      match: /^broadcast: expected a shape that \[2\] fills, got \[1\]/,
    },
    ...notFloat("broadcast", (x) => ops.broadcast(x, [3, 2])),
  ],
  concatenate: [
    {
      name: "nothing",
      build: () => ops.concatenate([], 0),
      match: /^concatenate: expected at least one value, got none/,
    },
    {
      name: "shapes unequal elsewhere",
      build: (graph) => ops.concatenate([given(graph, [2, 3]), given(graph, [2, 4])], 0),
      match: /^concatenate: expected shapes equal outside axis 0, got \[2,3\], \[2,4\]/,
    },
    {
      name: "unequal ranks",
      build: (graph) => ops.concatenate([given(graph, [2, 3]), given(graph, [2])], 1),
      match: /^concatenate: expected shapes equal outside axis 1, got \[2,3\], \[2\]/,
    },
    {
      name: "an axis beyond the rank",
      build: (graph) => ops.concatenate([given(graph, [2]), given(graph, [2])], 1),
      match: /^concatenate: expected an axis within rank 1, got 1/,
    },
    {
      name: "N after a number",
      build: (graph) => ops.concatenate([given(graph, [2]), given(graph, [N])], 0),
      match: /^concatenate: expected known sizes, got 2 and N/,
    },
    {
      name: "a gradient along N",
      build: (graph) => {
        const x = given(graph, [N]);
        return ops.gradients(ops.reduceSum(ops.concatenate([x, x], 0)), [x]);
      },
      match: /^concatenate: expected known sizes along axis 0 .*, got \[N\]/,
    },
    ...notFloat("concatenate", (x) => ops.concatenate([x, x], 0)),
  ],
  split: [
    {
      name: "sizes that do not fill",
      build: (graph) => ops.split(given(graph, [5]), 0, [2, 2]),
      match: /^split: expected sizes that fill axis 0 of \[5\], got 2\+2/,
    },
    {
      name: "one size that does not fill",
      build: (graph) => ops.split(given(graph, [5]), 0, [3]),
      match: /^split: expected sizes that fill axis 0 of \[5\], got 3/,
    },
    {
      name: "negative sizes",
      build: (graph) => ops.split(given(graph, [5]), 0, [-1, 6]),
      match: /^split: expected sizes that fill axis 0 of \[5\], got -1\+6/,
    },
    {
      name: "the free axis",
      build: (graph) => ops.split(given(graph, [2, N]), 1, [1, 1]),
      match: /^split: expected sizes that fill axis 1 of \[2,N\], got 1\+1/,
    },
    ...notFloat("split", (x) => ops.split(x, 0, [1, 1])),
  ],
  gemm: [
    {
      name: "unequal inner dimensions",
      build: (graph) => ops.gemm(given(graph, [2, 3]), given(graph, [2, 3])),
      match: /^gemm: expected equal inner dimensions, got \[2,3\] and \[2,3\]/,
    },
    {
      name: "unequal inner dimensions, transposed",
      build: (graph) => ops.gemm(given(graph, [2, 3]), given(graph, [3, N]), { transposeA: true, transposeB: true }),
      match: /^gemm: expected equal inner dimensions, got \[2,3\]\^T and \[3,N\]\^T/,
    },
    {
      name: "no matrices",
      build: (graph) => ops.gemm(given(graph, [2, 3]), given(graph, [3])),
      match: /^gemm: expected matrices, got \[2,3\] and \[3\]/,
    },
    {
      name: "a bias that does not fit",
      build: (graph) => ops.gemm(given(graph, [2, 3]), given(graph, [3, 4]), { bias: given(graph, [2]) }),
      match: /^gemm: expected shapes that broadcast, got \[2\] and \[2,4\]/,
    },
    {
      name: "a bias that is larger",
      build: (graph) => ops.gemm(given(graph, [1, 3]), given(graph, [3, 4]), { bias: given(graph, [2, 4]) }),
      match: /^gemm: expected a bias that fills \[1,4\], got \[2,4\]/,
    },
    ...notFloat("gemm", (x) => ops.gemm(x, x)),
  ],
  unfold: [
    ...pixelsOnly("unfold", (x) => ops.unfold(x)),
    {
      name: "half a place",
      build: (graph) => ops.unfold(given(graph, [1, 2, 3, 1]), { taps: [[0, 0]], stride: 2 }),
      match: /^unfold: expected height and width divisible by 2, got 3/,
    },
  ],
  homogeneousUnfold: pixelsOnly("homogeneousUnfold", ops.homogeneousUnfold),
  fold: [
    {
      name: "eight taps",
      build: (graph) => ops.fold(given(graph, [1, 8, 2, 2, 1])),
      match: /^fold: expected \[C, 9, H, W, N\], got \[1,8,2,2,1\]/,
    },
    {
      name: "a free width",
      build: (graph) => ops.fold(given(graph, [1, 9, 2, N, 2])),
      match: /^fold: expected .*, got .*N/,
    },
    ...notFloat("fold", (x) => ops.fold(x)),
  ],
  foldedProduct: [
    {
      name: "eight rows",
      build: (graph) => product(graph, [8, 2], [2, 4], 2, 2),
      match: /^foldedProduct: expected \[9C, K\] and \[K, H W N\], got \[8,2\] and \[2,4\]/,
    },
    {
      name: "inner sizes that differ",
      build: (graph) => product(graph, [9, 2], [3, 4], 2, 2),
      match: /^foldedProduct: expected .*, got \[9,2\] and \[3,4\]/,
    },
    {
      name: "half a pixel",
      build: (graph) => product(graph, [9, 2], [2, 6], 2, 2),
      match: /^foldedProduct: expected a multiple of 4 pixels, got 6/,
    },
  ],
  maskedConvolution: [
    ...[
      [
        [1, 2, 3],
        [4, 1, 1],
      ],
      [
        [1, 2, 3, N],
        [4, 2, 1],
      ],
      [
        [2, 2, 3, N],
        [4, 1, 1],
      ],
      [
        [1, 2, 3, N],
        [3, 1, 1],
      ],
    ].map(([x, weight]) => ({
      name: `weight [${weight}] over ${x!.length} axes of ${x![0]} channels`,
      build: (graph: Graph) =>
        ops.maskedConvolution(given(graph, x!), given(graph, weight as number[]), given(graph, [4]), itself),
      match: /^maskedConvolution: expected \[C, H, W, N\], \[O, 1, C\] and \[O\] with a stride of 1, got \[/,
    })),
    ...notFloat("maskedConvolution", (x) => ops.maskedConvolution(x, x, x, itself)),
  ],
  imageConvolution: [
    {
      name: "images of three axes",
      build: (graph) => ops.imageConvolution(given(graph, [1, 2, 3]), given(graph, [1, 1, 1, 1]), given(graph, [1])),
      match: /^imageConvolution: expected images \[N, C, H, W\], got \[1,2,3\]/,
    },
    {
      name: "a kernel of two axes",
      build: (graph) => ops.imageConvolution(given(graph, [1, 2, 3, 3]), given(graph, [4, 2]), given(graph, [4])),
      match: /^imageConvolution: expected a kernel \[O, C, K, K\], got \[4,2\]/,
    },
    ...[
      [4, 3, 3, 3],
      [4, 2, 2, 2],
      [4, 2, 3, 1],
    ].map((kernel) => ({
      name: `a kernel [${kernel}] over two channels`,
      build: (graph: Graph) =>
        ops.imageConvolution(given(graph, [N, 2, 3, 3]), given(graph, kernel), given(graph, [4])),
      match: /^imageConvolution: expected a square kernel of odd side over the channels of \[N,2,3,3\], got \[4,/,
    })),
    {
      name: "a kernel of other channels under a window",
      build: (graph) =>
        ops.imageConvolution(given(graph, [N, 2, 3, 3]), given(graph, [4, 3, 1, 2]), given(graph, [4]), oneLeft),
      match: /^imageConvolution: expected a kernel over the channels of \[N,2,3,3\], got \[4,3,1,2\]/,
    },
    {
      name: "a kernel that is larger than the image",
      build: (graph) =>
        ops.imageConvolution(given(graph, [N, 2, 3, 3]), given(graph, [4, 2, 4, 1]), given(graph, [4]), oneLeft),
      match: /^imageConvolution: expected images that the kernel fits in, got a side of 3/,
    },
    {
      name: "a bias of another size",
      build: (graph) => ops.imageConvolution(given(graph, [N, 2, 3, 3]), given(graph, [4, 2, 3, 3]), given(graph, [3])),
      match: /^imageConvolution: expected a bias \[4\], got \[3\]/,
    },
    ...notFloat("imageConvolution", (x) => ops.imageConvolution(x, x, x)),
  ],
};
