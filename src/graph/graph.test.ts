/** Building graphs: equal nodes made once, foreign values refused, frozen values, and the printed form. */
import { describe, expect, test } from "vitest";
import { freeBatch, GraphError } from "../base/index.ts";
import {
  add,
  constant,
  gemm,
  gradients,
  greater,
  input,
  makeGraph,
  multiply,
  printGraph,
  reachableNodes,
  reduceSum,
  relu,
  reshape,
  select,
  split,
  toFloat,
  transpose,
  within,
} from "./index.ts";

const N = freeBatch;

describe("moves after moves are one", () => {
  const x = input(makeGraph(), "x", [2, 3, 4, N]);

  test("a transposition there and back is nothing", () => {
    expect(transpose(transpose(x, [3, 0, 1, 2]), [1, 2, 3, 0])).toBe(x);
  });

  test("two transpositions are the one that moves every axis where it ended", () => {
    const twice = transpose(transpose(x, [1, 2, 0, 3]), [3, 0, 2, 1]);
    expect(twice.node.inputs).toEqual([x]);
    expect(twice.node.attributes).toEqual({ permutation: [3, 1, 0, 2] });
    expect(twice.shape).toEqual([N, 3, 2, 4]);
  });

  test("of two shapes the last counts", () => {
    const twice = reshape(reshape(x, [6, 4, N]), [24, N]);
    expect(twice.node.inputs).toEqual([x]);
    expect(reshape(twice, x.shape)).toBe(x);
  });
});

describe("equal nodes are made once", () => {
  const graph = makeGraph();
  const [x, y] = [input(graph, "x", [2, 3]), input(graph, "y", [2, 3])];

  test.each([
    ["inputs of one name and type", () => input(graph, "x", [2, 3])],
    ["the same op on the same operands", () => add(x, y)],
    ["equal numbers", () => constant(graph, 0.5)],
    ["equal tensors in different arrays", () => constant(graph, new Float32Array(6).fill(2), [2, 3])],
    ["equal attributes in different arrays", () => reduceSum(x, [0, 1])],
    ["whole expressions", () => multiply(relu(add(x, 1)), y)],
  ])("%s", (_name, build) => {
    const first = build();
    const count = graph.nodes.length;
    expect(build()).toBe(first);
    expect(graph.nodes.length).toBe(count);
  });

  test.each([
    ["operands in another order", () => [add(x, y), add(y, x)]],
    ["other attributes", () => [reduceSum(x, [0]), reduceSum(x, [0], true)]],
    ["another op", () => [add(x, y), multiply(x, y)]],
    ["0 and -0", () => [constant(graph, 0), constant(graph, -0)]],
    ["another shape of equal numbers", () => [[6], [2, 3]].map((shape) => constant(graph, new Float32Array(6), shape))],
    ["another piece of one split", () => split(x, 0, [1, 1])],
  ])("but not %s", (_name, build) => {
    const [first, second] = build();
    expect(first).not.toBe(second);
  });
});

test("constants of one key are told apart by their numbers", () => {
  const graph = makeGraph();
  const make = (...values: number[]) =>
    graph.apply("constant", [], { values: Float32Array.from(values), shape: [values.length], key: "the same" })[0]!;
  const made = [make(1, 2), make(1, 3), make(0, 0), make(0, -0), make(Number.NaN, 1)];
  expect(new Set(made).size).toBe(5);
  expect([make(1, 2), make(1, 3), make(0, 0), make(0, -0), make(Number.NaN, 1)]).toEqual(made);
  expect(graph.nodes.length).toBe(5);
});

describe("a graph", () => {
  test("numbers its nodes so that inputs come first", () => {
    const graph = makeGraph();
    const x = input(graph, "x", [2]);
    gradients(reduceSum(multiply(relu(x), x)), [x]);
    expect(graph.nodes.map(({ id }) => id)).toEqual(graph.nodes.map((_, index) => index));
    for (const node of graph.nodes) expect(node.inputs.every((value) => value.node.id < node.id)).toBe(true);
  });

  test("holds frozen nodes and values", () => {
    const graph = makeGraph();
    const x = input(graph, "x", [2]);
    const { node } = relu(x);
    expect([x, node, node.inputs, node.outputs].every(Object.isFrozen)).toBe(true);
  });

  test("keeps a constant's numbers when the array they came from changes", () => {
    const graph = makeGraph();
    const data = new Float32Array(6).fill(1);
    const one = constant(graph, data, [6]);
    data.fill(2);
    const two = constant(graph, data, [6]);
    const { values } = one.node.attributes as { values: Float32Array };
    expect([...values]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(two).not.toBe(one);
  });

  test("gives only what some values need", () => {
    const graph = makeGraph();
    const x = input(graph, "x", [2]);
    const wanted = relu(x);
    add(wanted, 1);
    const later = multiply(x, x);
    expect(reachableNodes([later, wanted]).map(({ op }) => op)).toEqual(["input", "relu", "multiply"]);
  });

  test("refuses values of another graph", () => {
    const [here, there] = [makeGraph(), makeGraph()].map((graph) => input(graph, "x", [2]));
    expect(() => add(here!, there!)).toThrow(GraphError);
    expect(() => add(here!, there!)).toThrow("add: expected values of one graph, got input 1 of another");
  });

  test("refuses a name that is taken by an input of another type", () => {
    const graph = makeGraph();
    input(graph, "x", [2]);
    const again = () => input(graph, "x", [2], "uint8");
    expect(again).toThrow(GraphError);
    expect(again).toThrow("input: expected a new name, got 'x' again with another type");
  });

  test("is as before after something was refused", () => {
    const graph = makeGraph();
    const x = input(graph, "x", [2]);
    const count = graph.nodes.length;
    expect(() => reshape(x, [3])).toThrow();
    expect(graph.nodes.length).toBe(count);
  });
});

describe("printed", () => {
  test("a small graph", () => {
    const graph = makeGraph();
    const pixels = toFloat(input(graph, "pixels", [N, 4], "uint8"));
    const [left, right] = split(reshape(pixels, [N, 2, 2]), 1, [1, 1]);
    const larger = select(greater(left!, right!), left!, right!);
    const big = constant(graph, new Float32Array(5), [5]);
    expect(printGraph([reduceSum(multiply(larger, 0.5), [1]), big])).toMatchInlineSnapshot(`
      "%0: uint8[N,4] = input() 'pixels'
      %1: f32[N,4] = toFloat(%0)
      %2: f32[N,2,2] = reshape(%1) {"shape":[{"factor":1},2,2]}
      %3: f32[N,1,2], %4: f32[N,1,2] = split(%2) {"axis":1,"sizes":[1,1]}
      %5: bool[N,1,2] = greater(%3, %4)
      %6: f32[N,1,2] = select(%5, %3, %4)
      %7: f32[5] = constant() [...]
      %8: f32[] = constant() [0.5]
      %9: f32[N,1,2] = multiply(%6, %8)
      %10: f32[N,2] = reduceSum(%9) {"axes":[1],"keepDimensions":false}
      return %10, %7"
    `);
  });

  test("the gradient of a layer", () => {
    const graph = makeGraph();
    const [weight, x, bias] = [input(graph, "weight", [4, 3]), input(graph, "x", [3, N]), input(graph, "bias", [4, 1])];
    const loss = reduceSum(relu(gemm(weight, x, { bias })));
    expect(printGraph(gradients(loss, [weight, x, bias]))).toMatchInlineSnapshot(`
      "%0: f32[4,3] = input() 'weight'
      %1: f32[3,N] = input() 'x'
      %2: f32[4,1] = input() 'bias'
      %3: f32[4,N] = gemm(%0, %1, %2) {"transposeA":false,"transposeB":false}
      %4: f32[4,N] = relu(%3)
      %5: f32[] = constant() [1]
      %6: f32[1,1] = reshape(%5) {"shape":[1,1]}
      %7: f32[4,N] = positive(%4)
      %8: f32[4,N] = multiply(%6, %7)
      %9: f32[4,3] = gemm(%8, %1) {"transposeA":false,"transposeB":true}
      %10: f32[3,N] = gemm(%0, %8) {"transposeA":true,"transposeB":false}
      %11: f32[4] = reduceSum(%8) {"axes":[1],"keepDimensions":false}
      %12: f32[4,1] = reshape(%11) {"shape":[4,1]}
      return %9, %10, %12"
    `);
  });

  test("only what is needed, numbered from 0", () => {
    const graph = makeGraph();
    input(graph, "unused", [1]);
    const x = input(graph, "x", []);
    expect(printGraph([x, x])).toBe("%0: f32[] = input() 'x'\nreturn %0, %0");
  });
});

describe("scopes", () => {
  test("nest, and name the nodes made inside them and their gradients", () => {
    const graph = makeGraph();
    const x = input(graph, "x", [2]);
    const y = within(graph, "scale0", () => within(graph, "step1", () => multiply(x, x)));
    const [gradient] = gradients(reduceSum(y), [x]);
    expect(y.node.scope).toBe("scale0/step1");
    expect(gradient!.node.scope).toBe("scale0/step1/gradient");
    expect(graph.scope).toBe("");
  });

  test("are left also where building fails", () => {
    const graph = makeGraph();
    expect(() =>
      within(graph, "broken", () => {
        throw new Error("on purpose");
      }),
    ).toThrow("on purpose");
    expect(graph.scope).toBe("");
  });
});
