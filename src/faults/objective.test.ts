/** The loss of the fault network: where it starts, its float32 numbers and gradients against float64, and that it learns. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { randomKey } from "../base/index.ts";
import { gradients, input, makeGraph } from "../graph/index.ts";
import { layoutOf, packArrays, unpackValues } from "../nn/index.ts";
import { compileGraph } from "../runtime/index.ts";
import { faultNetwork } from "./network.ts";
import { faultDetection } from "./objective.ts";

const side = 16;
const count = 2;
const network = faultNetwork({ channels: 1, width: 1 });
const objective = faultDetection(network, side);
const layout = layoutOf(network.parameters);
const fresh = packArrays(network.parameters, network.createParameters(randomKey("objective")));
const moved = fresh.trainable.map((value, index) => Math.fround(value + 0.3 * Math.sin(12.9898 * (index + 1))));
const batch = {
  x: normalNumbers(side * side * count, "x"),
  labels: Float64Array.of(0, 1, 0, 0, 1, 1, 0, 1),
  weights: Float64Array.of(0.125, 0.25, 0.125, 0, 0.125, 0.125, 0.125, 0.125),
};

const graph = makeGraph();
const trainable = input(graph, "trainable", [layout.trainableSize]);
const fixed = input(graph, "fixed", [0]);
const shapes = objective.inputShapes(count);
const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(graph, name, shape)]));
const { loss } = objective.measure(unpackValues(network.parameters, trainable, fixed), inputs);
const [gradient] = gradients(loss, [trainable]);
const numbers = (vector: ArrayLike<number>) => ({
  ...batch,
  trainable: Float64Array.from(vector),
  fixed: new Float64Array(0),
});

test("a fresh network's loss is ln 2 where the weights add up to 1", () => {
  const sum = batch.weights.reduce((total, weight) => total + weight, 0);
  expect(evaluate([loss], numbers(fresh.trainable), 1)[0]![0]).toBeCloseTo(sum * Math.LN2, 12);
});

describe("away from initialisation", () => {
  test("loss and gradient agree with float64", async () => {
    const program = await compileGraph({ loss, gradient: gradient! }, { threads: 1 });
    const given = Object.fromEntries(
      Object.entries(batch).map(([name, data]) => [name, { data: Float32Array.from(data), shape: shapes[name]! }]),
    );
    const results = await program
      .run({
        ...given,
        trainable: { data: moved, shape: [layout.trainableSize] },
        fixed: { data: new Float32Array(0), shape: [0] },
      })
      .finally(() => program.dispose());
    const [expectedLoss, expectedGradient] = evaluate([loss, gradient!], numbers(moved), 1);
    expect(results.loss!.data).toBeAllclose(expectedLoss!, tolerances.network);
    expect(results.gradient!.data).toBeAllclose(expectedGradient!, tolerances.network);
  });

  test.each(layout.entries)("the gradient for $name agrees with a finite difference", (entry) => {
    const stream = randomKey("direction").fold(entry.name).stream();
    const direction = Float64Array.from({ length: layout.trainableSize }, (_, index) =>
      index >= entry.offset && index < entry.offset + entry.size ? stream.normal() : 0,
    );
    const step = 1e-6;
    const at = (amount: number): number => {
      const vector = Float64Array.from(moved, (value, index) => value + amount * direction[index]!);
      return evaluate([loss], numbers(vector), 1)[0]![0]!;
    };
    const expected = (at(step) - at(-step)) / (2 * step);
    const [slopes] = evaluate([gradient!], numbers(moved), 1);
    const got = slopes!.reduce((sum, value, index) => sum + value * direction[index]!, 0);
    expect(Math.abs(got)).toBeGreaterThan(1e-6);
    expect([got]).toBeAllclose([expected], { relative: 1e-4, absolute: 1e-7 });
  });
});
