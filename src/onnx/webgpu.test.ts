/** Models for WebGPU: no node with more tensors than a shader takes, and the numbers of the model they came from. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import {
  concatenate,
  gradients,
  input,
  makeGraph,
  multiply,
  reduceSum,
  split,
  toFloat,
  transpose,
  type Value,
} from "../graph/index.ts";
import { loadProgram } from "../runtime/index.ts";
import { fitToWebgpu, lowerGraph, type OnnxModel, writeModel } from "./index.ts";

const lower = (outputs: Readonly<Record<string, Value>>): OnnxModel => lowerGraph(outputs, { name: "test" });
const operators = ({ nodes }: OnnxModel) => nodes.map(({ operator }) => operator);

/** Pieces of x [rows, 3] of growing size along the first axis, the last of them empty; and what is left when they are joined again. */
function pieces(count: number) {
  const sizes = [...Array.from({ length: count - 1 }, (_, index) => 1 + (index % 3)), 0];
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const x = input(makeGraph(), "x", [rows, 3]);
  const parts = split(x, 0, sizes).map((part, index) => multiply(part, index + 1));
  const joined = concatenate(parts, 0);
  const [slope] = gradients(reduceSum(multiply(joined, joined)), [x]);
  return { rows, outputs: { joined, slope: slope! } };
}

async function run(model: OnnxModel, inputs: Parameters<Awaited<ReturnType<typeof loadProgram>>["run"]>[0]) {
  const program = await loadProgram(writeModel(model), { threads: 1 });
  return program.run(inputs).finally(() => program.dispose());
}

describe("many pieces", () => {
  test.each([8, 49, 50, 400])(
    "%i of them: no node has more than eight tensors, and the numbers stay",
    async (count) => {
      const { rows, outputs } = pieces(count);
      const model = lower(outputs);
      const fitting = fitToWebgpu(model);
      const tensors = fitting.nodes
        .filter(({ operator }) => operator !== "Slice")
        .map(({ inputs, outputs }) => inputs.length + outputs.length);
      expect(Math.max(...tensors)).toBe(8);
      expect(operators(model)).toContain("Split");
      expect(operators(fitting)).not.toContain("Split");
      const stream = randomKey("pieces").stream();
      const x = { data: Float32Array.from({ length: rows * 3 }, () => stream.normal()), shape: [rows, 3] };
      expect(await run(fitting, { x })).toEqual(await run(model, { x }));
    },
  );

  test("seven of them stay together", () => {
    const model = lower(pieces(7).outputs);
    expect(fitToWebgpu(model)).toEqual(model);
  });
});

describe("pixels", () => {
  const images = () => input(makeGraph(), "images", [2, 3, 4], "uint8");
  const data = Uint8Array.from({ length: 24 }, (_, index) => 10 * index);

  test("become numbers before they move", async () => {
    const model = lower({ moved: toFloat(transpose(images(), [1, 2, 0])) });
    const fitting = fitToWebgpu(model);
    expect(operators(model)).toEqual(["Transpose", "Cast"]);
    expect(operators(fitting)).toEqual(["Cast", "Transpose", "Cast"]);
    const given = { images: { data, shape: [2, 3, 4] } };
    expect(await run(fitting, given)).toEqual(await run(model, given));
  });

  test("that are asked for as pixels stay pixels", () => {
    const moved = transpose(images(), [1, 2, 0]);
    const model = lower({ moved, numbers: toFloat(moved) });
    expect(fitToWebgpu(model)).toEqual(model);
  });
});
