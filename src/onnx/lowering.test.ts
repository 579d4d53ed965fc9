/** What a graph becomes: names, shared constants, dead nodes, equal bytes for equal graphs. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { freeBatch, GraphError } from "../base/index.ts";
import {
  add,
  constant,
  exponential,
  gemm,
  gradients,
  input,
  makeGraph,
  multiply,
  reduceSum,
  relu,
  split,
  unfold,
  type Value,
} from "../graph/index.ts";
import { compileGraph } from "../runtime/index.ts";
import { lowerGraph, readModel, writeModel } from "./index.ts";

const options = { name: "test" };

/** A layer with its gradients, different in nothing from one call to the next. */
function layer(): Record<string, Value> {
  const graph = makeGraph();
  const x = input(graph, "x", [3, freeBatch]);
  const weight = input(graph, "weight", [2, 3]);
  const y = relu(gemm(weight, x, { bias: constant(graph, Float32Array.of(0.5, -0.5), [2, 1]) }));
  const loss = reduceSum(multiply(y, y));
  const [dx, dWeight] = gradients(loss, [x, weight]);
  return { loss, dx: dx!, dWeight: dWeight! };
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("a lowered graph", () => {
  test("has equal bytes for equal graphs", () => {
    const [first, second] = [layer(), layer()].map((outputs) => writeModel(lowerGraph(outputs, options)));
    expect(sha256(first!)).toBe(sha256(second!));
  });

  test("has the bytes it had when they were last looked at", () => {
    expect(sha256(writeModel(lowerGraph(layer(), options)))).toMatchInlineSnapshot(
      `"6f7251c8cfdc722f4cf17fcca0430b7082d6cd7740df3586ca8165131e8ced9c"`,
    );
  });

  test("comes back from its bytes", () => {
    const model = lowerGraph(layer(), { name: "layer", metadata: { made: "by a test" } });
    expect(readModel(writeModel(model))).toEqual(model);
  });

  test("declares inputs in the order they were made, with N by name", () => {
    expect(lowerGraph(layer(), options).inputs).toEqual([
      { name: "x", elementType: "float32", shape: [3, "N"] },
      { name: "weight", elementType: "float32", shape: [2, 3] },
    ]);
  });

  test("has outputs under their names, in the order given", () => {
    expect(lowerGraph(layer(), options).outputs).toEqual([
      { name: "loss", elementType: "float32", shape: [] },
      { name: "dx", elementType: "float32", shape: [3, "N"] },
      { name: "dWeight", elementType: "float32", shape: [2, 3] },
    ]);
  });

  test("leaves out what no output needs, inputs too", () => {
    const graph = makeGraph();
    const [x, unused] = [input(graph, "x", [2]), input(graph, "unused", [2])];
    exponential(unused);
    const { inputs, nodes } = lowerGraph({ y: relu(x) }, options);
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(nodes.map(({ operator }) => operator)).toEqual(["Relu"]);
  });

  test("shares equal constants between operators", () => {
    const graph = makeGraph();
    const [a, b] = [input(graph, "a", [1, 2, 2, 3]), input(graph, "b", [1, 2, 2, 3])];
    const { initializers } = lowerGraph(
      { first: add(unfold(multiply(a, 2)), 2), second: unfold(multiply(b, 2)) },
      options,
    );
    const contents = initializers.map(({ elementType, shape, data }) => `${elementType}[${shape}]${[...data]}`);
    expect(new Set(contents).size).toBe(contents.length);
    expect(initializers.filter(({ elementType }) => elementType === "float32")).toHaveLength(1);
  });

  test("names every result once and uses only standard operators", () => {
    const { nodes } = readModel(writeModel(lowerGraph(layer(), options)));
    const results = nodes.flatMap(({ outputs }) => outputs);
    expect(new Set(results).size).toBe(results.length);
    expect([...new Set(nodes.map(({ operator }) => operator))].sort()).toMatchInlineSnapshot(`
      [
        "Add",
        "Gemm",
        "HardSigmoid",
        "Mul",
        "ReduceSum",
        "Relu",
        "Reshape",
      ]
    `);
  });
});

describe("the order of nodes", () => {
  test("has every node behind those that it reads", () => {
    const { nodes, inputs, initializers } = lowerGraph(layer(), options);
    const known = new Set([...inputs, ...initializers].map(({ name }) => name));
    for (const node of nodes) {
      for (const name of node.inputs) expect(known, `${node.name} reads ${name}`).toContain(name);
      for (const name of node.outputs) known.add(name);
    }
  });

  test("has what nobody reads at the end, the first made last", () => {
    const x = input(makeGraph(), "x", [2]);
    const [first, second] = [exponential(x), relu(x)];
    const third = multiply(relu(second), 2);
    const outputs = lowerGraph({ second, third, first }, options).nodes.map((node) => node.outputs[0]);
    expect([outputs[0], ...outputs.slice(-2)]).toEqual(["second", "third", "first"]);
  });

  test("has what is far from the inputs behind what is near, whatever was made first", () => {
    const graph = makeGraph();
    const [x, weight] = [input(graph, "x", [2]), input(graph, "weight", [2])];
    const far = exponential(relu(exponential(x)));
    const near = relu(weight);
    const outputs = lowerGraph({ near, far, product: multiply(far, near) }, options).nodes.map(
      (node) => node.outputs[0],
    );
    expect(outputs.indexOf("near")).toBeLessThan(outputs.indexOf("far"));
  });
});

describe("outputs keep their names", () => {
  const run = async (build: (x: Value) => Record<string, Value>) => {
    const program = await compileGraph(build(input(makeGraph(), "x", [2])), { threads: 1 });
    const results = await program.run({ x: { data: Float32Array.of(1, -2), shape: [2] } });
    await program.dispose();
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...data]]));
  };

  test("where one is asked for twice", async () => {
    const twice = await run((x) => {
      const y = multiply(x, 3);
      return { first: y, second: y, third: relu(y) };
    });
    expect(twice).toEqual({ first: [3, -6], second: [3, -6], third: [3, 0] });
  });

  test("where one is an input", async () => {
    expect(await run((x) => ({ same: x, again: x }))).toEqual({ same: [1, -2], again: [1, -2] });
  });

  test("where one is a constant", async () => {
    const results = await run((x) => ({ x2: multiply(x, 2), two: constant(x.graph, 2) }));
    expect(results).toEqual({ x2: [2, -4], two: [2] });
  });

  test("where one is a piece of a split", async () => {
    const results = await run((x) => {
      const [first, second] = split(x, 0, [1, 1]);
      return { second: second!, sum: add(first!, second!) };
    });
    expect(results).toEqual({ second: [-2], sum: [-1] });
  });
});

describe("refused", () => {
  test("outputs of two graphs", () => {
    const [a, b] = [input(makeGraph(), "a", [2]), input(makeGraph(), "b", [2])];
    const lower = () => lowerGraph({ a: relu(a), b: relu(b) }, options);
    expect(lower).toThrow(GraphError);
    expect(lower).toThrow("lower: expected outputs of one graph, got 'b' of another");
  });

  test("an output under an input's name", () => {
    const x = input(makeGraph(), "x", [2]);
    const lower = () => lowerGraph({ x: relu(x) }, options);
    expect(lower).toThrow(GraphError);
    expect(lower).toThrow("lower: expected every input and output under a name of its own, got 'x' twice");
  });

  test("an input under a constant's name, which the engine would take for its default", () => {
    const x = input(makeGraph(), "constant_0", [2]);
    expect(() => lowerGraph({ y: multiply(x, 2) }, options)).toThrow(/got 'constant_0' twice/);
  });
});
