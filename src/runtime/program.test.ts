/** Programs: buffers that are filled in place, free batches, bitwise repeatable runs, and what is refused. */
import { InferenceSession } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { freeBatch, GraphError, RunError } from "../base/index.ts";
import {
  add,
  gemm,
  gradients,
  greater,
  input,
  makeGraph,
  multiply,
  reduceSum,
  relu,
  reshape,
  select,
  sigmoid,
  unfold,
} from "../graph/index.ts";
import { lowerGraph, writeModel } from "../onnx/index.ts";
import { type Buffer, compileGraph, engineVersion, loadProgram, type Program } from "./index.ts";

const options = { threads: 1 };
const numbers = (shape: readonly number[], label: string): Buffer => ({
  data: Float32Array.from(
    normalNumbers(
      shape.reduce((product, dimension) => product * dimension, 1),
      label,
    ),
  ),
  shape,
});

const zeros = (...shape: number[]): Buffer => ({
  data: new Float32Array(shape.reduce((product, dimension) => product * dimension, 1)),
  shape,
});

/** doubled = 2 x and sum over the first axis, for x [3, N]. */
function smallGraph() {
  const graph = makeGraph();
  const x = input(graph, "x", [3, freeBatch]);
  return { doubled: multiply(x, 2), sum: reduceSum(x, [0]) };
}

describe("a program", () => {
  const values = smallGraph();
  let program: Program;
  beforeAll(async () => {
    program = await compileGraph(values, options);
  });
  afterAll(() => program.dispose());

  test("names its inputs and outputs", () => {
    expect([program.inputNames, program.outputNames]).toEqual([["x"], ["doubled", "sum"]]);
  });

  test.each([1, 2, 7, 1])("runs with N = %i, whatever it was before", async (batch) => {
    const x = numbers([3, batch], `batch ${batch}`);
    const { doubled, sum } = await program.run({ x });
    expect([doubled!.shape, sum!.shape]).toEqual([[3, batch], [batch]]);
    expect(doubled!.data).toEqual((x.data as Float32Array).map((value) => 2 * value));
  });

  test("fills the buffers it is given, and returns those", async () => {
    const into = { doubled: zeros(3, 2), sum: zeros(2) };
    const arrays = [into.doubled.data, into.sum.data];
    const results = await program.run({ x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] } }, into);
    expect(results.doubled).toBe(into.doubled);
    expect([results.doubled!.data, results.sum!.data]).toEqual([
      Float32Array.of(2, 4, 6, 8, 10, 12),
      Float32Array.of(9, 12),
    ]);
    expect(results.doubled!.data).toBe(arrays[0]);
    expect(results.sum!.data).toBe(arrays[1]);
  });

  test("fills some buffers and makes the others", async () => {
    const into = { sum: zeros(1) };
    const results = await program.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3, 1] } }, into);
    expect(results.sum).toBe(into.sum);
    expect([...results.sum!.data, ...results.doubled!.data]).toEqual([6, 2, 4, 6]);
  });

  test("gives fresh arrays that later runs leave alone", async () => {
    const first = await program.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3, 1] } });
    await program.run({ x: { data: Float32Array.of(4, 5, 6), shape: [3, 1] } });
    expect([...first.doubled!.data]).toEqual([2, 4, 6]);
  });

  test("reads arrays that start within a larger one", async () => {
    const data = Float32Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5);
    const { sum } = await program.run({ x: { data, shape: [3, 1] } });
    expect([...sum!.data]).toEqual([6]);
  });

  test("leaves its inputs as they were", async () => {
    const x = numbers([3, 4], "kept");
    const before = x.data.slice();
    await program.run({ x });
    expect(x.data).toEqual(before);
  });

  test("does not mind inputs that it does not know", async () => {
    const x = numbers([3, 1], "known");
    await expect(program.run({ x, other: x })).resolves.toHaveProperty("sum");
  });

  test.each([
    ["a missing input", {}, {}, GraphError, "run: expected input 'x', got none"],
    ["an input under another name", { y: numbers([3, 1], "y") }, {}, GraphError, "run: expected input 'x', got y"],
    [
      "too few numbers",
      { x: { data: new Float32Array(5), shape: [3, 2] } },
      {},
      GraphError,
      "run: expected 6 numbers in 'x' [3,2], got 5",
    ],
    [
      "a buffer of too few numbers",
      { x: numbers([3, 2], "x") },
      { sum: { data: new Float32Array(1), shape: [2] } },
      GraphError,
      "run: expected 2 numbers in 'sum' [2], got 1",
    ],
    ["another known size", { x: numbers([2, 3], "x") }, {}, RunError, "engine: expected to run a program, got "],
    ["another rank", { x: numbers([3], "x") }, {}, RunError, "engine: expected to run a program, got "],
    [
      "pixels for numbers",
      { x: { data: new Uint8Array(3), shape: [3, 1] } },
      {},
      RunError,
      "engine: expected to run a program, got ",
    ],
    [
      "a buffer of another shape",
      { x: numbers([3, 2], "x") },
      { sum: { data: new Float32Array(3), shape: [3] } },
      RunError,
      "engine: expected to run a program, got ",
    ],
  ])("refuses %s", async (_name, inputs, into, kind, message) => {
    const attempt = program.run(inputs as Record<string, Buffer>, into as Record<string, Buffer>);
    await expect(attempt).rejects.toBeInstanceOf(kind);
    await expect(attempt).rejects.toThrow(message);
  });
});

test("a program that was disposed of refuses to run", async () => {
  const program = await compileGraph(smallGraph(), options);
  await program.dispose();
  await expect(program.run({ x: numbers([3, 1], "x") })).rejects.toBeInstanceOf(RunError);
});

describe("masks", () => {
  test("come in and go out as bytes", async () => {
    const graph = makeGraph();
    const [x, mask] = [input(graph, "x", [3]), input(graph, "mask", [3], "bool")];
    const outputs = { positive: greater(x, 0), chosen: select(mask, x, 7) };
    const program = await compileGraph(outputs, options);
    const feeds = {
      x: { data: Float32Array.of(-1, 0, 2), shape: [3] },
      mask: { data: Uint8Array.of(1, 0, 1), shape: [3] },
    };
    const into = { positive: { data: new Uint8Array(3), shape: [3] } };
    const { positive, chosen } = await program.run(feeds, into);
    await program.dispose();
    expect(positive).toBe(into.positive);
    expect([...positive!.data, ...chosen!.data]).toEqual([0, 0, 1, -1, 7, 2]);
  });
});

describe("two runs give the same bits", () => {
  test.each([1, 2])("with %i threads, on tensors large enough to share out", async (threads) => {
    const graph = makeGraph();
    const [weight, x] = [input(graph, "weight", [64, 72]), input(graph, "x", [8, 16, 16, 32])];
    const columns = 16 * 16 * 32;
    const unfolded = unfold(x);
    const hidden = relu(gemm(weight, reshape(unfolded, [72, columns])));
    const loss = reduceSum(multiply(sigmoid(hidden), hidden));
    const [dWeight, dx] = gradients(loss, [weight, x]);
    const program = await compileGraph({ loss, dWeight: dWeight!, dx: dx! }, { threads });
    const feeds = { weight: numbers([64, 72], "weight"), x: numbers([8, 16, 16, 32], "x") };
    const [first, second] = [await program.run(feeds), await program.run(feeds)];
    await program.dispose();
    for (const name of program.outputNames) {
      expect(sameBytes(first[name]!, second[name]!), name).toBe(true);
    }
  });

  const bytes = ({ data }: Buffer) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

  /** Bytes rather than numbers, so that 0 and -0 differ and NaN equals itself. */
  function sameBytes(a: Buffer, b: Buffer): boolean {
    const [left, right] = [bytes(a), bytes(b)];
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
  }
});

describe("refused", () => {
  test.each([
    ["no bytes", new Uint8Array(0)],
    ["random bytes", Uint8Array.from({ length: 64 }, (_, index) => (index * 37) % 251)],
    ["a model cut short", writeModel(lowerGraph(smallGraph(), { name: "cut" })).subarray(0, 60)],
  ])("%s", async (_name, model) => {
    await expect(loadProgram(model, options)).rejects.toBeInstanceOf(RunError);
    await expect(loadProgram(model, options)).rejects.toThrow(/^engine: expected a graph that it accepts, got /);
  });

  test("an operator that the engine does not know", async () => {
    const model = lowerGraph(smallGraph(), { name: "unknown" });
    const nodes = model.nodes.map((node) => ({ ...node, operator: "Unheard" }));
    await expect(loadProgram(writeModel({ ...model, nodes }), options)).rejects.toBeInstanceOf(RunError);
  });

  test("a graph that cannot be lowered, as a rejection", async () => {
    const x = input(makeGraph(), "x", [1]);
    await expect(compileGraph({ x: add(x, 1) }, options)).rejects.toBeInstanceOf(GraphError);
  });
});

test("the engine's threads hardly wait before they sleep", async () => {
  const create = vi.spyOn(InferenceSession, "create");
  const program = await compileGraph(smallGraph(), { threads: 2 });
  await program.dispose();
  const [, given] = create.mock.calls[0] as unknown as [Uint8Array, InferenceSession.SessionOptions];
  expect(given.extra).toEqual({ session: { intra_op: { allow_spinning: "1", spin_duration_us: "20" } } });
});

test("the engine has a version", () => {
  expect(engineVersion()).toMatch(/^\d+\.\d+/);
});
