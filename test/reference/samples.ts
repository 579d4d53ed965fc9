/**
 * The sample table: for every op small graphs that use it. The op contract is generated from it and from op-errors.ts.
 * Numbers are drawn from where an op is defined and smooth, so that finite differences mean something.
 */
import { freeBatch } from "../../src/base/index.ts";
import type { OpName } from "../../src/graph/index.ts";
import * as ops from "../../src/graph/index.ts";
import {
  anywhere,
  binary,
  convolution,
  evenGrid,
  float,
  free,
  mask,
  maskedConvolution,
  matrices,
  type OpSample,
  oddGrid,
  offZero,
  one,
  pixels,
  positive,
  selection,
  two,
  unary,
} from "./sample-kinds.ts";

const N = freeBatch;

/** Three pixels that come before one. */
const aboveAndLeft: ops.Neighbourhood = {
  taps: [
    [-1, -2],
    [-1, 1],
    [0, -1],
  ],
  stride: 1,
};

/** The four pixels to the upper left, the own one included. */
const upperLeft: ops.Neighbourhood = { taps: [-1, 0].flatMap((y) => [-1, 0].map((x) => [y, x] as const)), stride: 1 };

/** Two pixels of every block of 2x2 and three around it, in no order. */
const everySecond: ops.Neighbourhood = {
  taps: [
    [0, 0],
    [1, 1],
    [-1, 2],
    [0, -2],
    [1, -1],
  ],
  stride: 2,
};

export const samples: { readonly [K in OpName]: readonly OpSample[] } = {
  input: [
    one("a number", float([]), (x) => x),
    one("float32 [2,N]", float([2, N]), (x) => x),
    one("uint8 [N,2]", pixels([N, 2]), (x) => x),
    one("bool [3]", mask([3]), (x) => x),
  ],
  constant: [
    { name: "a number", inputs: {}, build: (_, graph) => ops.constant(graph, -0.1) },
    { name: "[2,3]", inputs: {}, build: (_, graph) => ops.constant(graph, Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]) },
    {
      name: "equal numbers of two shapes",
      inputs: {},
      build: (_, graph) =>
        [[2, 3], [6], [3, 2]].map((shape) => ops.constant(graph, new Float32Array(6).fill(2), shape)),
    },
    {
      name: "0 and -0",
      inputs: {},
      build: (_, graph) => [0, -0].map((zero) => ops.divide(ops.constant(graph, 1), zero)),
    },
  ],

  add: binary(ops.add),
  subtract: binary(ops.subtract),
  multiply: binary(ops.multiply),
  divide: binary(ops.divide, anywhere, offZero),
  maximum: binary(ops.maximum, evenGrid, oddGrid),
  minimum: binary(ops.minimum, evenGrid, oddGrid),
  negate: unary(ops.negate),
  exponential: unary(ops.exponential),
  logarithm: unary(ops.logarithm, positive),
  squareRoot: unary(ops.squareRoot, positive),
  absolute: unary(ops.absolute, offZero),
  relu: unary(ops.relu, offZero),
  elu: [
    ...unary(ops.elu, offZero),
    one(
      "far from zero",
      float([6], (stream) => 40 * stream.normal()),
      ops.elu,
    ),
  ],
  concatenatedElu: [
    one("[2,3] along 0", float([2, 3], offZero), (x) => ops.concatenatedElu(x, 0)),
    one("[N,2,3] along 1", float([N, 2, 3], offZero), (x) => ops.concatenatedElu(x, 1)),
    one(
      "[4,N] along 0, far from zero",
      float([4, N], (stream) => 40 * stream.normal()),
      (x) => ops.concatenatedElu(x, 0),
    ),
  ],
  // Of results of elu: none is below -1.
  eluSlope: unary(ops.eluSlope, (stream) => 2 * stream.uniform() - 1),
  sigmoid: [
    ...unary(ops.sigmoid),
    one(
      "far from zero",
      float([6], (stream) => 40 * stream.normal()),
      ops.sigmoid,
    ),
  ],
  gate: [
    ...unary(ops.gate),
    one(
      "far from zero",
      float([6], (stream) => 40 * stream.normal()),
      ops.gate,
    ),
  ],
  logSigmoid: [
    ...unary(ops.logSigmoid),
    one(
      "far from zero",
      float([64], (stream) => 60 * stream.normal()),
      ops.logSigmoid,
    ),
    one(
      "as softplus",
      float([6], (stream) => 40 * stream.normal()),
      ops.softplus,
    ),
  ],

  // On one grid, so that ties occur.
  greater: binary(ops.greater, evenGrid),
  lessOrEqual: binary(ops.lessOrEqual, evenGrid),
  select: [
    selection([], [], []),
    selection([3], [3], [3]),
    selection([2, 3], [3], [2, 1]),
    selection([2, 1], [3], [2, 3]),
    selection([1], [2, 3], []),
    selection([4, N], [4, 1], [N]),
    selection([4, 1], [4, N], []),
    { name: "numbers", inputs: { holds: mask([2, N]) }, build: ({ holds }) => ops.select(holds!, 2, -3) },
    one("mask of the operand", float([3, 2], offZero), (x) => ops.select(ops.greater(x, 0), x, ops.multiply(x, 0.1))),
  ],
  toFloat: [
    one("uint8 [2,3]", pixels([2, 3]), ops.toFloat),
    one("uint8 [N,2]", pixels([N, 2]), ops.toFloat),
    one("bool [4]", mask([4]), ops.toFloat),
    one("float32, unchanged", float([2]), ops.toFloat),
  ],
  positive: [
    ...unary(ops.positive, offZero),
    one("exact zeros", float([4, 3], evenGrid), ops.positive),
    one(
      "tiny and huge",
      float([6], (stream) => stream.normal() * 10 ** (60 * stream.uniform() - 30)),
      ops.positive,
    ),
    one("mask of the operand", float([3, N], offZero), (x) => ops.multiply(x, ops.positive(x))),
  ],
  after: [
    two("[2,3] after [4]", [2, 3], [4], (x, other) => ops.after(x, other)),
    two("[3,N] after [N,2]", [3, N], [N, 2], (x, other) => ops.after(x, other)),
    two("a number after a number", [], [], (x, other) => ops.after(x, other)),
    one("after itself", float([2, 1]), (x) => ops.after(x, x)),
  ],
  stopGradient: [
    {
      ...one("alone", float([3, N]), ops.stopGradient),
      withoutGradient: "its derivative is zero by definition, whatever finite differences say",
    },
  ],

  reduceSum: [
    one("[0,3] over 0", float([0, 3]), (x) => ops.reduceSum(x, [0])),
    one("[] over all", float([]), (x) => ops.reduceSum(x)),
    one("[2,3] over all", float([2, 3]), (x) => ops.reduceSum(x)),
    one("[2,3] over all, kept", float([2, 3]), (x) => ops.reduceSum(x, undefined, true)),
    one("[2,3] over 0", float([2, 3]), (x) => ops.reduceSum(x, [0])),
    one("[2,3] over -1, kept", float([2, 3]), (x) => ops.reduceSum(x, [-1], true)),
    one("[2,3,4] over -1 and 0", float([2, 3, 4]), (x) => ops.reduceSum(x, [-1, 0])),
    one("[2,3] over 1 and -1", float([2, 3]), (x) => ops.reduceSum(x, [1, -1])),
    one("[2,3] over none", float([2, 3]), (x) => ops.reduceSum(x, [])),
    one("[2,1,3] over 1", float([2, 1, 3]), (x) => ops.reduceSum(x, [1])),
    one("[3,N] over 0", float([3, N]), (x) => ops.reduceSum(x, [0])),
    one("[3,N] over -1", float([3, N]), (x) => ops.reduceSum(x, [-1])),
    one("[2,N,3] over all", float([2, N, 3]), (x) => ops.reduceSum(x)),
    one("[2,4N] over -1, kept", float([2, free(4)]), (x) => ops.reduceSum(x, [-1], true)),
  ],

  reshape: [
    one("[0,3] to [3,0]", float([0, 3]), (x) => ops.reshape(x, [3, 0])),
    one("[2,3] to [6]", float([2, 3]), (x) => ops.reshape(x, [6])),
    one("[6] to [3,1,2]", float([6]), (x) => ops.reshape(x, [3, 1, 2])),
    one("[1] to []", float([1]), (x) => ops.reshape(x, [])),
    one("[] to [1,1]", float([]), (x) => ops.reshape(x, [1, 1])),
    one("[2,3,N] to [2,3N]", float([2, 3, N]), (x) => ops.reshape(x, [2, free(3)])),
    one("[2,3N] to [3,2,N]", float([2, free(3)]), (x) => ops.reshape(x, [3, 2, N])),
    one("[N,4] to [4N]", float([N, 4]), (x) => ops.reshape(x, [free(4)])),
    one("bool [2,3] to [3,2]", mask([2, 3]), (x) => ops.reshape(x, [3, 2])),
  ],
  transpose: [
    one("[2,3]", float([2, 3]), (x) => ops.transpose(x, [1, 0])),
    one("[2,1,3,4] by 3,1,0,2", float([2, 1, 3, 4]), (x) => ops.transpose(x, [3, 1, 0, 2])),
    one("[2,3,4] by 1,2,0", float([2, 3, 4]), (x) => ops.transpose(x, [1, 2, 0])),
    one("[N,2,3,2] by 1,2,3,0", float([N, 2, 3, 2]), (x) => ops.transpose(x, [1, 2, 3, 0])),
    one("uint8 [N,2]", pixels([N, 2]), (x) => ops.transpose(x, [1, 0])),
    one("unchanged", float([2, 3]), (x) => ops.transpose(x, [0, 1])),
  ],
  broadcast: [
    one("[] to [2,3]", float([]), (x) => ops.broadcast(x, [2, 3])),
    one("[3] to [2,3]", float([3]), (x) => ops.broadcast(x, [2, 3])),
    one("[2,1] to [2,3]", float([2, 1]), (x) => ops.broadcast(x, [2, 3])),
    one("[1,1] to [2,1,3]", float([1, 1]), (x) => ops.broadcast(x, [2, 1, 3])),
    one("[3,1] to [2,3,4]", float([3, 1]), (x) => ops.broadcast(x, [2, 3, 4])),
    one("unchanged", float([2, 3]), (x) => ops.broadcast(x, [2, 3])),
    two("[3,1] like [3,N]", [3, 1], [3, N], ops.broadcastLike),
    two("[] like [2,N]", [], [2, N], ops.broadcastLike),
  ],
  concatenate: [
    two("[0,3] [1,3] along 0", [0, 3], [1, 3], (a, b) => ops.concatenate([a, b], 0)),
    two("[2,3] [1,3] along 0", [2, 3], [1, 3], (a, b) => ops.concatenate([a, b], 0)),
    two("[2,3] [2,1] along -1", [2, 3], [2, 1], (a, b) => ops.concatenate([a, b], -1)),
    two("[2,2,N] [3,2,N] along 0", [2, 2, N], [3, 2, N], (a, b) => ops.concatenate([a, b], 0)),
    two("[2,N] twice and another", [2, N], [1, N], (a, b) => ops.concatenate([a, b, a], 0)),
    {
      ...two("[2,N] [2,2N] along N", [2, N], [2, free(2)], (a, b) => ops.concatenate([a, b], 1)),
      withoutGradient: "sizes along a free axis are not known to split by",
    },
    one("alone", float([2, 3]), (x) => ops.concatenate([x], 1)),
  ],
  split: [
    one("nothing and [3,2] along 0", float([3, 2]), (x) => ops.split(x, 0, [0, 3])),
    one("[3,2] along 0", float([3, 2]), (x) => ops.split(x, 0, [1, 2])),
    one("[2,6] along -1", float([2, 6]), (x) => ops.split(x, -1, [3, 1, 2])),
    one("one piece of three", float([6, N]), (x) => ops.split(x, 0, [3, 1, 2])[1]!),
    one("outer pieces of [N,1,4]", float([N, 1, 4]), (x) =>
      ops.split(x, 2, [1, 2, 1]).filter((_, piece) => piece !== 1),
    ),
    one("one piece", float([3, 2]), (x) => ops.split(x, 0, [3])),
    one("eight pieces of [2,13]", float([2, 13]), (x) => ops.split(x, 1, [1, 2, 1, 3, 2, 1, 2, 1])),
    one("every row of [9,N]", float([9, N]), (x) => ops.split(x, 0, new Array(9).fill(1))),
  ],

  gemm: [
    matrices([2, 0], [0, 4], undefined),
    matrices([2, 3], [3, 4], undefined),
    matrices([3, 2], [3, 4], undefined, { transposeA: true }),
    matrices([2, 3], [4, 3], undefined, { transposeB: true }),
    matrices([3, 2], [4, 3], undefined, { transposeA: true, transposeB: true }),
    matrices([1, 1], [1, 1], [1, 1]),
    matrices([2, 3], [3, 4], []),
    matrices([2, 3], [3, 4], [4]),
    matrices([2, 3], [3, 4], [1]),
    matrices([2, 3], [3, 4], [2, 1]),
    matrices([3, 2], [4, 3], [2, 4], { transposeA: true, transposeB: true }),
    matrices([2, 3], [3, N], [2, 1]),
    matrices([2, 3], [3, free(4)], undefined),
    matrices([2, 3], [N, 3], [2, 1], { transposeB: true }),
    matrices([N, 3], [3, 2], [2]),
    matrices([3, N], [3, 2], [1, 2], { transposeA: true }),
    matrices([2, N], [3, N], undefined, { transposeB: true }),
    two("a matrix by itself", [2, 2], [1], (a) => ops.gemm(a, a, { transposeB: true })),
  ],

  unfold: [
    one("[1,1,1,1]", float([1, 1, 1, 1]), (x) => ops.unfold(x)),
    one("[2,3,4,N]", float([2, 3, 4, N]), (x) => ops.unfold(x)),
    one("[1,2,2,3]", float([1, 2, 2, 3]), (x) => ops.unfold(x)),
    one("[3,1,5,N]", float([3, 1, 5, N]), (x) => ops.unfold(x)),
    one("what is above and left of [2,3,4,N]", float([2, 3, 4, N]), (x) => ops.unfold(x, aboveAndLeft)),
    one("every second pixel of [2,4,2,N]", float([2, 4, 2, N]), (x) => ops.unfold(x, everySecond)),
  ],
  homogeneousUnfold: [
    one("[1,1,1,1]", float([1, 1, 1, 1]), ops.homogeneousUnfold),
    one("[2,3,4,N]", float([2, 3, 4, N]), ops.homogeneousUnfold),
    one("[1,2,2,3]", float([1, 2, 2, 3]), ops.homogeneousUnfold),
    one("[3,1,5,N]", float([3, 1, 5, N]), ops.homogeneousUnfold),
    two("[5,19] [2,3,4,1] in a product", [5, 19], [2, 3, 4, 1], (a, x) => ops.gemm(a, ops.homogeneousUnfold(x))),
    two("[10,5]^T [1,2,2,3] in a product", [10, 5], [1, 2, 2, 3], (a, x) =>
      ops.gemm(a, ops.homogeneousUnfold(x), { transposeA: true }),
    ),
  ],
  fold: [
    one("[1,9,1,1,1]", float([1, 9, 1, 1, 1]), (x) => ops.fold(x)),
    one("[2,9,3,4,N]", float([2, 9, 3, 4, N]), (x) => ops.fold(x)),
    one("[1,9,2,2,3]", float([1, 9, 2, 2, 3]), (x) => ops.fold(x)),
    one("[3,9,5,1,N]", float([3, 9, 5, 1, N]), (x) => ops.fold(x)),
    one("what is above and left, [2,3,3,4,N]", float([2, 3, 3, 4, N]), (x) => ops.fold(x, aboveAndLeft)),
    one("every second pixel, [2,5,2,1,N]", float([2, 5, 2, 1, N]), (x) => ops.fold(x, everySecond)),
    two("the lower rows of [18,2] [2,6]", [18, 2], [2, 6], (a, b) =>
      ops.fold(ops.reshape(ops.split(ops.gemm(a, b), 0, [9, 9])[1]!, [1, 9, 2, 3, 1])),
    ),
  ],
  foldedProduct: [
    two("[9,2] [2,6]", [9, 2], [2, 6], (a, b) => ops.fold(ops.reshape(ops.gemm(a, b), [1, 9, 2, 3, 1]))),
    two("[18,3] [3,12N]", [18, 3], [3, { factor: 12 }], (a, b) =>
      ops.fold(ops.reshape(ops.gemm(a, b), [2, 9, 3, 4, N])),
    ),
    two("[4,27]^T [4,5N]", [4, 27], [4, { factor: 5 }], (a, b) =>
      ops.fold(ops.reshape(ops.gemm(a, b, { transposeA: true }), [3, 9, 5, 1, N])),
    ),
    two("the upper rows of [18,2] [2,6]", [18, 2], [2, 6], (a, b) =>
      ops.fold(ops.reshape(ops.split(ops.gemm(a, b), 0, [9, 9])[0]!, [1, 9, 2, 3, 1])),
    ),
    two("what is above and left, [6,2] [2,6N]", [6, 2], [2, { factor: 6 }], (a, b) =>
      ops.fold(ops.reshape(ops.gemm(a, b), [2, 3, 2, 3, N]), aboveAndLeft),
    ),
    two("every second pixel, [5,3]^T [3,2]", [3, 5], [3, 2], (a, b) =>
      ops.fold(ops.reshape(ops.gemm(a, b, { transposeA: true }), [1, 5, 2, 1, 1]), everySecond),
    ),
    two("[9,1] [1,1]", [9, 1], [1, 1], (a, b) => ops.fold(ops.reshape(ops.gemm(a, b), [1, 9, 1, 1, 1]))),
  ],
  maskedConvolution: [
    maskedConvolution([2, 3, 4, N], [3, 3, 2], aboveAndLeft),
    maskedConvolution([2, 3, 4, 2], [3, 3, 2], aboveAndLeft),
    maskedConvolution([1, 2, 2, N], [2, 4, 1], upperLeft),
    maskedConvolution([5, 2, 3, 3], [17, 4, 5], upperLeft),
  ],
  imageConvolution: [
    convolution([1, 1, 1, 1], [1, 1, 1, 1]),
    convolution([N, 2, 3, 4], [5, 2, 3, 3]),
    convolution([free(4), 3, 2, 2], [2, 3, 1, 1]),
    convolution([2, 1, 3, 3], [2, 1, 5, 5]),
    convolution([N, 5, 4, 4], [17, 5, 3, 3]),
    convolution([N, 2, 3, 4], [5, 2, 2, 3], { pads: [1, 1, 0, 1], stride: 1 }),
    convolution([N, 17, 4, 2], [3, 17, 2, 3], { pads: [1, 1, 0, 0], stride: 2 }),
    convolution([2, 1, 3, 3], [2, 1, 3, 1], { pads: [2, 0, 0, 0], stride: 1 }),
  ],
};
