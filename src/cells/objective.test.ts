/** The outlier loss on cells: by hand where both flows are the same, by its formula away from there, and its gradient by finite differences. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { randomKey } from "../base/index.ts";
import { gradients, input, makeGraph } from "../graph/index.ts";
import { layoutOf, packArrays, unpackValues } from "../nn/index.ts";
import { cellFlow } from "./flow.ts";
import { cellLikelihoods, outlierCells, plainCells } from "./objective.ts";

const count = 2;
const flow = cellFlow({ channels: 1, depth: 1, hidden: 2 }, { height: 16, width: 8 });
const settings = { weight: 10, temperature: 1 / 3, symmetric: 0.3 };
const objective = outlierCells(flow, settings);
const layout = layoutOf(flow.parameters);
const drawn = packArrays(flow.parameters, flow.createParameters(randomKey("objective")));
const stream = randomKey("moved").stream();
const parameters = drawn.trainable.map((value) => Math.fround(value + 0.1 * stream.normal()));

const graph = makeGraph();
const trainable = input(graph, "trainable", [layout.trainableSize]);
const fixed = input(graph, "fixed", [layout.fixedSize]);
const shapes = objective.inputShapes(count);
const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(graph, name, shape)]));
const values = unpackValues(flow.parameters, trainable, fixed);
const { loss, measures } = objective.measure(values, inputs);
const likelihoods = cellLikelihoods(flow, values, inputs.x!);
const plain = plainCells(flow).measure(values, { x: inputs.x! }).loss;
const [gradient] = gradients(loss, [trainable]);

// Cells [2, 1, N]: the first image is clean, the second has a faulty cell and one that counts for nothing.
const batch = {
  x: normalNumbers(16 * 8 * count, "x"),
  labels: Float64Array.of(0, 1, 0, 0),
  weights: Float64Array.of(0.25, 0.5, 0.25, 0),
};
const numbers = (vector: ArrayLike<number>, reference: ArrayLike<number>) => ({
  ...batch,
  reference: Float64Array.from(reference),
  trainable: Float64Array.from(vector),
  fixed: Float64Array.from(drawn.fixed),
});
const [own] = evaluate([likelihoods], numbers(parameters, [0, 0, 0, 0]), 1);

test("where both flows say the same, faulty cells cost weight ln 2 and clean ones symmetric times that", () => {
  const { likelihood, outlierLoss, cleanLoss } = measures;
  const results = evaluate([loss, likelihood!, outlierLoss!, cleanLoss!], numbers(parameters, own!), 1);
  const [total, negative, faulty, clean] = results.map((values) => values[0]!) as [number, number, number, number];
  expect(faulty).toBeCloseTo(10 * Math.LN2, 5);
  expect(clean).toBeCloseTo(3 * Math.LN2, 5);
  expect(negative).toBeCloseTo(-(own![0]! + own![2]!) / 2 / 64, 9);
  expect(total).toBeCloseTo(negative + faulty + clean, 9);
});

test("the plain flow's loss is the mean over all cells, in nats a dimension", () => {
  const sum = own!.reduce((total, value) => total + value, 0);
  expect(evaluate([plain], numbers(parameters, own!), 1)[0]![0]).toBeCloseTo(-sum / 4 / 64, 9);
});

describe("where they differ", () => {
  const differences = [40, -150, -10, 7];
  const given = numbers(
    parameters,
    own!.map((value, cell) => value - differences[cell]!),
  );

  test("the loss is what the formula says, with the floor five temperatures below", () => {
    const softplus = (t: number): number => Math.log1p(Math.exp(t));
    const temperature = 64 / 3;
    const penalty = (d: number): number => softplus(d / temperature) + Math.log1p(Math.max(0, -5 - d / temperature));
    const expected = -(own![0]! + own![2]!) / 2 / 64 + 10 * penalty(-150) + (3 * (penalty(-40) + penalty(10))) / 2;
    expect(evaluate([loss], given, 1)[0]![0]).toBeCloseTo(expected, 5);
  });

  test("the gradient agrees with finite differences in random directions", () => {
    const [slopes] = evaluate([gradient!], given, 1);
    for (const name of ["first", "second", "third"]) {
      const numbersOf = randomKey(name).stream();
      const direction = Float64Array.from(parameters, () => numbersOf.normal());
      const at = (amount: number): number => {
        const trainable = Float64Array.from(parameters, (value, index) => value + amount * direction[index]!);
        return evaluate([loss], { ...given, trainable }, 1)[0]![0]!;
      };
      const expected = (at(1e-6) - at(-1e-6)) / 2e-6;
      const got = slopes!.reduce((sum, value, index) => sum + value * direction[index]!, 0);
      expect(Math.abs(got)).toBeGreaterThan(1e-3);
      expect([got]).toBeAllclose([expected], { relative: 1e-4, absolute: 1e-6 });
    }
  });
});
