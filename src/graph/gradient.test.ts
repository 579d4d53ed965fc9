/** The walk of reverse-mode differentiation: paths that meet or end, repeated operands, second derivatives, a small network. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { differenceGradient, normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { bindShape, freeBatch, GraphError, type Shape } from "../base/index.ts";
import { compileGraph } from "../runtime/index.ts";
import {
  absolute,
  add,
  broadcastLike,
  concatenate,
  constant,
  exponential,
  fold,
  gemm,
  gradients,
  greater,
  input,
  makeGraph,
  maximum,
  minimum,
  multiply,
  negate,
  printGraph,
  reduceSum,
  relu,
  reshape,
  select,
  sigmoid,
  split,
  squareRoot,
  stopGradient,
  subtract,
  toFloat,
  transpose,
  unfold,
  type Value,
} from "./index.ts";

const N = freeBatch;

/** dL/dx of every input at the given numbers. */
function slopes(
  build: (...inputs: Value[]) => Value,
  ...numbers: readonly { readonly shape: Shape; readonly data: readonly number[] }[]
): number[][] {
  const graph = makeGraph();
  const inputs = numbers.map(({ shape }, index) => input(graph, `x${index}`, shape));
  const given = Object.fromEntries(numbers.map(({ data }, index) => [`x${index}`, Float64Array.from(data)]));
  return evaluate(gradients(build(...inputs), inputs), given, 2).map((data) => [...data]);
}

const vector = (...data: number[]) => ({ shape: [data.length], data });

describe("paths", () => {
  test("that meet are added: L = sum(x^2 + 3 x)", () => {
    expect(slopes((x) => reduceSum(add(multiply(x, x), multiply(x, 3))), vector(1, -2))).toEqual([[5, -1]]);
  });

  test("that meet after different shapes are added: L = sum(x) sum(x^2)", () => {
    const product = (x: Value) => multiply(reduceSum(x), reduceSum(multiply(x, x)));
    expect(slopes(product, vector(1, 2))).toEqual([[5 + 2 * 3, 5 + 4 * 3]]);
  });

  test("that do not exist give zero in the target's shape, with N too", () => {
    const graph = makeGraph();
    const [x, unused] = [input(graph, "x", [2]), input(graph, "unused", [3, N])];
    const [zero] = gradients(reduceSum(x), [unused]);
    expect(zero!.shape).toEqual([3, N]);
    expect([...evaluate([zero!], { unused: new Float64Array(6).fill(Number.NaN) }, 2)[0]!]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("of length zero give one: dL/dL", () => {
    expect(slopes((x) => x, { shape: [], data: [7] })).toEqual([[1]]);
  });

  test("to a value in the middle do not go on from there", () => {
    const graph = makeGraph();
    const middle = exponential(input(graph, "x", [2]));
    const [slope] = gradients(reduceSum(multiply(middle, middle)), [middle]);
    expect([...evaluate([slope!], { x: Float64Array.of(0, Math.log(3)) }, 1)[0]!].map(Math.round)).toEqual([2, 6]);
  });

  // A scalar of a value in the middle, and that value: a rewrite makes the scalar from what lies behind it.
  const bypassed: readonly [string, (x: Value) => { readonly scalar: Value; readonly target: Value }][] = [
    [
      "reshape",
      (x) => {
        const target = reshape(x, [8, 9]);
        return { scalar: reduceSum(relu(reshape(target, [72]))), target };
      },
    ],
    [
      "reshapes one after the other",
      (x) => {
        const target = reshape(x, [8, 9]);
        return { scalar: reduceSum(relu(reshape(reshape(target, [6, 12]), [72]))), target };
      },
    ],
    [
      "reshape, beside a way that counts",
      (x) => {
        const target = reshape(x, [8, 9]);
        return { scalar: add(reduceSum(relu(reshape(target, [72]))), reduceSum(target)), target };
      },
    ],
    [
      "transpose",
      (x) => {
        const target = transpose(x, [1, 0, 2, 3]);
        return { scalar: reduceSum(multiply(transpose(target, [1, 0, 2, 3]), x)), target };
      },
    ],
    [
      "fold of a product",
      (x) => {
        const target = gemm(reshape(x, [9, 8]), constant(x.graph, new Float32Array(8 * 20), [8, 20]));
        return { scalar: reduceSum(fold(reshape(target, [1, 9, 4, 5, 1]))), target };
      },
    ],
    [
      "fold of the first rows of a product",
      (x) => {
        const product = gemm(reshape(x, [12, 6]), constant(x.graph, new Float32Array(6 * 20), [6, 20]));
        const [target] = split(product, 0, [9, 3]);
        return { scalar: reduceSum(fold(reshape(target!, [1, 9, 4, 5, 1]))), target: target! };
      },
    ],
  ];

  test.each(bypassed)("to a value that a rewrite bypassed are refused, not zero: %s", (_name, build) => {
    const { scalar, target } = build(input(makeGraph(), "x", [3, 3, 2, 4]));
    expect(() => gradients(scalar, [target])).toThrow(GraphError);
    expect(() => gradients(scalar, [target])).toThrow(/expected targets that the scalar is made from, .* bypassed/);
  });

  test("to a value that a rewrite came back to are there", () => {
    const shaped = (x: Value): Value => reshape(x, [3, 2]);
    const build = (x: Value): Value => {
      const target = shaped(x);
      const again = shaped(reshape(target, [6]));
      expect(again).toBe(target);
      return gradients(reduceSum(multiply(again, again)), [target])[0]!;
    };
    const x = input(makeGraph(), "x", [2, 3]);
    expect([...evaluate([build(x)], { x: Float64Array.of(1, 2, 3, 4, 5, 6) }, 1)[0]!]).toEqual([2, 4, 6, 8, 10, 12]);
  });

  test("to the float32 form of pixels end there", () => {
    const graph = makeGraph();
    const pixels = toFloat(input(graph, "pixels", [2], "uint8"));
    const [slope] = gradients(reduceSum(multiply(pixels, pixels)), [pixels]);
    expect([...evaluate([slope!], { pixels: Float64Array.of(3, 200) }, 1)[0]!]).toEqual([6, 400]);
  });

  test("from both pieces and the whole of a split are added", () => {
    const build = (x: Value) => {
      const [first, second] = split(x, 0, [1, 2]);
      return add(reduceSum(multiply(first!, 2)), add(reduceSum(multiply(second!, 3)), reduceSum(x)));
    };
    expect(slopes(build, vector(1, 1, 1))).toEqual([[3, 4, 4]]);
  });

  test("through one piece of a split leave zeros for the others", () => {
    expect(slopes((x) => reduceSum(split(x, 0, [1, 1, 1])[1]!), vector(1, 1, 1))).toEqual([[0, 1, 0]]);
  });

  test("through an operand used twice by one node are added", () => {
    expect(slopes((x) => reduceSum(concatenate([x, multiply(x, 2), x], 0)), vector(1, 1))).toEqual([[4, 4]]);
  });

  test("through a mask do not count", () => {
    const build = (x: Value) => reduceSum(select(greater(multiply(x, x), 2), x, multiply(x, 5)));
    expect(slopes(build, vector(1, 2))).toEqual([[5, 1]]);
  });

  test("through a mask as a number do not count", () => {
    const build = (x: Value) => reduceSum(multiply(x, toFloat(greater(x, 0))));
    expect(slopes(build, vector(-1, 2))).toEqual([[0, 1]]);
  });

  test("through stopGradient do not count", () => {
    expect(slopes((x) => reduceSum(multiply(x, stopGradient(x))), vector(2, -3))).toEqual([[2, -3]]);
  });
});

describe("at kinks", () => {
  test.each([
    ["maximum gives a tie to the first", (a: Value, b: Value) => maximum(a, b), [1], [0]],
    ["minimum gives a tie to the first", (a: Value, b: Value) => minimum(a, b), [1], [0]],
    ["relu(0) has slope 0", (a: Value) => relu(subtract(a, 1)), [0], [0]],
    ["|0| has slope -1", (a: Value) => absolute(subtract(a, 1)), [-1], [0]],
  ] as const)("%s", (_name, build, first, second) => {
    const summed = (a: Value, b: Value) => add(reduceSum(build(a, b)), multiply(reduceSum(b), 0));
    expect(slopes(summed, vector(1), vector(1))).toEqual([first, second]);
  });
});

/** Sums of whole results: the arriving gradient is one number, and stands for the repeated one until it is needed whole. */
describe("a gradient that is not repeated yet", () => {
  const cases: readonly (readonly [string, Shape, Shape, (a: Value, b: Value) => Value])[] = [
    ["a[1] + b[5]", [1], [5], (a, b) => reduceSum(add(a, b))],
    ["a[] + b[5]", [], [5], (a, b) => reduceSum(add(a, b))],
    ["a[5] - b[1]", [5], [1], (a, b) => reduceSum(subtract(a, b))],
    ["a[2,1] - b[1,3]", [2, 1], [1, 3], (a, b) => reduceSum(subtract(a, b))],
    ["a[4,1] - b[2,1,3]", [4, 1], [2, 1, 3], (a, b) => reduceSum(subtract(a, b))],
    ["a[1,1,1] + b[2]", [1, 1, 1], [2], (a, b) => reduceSum(add(a, b))],
    ["a[3,1] + b[3,N]", [3, 1], [3, N], (a, b) => reduceSum(add(a, b))],
    ["a[1] - b[2,N]", [1], [2, N], (a, b) => reduceSum(subtract(b, a))],
    ["a[1,N] + b[3,1]", [1, N], [3, 1], (a, b) => reduceSum(add(a, b))],
    ["a[] - b[N]", [], [N], (a, b) => reduceSum(subtract(b, a))],
    ["a[2,1] + b[2,3] along one axis", [2, 1], [2, 3], (a, b) => sumOfSquares(reduceSum(add(a, b), [1]))],
    ["a[2,1] + b[2,3] along the other", [2, 1], [2, 3], (a, b) => sumOfSquares(reduceSum(add(a, b), [0]))],
    ["a[3,1] + b[3,N] along N", [3, 1], [3, N], (a, b) => sumOfSquares(reduceSum(add(a, b), [1]))],
    ["a[3,1] + b[3,N] along 3", [3, 1], [3, N], (a, b) => sumOfSquares(reduceSum(add(a, b), [0]))],
    ["a[1] b[5] twice repeated", [1], [5], (a, b) => reduceSum(add(add(a, b), multiply(a, b)))],
    ["through negate and a mask", [1], [5], (a, b) => reduceSum(select(greater(b, 0), negate(add(a, b)), a))],
    ["met by a repeated one", [2, 3], [3], (a, b) => add(reduceSum(a), reduceSum(multiply(a, b)))],
    ["through a reshape", [2, 1], [2, 3], (a, b) => reduceSum(reshape(add(a, b), [6]))],
    ["through a transpose", [1, 3], [2, 3], (a, b) => reduceSum(transpose(add(a, b), [1, 0]))],
    ["through broadcastLike", [2, 1], [2, N], (a, b) => reduceSum(multiply(broadcastLike(a, b), b))],
    ["into a product of matrices", [2, 3], [3, N], (a, b) => reduceSum(gemm(a, b))],
    ["into a bias", [2, 3], [2, 1], (a, b) => reduceSum(gemm(a, a, { transposeB: true, bias: b }))],
  ];

  test.each(cases)("%s", (_name, a, b, build) => {
    const graph = makeGraph();
    const [x, y] = [input(graph, "a", a), input(graph, "b", b)];
    const loss = build(x, y);
    const numbers = { a: numbersOf(a, "a"), b: numbersOf(b, "b") };
    const found = gradients(loss, [x, y]);
    expect(found.map(({ shape }) => shape)).toEqual([a, b]);
    const [da, db] = evaluate(found, numbers, batch);
    const expected = ["a", "b"].flatMap((name) => [...differenceGradient(loss, name, numbers, batch)]);
    expect([...da!, ...db!]).toBeAllclose(expected, tolerances.finiteDifference);
  });

  const batch = 3;
  const sumOfSquares = (x: Value) => reduceSum(multiply(x, x));
  const numbersOf = (shape: Shape, label: string) =>
    normalNumbers(
      bindShape(shape, batch).reduce((product, dimension) => product * dimension, 1),
      label,
    );

  test("costs no repeated tensor where the sizes are known", () => {
    const graph = makeGraph();
    const [a, b] = [input(graph, "a", [1]), input(graph, "b", [5])];
    expect(printGraph(gradients(reduceSum(add(a, b)), [a]))).toMatchInlineSnapshot(`
      "%0: f32[] = constant() [1]
      %1: f32[1] = reshape(%0) {"shape":[1]}
      %2: f32[] = constant() [5]
      %3: f32[1] = multiply(%1, %2)
      return %3"
    `);
  });
});

describe("second derivatives", () => {
  test("of x^4 are 12 x^2", () => {
    const second = (x: Value) => {
      const square = multiply(x, x);
      const [first] = gradients(reduceSum(multiply(square, square)), [x]);
      return reduceSum(first!);
    };
    expect(slopes(second, vector(1, -2, 0.5))).toEqual([[12, 48, 3]]);
  });

  test("of x^2 y are 2 y and 2 x", () => {
    const mixed = (x: Value, y: Value) => gradients(multiply(multiply(x, x), y), [x])[0]!;
    expect(slopes(mixed, { shape: [], data: [3] }, { shape: [], data: [5] })).toEqual([[10], [6]]);
  });

  test("of a relu network are those of finite differences", () => {
    const graph = makeGraph();
    const [x, w] = [input(graph, "x", [2, 3]), input(graph, "w", [2, 2])];
    const y = sigmoid(gemm(w, relu(x)));
    const [dx] = gradients(reduceSum(multiply(y, y)), [x]);
    const penalty = squareRoot(reduceSum(multiply(dx!, dx!)));
    const numbers = { x: normalNumbers(6, "x"), w: normalNumbers(4, "w") };
    const [second] = evaluate(gradients(penalty, [w]), numbers, 1);
    expect(second!).toBeAllclose(differenceGradient(penalty, "w", numbers), tolerances.finiteDifference);
  });
});

describe("a small network of all kinds of ops", () => {
  const graph = makeGraph();
  const x = input(graph, "x", [2, 3, 4, N]);
  const first = input(graph, "first", [5, 2, 9]);
  const second = input(graph, "second", [4, 9, 5]);
  const bias = input(graph, "bias", [5, 1]);
  const columns = { factor: 12 };
  const hidden = relu(gemm(reshape(first, [5, 18]), reshape(unfold(x), [18, columns]), { bias }));
  const taps = reshape(gemm(reshape(second, [36, 5]), hidden), [4, 9, 3, 4, N]);
  const [shift, raw] = split(fold(taps), 0, [2, 2]);
  const y = concatenate([x, multiply(add(x, shift!), sigmoid(raw!))], 0);
  const loss = reduceSum(multiply(reduceSum(multiply(y, y), [0, 1, 2]), 1 / 24));
  const targets = { x, first, second, bias };
  const batch = 2;
  const numbers = {
    x: normalNumbers(2 * 3 * 4 * batch, "network x"),
    first: normalNumbers(90, "network first").map((value) => Math.fround(value / 3)),
    second: normalNumbers(180, "network second").map((value) => Math.fround(value / 3)),
    bias: normalNumbers(5, "network bias"),
  };
  const slopesOf = gradients(loss, Object.values(targets));
  const reference = evaluate([loss, ...slopesOf], numbers, batch);

  test.each(Object.keys(targets))("has the gradient of finite differences for %s", (name) => {
    const got = reference[1 + Object.keys(targets).indexOf(name)]!;
    expect(got).toBeAllclose(differenceGradient(loss, name, numbers, batch, 1e-6), tolerances.networkDifference);
  });

  test("gives the same numbers in the engine", async () => {
    const outputs = Object.fromEntries([loss, ...slopesOf].map((value, index) => [`y${index}`, value]));
    const program = await compileGraph(outputs, { threads: 1 });
    const feeds = Object.entries(targets).map(([name, { shape }]) => {
      const data = Float32Array.from(numbers[name as keyof typeof numbers]);
      return [name, { data, shape: bindShape(shape, batch) }] as const;
    });
    const results = await program.run(Object.fromEntries(feeds));
    await program.dispose();
    const got = Object.values(results).flatMap(({ data }) => [...data]);
    expect(got).toBeAllclose(
      reference.flatMap((data) => [...data]),
      tolerances.network,
    );
  });
});

describe("refused", () => {
  test.each([
    [
      "a vector to differentiate",
      (x: Value) => gradients(x, [x]),
      "gradients: expected a float32 scalar to differentiate, got f32[2]",
    ],
    [
      "a mask to differentiate",
      (x: Value) => gradients(greater(reduceSum(x), 0), [x]),
      "gradients: expected a float32 scalar to differentiate, got bool[]",
    ],
    [
      "a mask for a target",
      (x: Value) => gradients(reduceSum(x), [greater(x, 0)]),
      "gradients: expected float32 targets of the scalar's graph, got bool[2]",
    ],
    [
      "a target of another graph",
      (x: Value) => gradients(reduceSum(x), [constant(makeGraph(), 1)]),
      "gradients: expected float32 targets of the scalar's graph, got f32[] of another graph",
    ],
  ] as const)("%s", (_name, build, message) => {
    const attempt = () => build(input(makeGraph(), "x", [2]));
    expect(attempt).toThrow(GraphError);
    expect(attempt).toThrow(message);
  });
});
