/** The fault network: both forms against each other, and a strided convolution against its definition. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { constant, gemm, input, makeGraph, reshape, transpose } from "../graph/index.ts";
import {
  layoutOf,
  leavesOf,
  neighbourhoods,
  type ParameterVectors,
  packArrays,
  parameterData,
  parameterInputs,
} from "../nn/index.ts";
import { compileGraph } from "../runtime/index.ts";
import { faultNetwork, secondPixels } from "./network.ts";

const numbers = (name: string, size: number, scale = 1): Float32Array => {
  const stream = randomKey("fault network").fold(name).stream();
  return Float32Array.from({ length: size }, () => scale * stream.normal());
};

/** 3x3, stride 2, padding 1 over x [C, H, W], as PyTorch's conv2d defines it. */
function convolve(
  x: Float32Array,
  [channels, height, width]: [number, number, number],
  weight: Float32Array,
  out: number,
) {
  const result: number[] = [];
  for (let o = 0; o < out; o++) {
    for (let y = 0; y < height; y += 2) {
      for (let at = 0; at < width; at += 2) {
        let sum = 0;
        for (let c = 0; c < channels; c++) {
          for (let tap = 0; tap < 9; tap++) {
            const [row, column] = [y + Math.floor(tap / 3) - 1, at + (tap % 3) - 1];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            sum += weight[(o * channels + c) * 9 + tap]! * x[(c * height + row) * width + column]!;
          }
        }
        result.push(sum);
      }
    }
  }
  return result;
}

test("a product with the neighbourhoods of every second pixel is a convolution with stride 2", async () => {
  const [x, weight] = [numbers("x", 2 * 6 * 4), numbers("weight", 3 * 2 * 9)];
  const graph = makeGraph();
  const columns = neighbourhoods(input(graph, "x", [2, 6, 4, 1]), secondPixels);
  const program = await compileGraph({ y: gemm(constant(graph, weight, [3, 18]), columns) }, { threads: 1 });
  const { y } = await program.run({ x: { data: x, shape: [2, 6, 4, 1] } }).finally(() => program.dispose());
  const expected = convolve(x, [2, 6, 4], weight, 3);
  expect(y!.data).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) expect(y!.data[index]).toBeCloseTo(value, 5);
});

describe.each([1, 3])("with %i channels", (channels) => {
  const network = faultNetwork({ channels, width: 2 });
  const [height, width, count] = [32, 48, 2];

  function someParameters(): ParameterVectors {
    const vectors = packArrays(network.parameters, network.createParameters(randomKey("parameters")));
    for (const entry of layoutOf(network.parameters).entries) {
      // Norms and head start at zero, where a mistake would not show.
      if (!entry.name.endsWith("weight") || entry.name.startsWith("head")) {
        parameterData(entry, vectors).set(numbers(entry.name, entry.size, 0.3));
      }
    }
    return vectors;
  }

  test("settled on a batch, scoring computes the logits that training has for it", async () => {
    const parameters = someParameters();
    const images = numbers("images", count * channels * height * width);
    const shape = [count, channels, height, width];
    const training = makeGraph();
    const x = transpose(input(training, "images", shape), [1, 2, 3, 0]);
    const values = parameterInputs(training, network.parameters);
    const { entries, trainableSize } = layoutOf(network.parameters);
    const leaves = leavesOf(network.parameters, network.settle(values, x));
    const settling = Object.fromEntries(entries.map(({ name }, index) => [`settled ${name}`, leaves[index]!]));
    const trained = await compileGraph({ logits: network.logits(values, x), ...settling }, { threads: 1 });
    const given = Object.fromEntries(
      layoutOf(network.parameters).entries.map((entry) => [
        entry.name,
        { data: parameterData(entry, parameters), shape: entry.shape },
      ]),
    );
    const first = await trained.run({ ...given, images: { data: images, shape } }).finally(() => trained.dispose());

    const settled = { trainable: new Float32Array(trainableSize), fixed: parameters.fixed };
    for (const entry of entries) parameterData(entry, settled).set(first[`settled ${entry.name}`]!.data);

    const scoring = makeGraph();
    const logits = network.scoringLogits(scoring, settled, input(scoring, "images", shape));
    const scored = await compileGraph({ logits: reshape(logits, logits.shape) }, { threads: 1, weights: "constant" });
    const second = await scored.run({ images: { data: images, shape } }).finally(() => scored.dispose());

    expect(first.logits!.shape).toEqual([height / 8, width / 8, count]);
    expect(second.logits!.shape).toEqual([count, height / 8, width / 8]);
    const cells = (height * width) / 64;
    for (let cell = 0; cell < cells; cell++) {
      for (let image = 0; image < count; image++) {
        expect(second.logits!.data[image * cells + cell]).toBeCloseTo(first.logits!.data[cell * count + image]!, 3);
      }
    }
  });
});

test("a network for grey images has 0.29 million weights", () => {
  expect(layoutOf(faultNetwork({ channels: 1, width: 16 }).parameters).trainableSize).toBe(291_505);
});
