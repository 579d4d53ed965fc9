/** Sums over classes in logarithms: against float64, at sizes where exponentials overflow, and their gradients. */
import { expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { differenceGradient, normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { freeBatch, ShapeError } from "../base/index.ts";
import { gradients, input, makeGraph, multiply, reduceSum } from "../graph/index.ts";
import { compileGraph } from "../runtime/index.ts";
import { logSoftmax, logSumExp, softmax } from "./index.ts";

const functions = { logSumExp, logSoftmax, softmax };
const [count, batch] = [3, 4];
const entry = (rows: ArrayLike<number>, row: number, column: number) => rows[row * batch + column]!;

/** log sum_c e^(x_c) of every column, in float64. */
function expectedLogSums(rows: ArrayLike<number>): number[] {
  return Array.from({ length: batch }, (_, column) => {
    const scores = Array.from({ length: count }, (_, row) => entry(rows, row, column));
    const largest = Math.max(...scores);
    return largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0));
  });
}

async function run(numbers: Float64Array): Promise<Record<keyof typeof functions, Float32Array>> {
  const graph = makeGraph();
  const x = input(graph, "x", [count, freeBatch]);
  const program = await compileGraph(
    { logSumExp: logSumExp(x), logSoftmax: logSoftmax(x), softmax: softmax(x) },
    { threads: 1 },
  );
  const results = await program.run({ x: { data: Float32Array.from(numbers), shape: [count, batch] } });
  await program.dispose();
  expect(results.logSumExp!.shape).toEqual([1, batch]);
  const data = (name: keyof typeof functions) => results[name]!.data as Float32Array;
  return { logSumExp: data("logSumExp"), logSoftmax: data("logSoftmax"), softmax: data("softmax") };
}

test.each([
  ["of size one", normalNumbers(count * batch, "rows")],
  ["of the size of log-likelihoods", normalNumbers(count * batch, "rows").map((value) => Math.fround(9000 * value))],
  ["that are all equal", new Float64Array(count * batch).fill(-8192)],
])("agree with float64 for rows %s", async (_name, numbers) => {
  const sums = expectedLogSums(numbers);
  const results = await run(numbers);
  const logarithms = numbers.map((value, index) => value - sums[index % batch]!);
  expect(results.logSumExp).toBeAllclose(sums, tolerances.value);
  expect(results.logSoftmax).toBeAllclose(logarithms, tolerances.value);
  expect(results.softmax).toBeAllclose(logarithms.map(Math.exp), tolerances.value);
});

test("probabilities of a column sum to one", async () => {
  const { softmax: rows } = await run(normalNumbers(count * batch, "one").map((value) => 20 * value));
  const sums = Array.from({ length: batch }, (_, column) =>
    Array.from({ length: count }, (_, row) => entry(rows, row, column)).reduce((sum, value) => sum + value, 0),
  );
  expect(sums).toBeAllclose([1, 1, 1, 1], tolerances.value);
});

test("the gradient of logSumExp is softmax", () => {
  const x = input(makeGraph(), "x", [count, batch]);
  const [gradient] = gradients(reduceSum(logSumExp(x)), [x]);
  const [got, expected] = evaluate([gradient!, softmax(x)], { x: normalNumbers(count * batch, "slope") }, 1);
  expect(got).toBeAllclose(expected!, tolerances.double);
});

test.each(Object.entries(functions))("the gradient of %s agrees with finite differences", (_name, build) => {
  const graph = makeGraph();
  const x = input(graph, "x", [count, batch]);
  const made = build(x);
  const loss = reduceSum(multiply(made, input(graph, "weight", made.shape)));
  const size = made.shape.reduce<number>((product, dimension) => product * (dimension as number), 1);
  const numbers = { x: normalNumbers(count * batch, "difference"), weight: normalNumbers(size, "weight") };
  const [got] = evaluate(gradients(loss, [x]), numbers, 1);
  expect(got).toBeAllclose(differenceGradient(loss, "x", numbers), tolerances.finiteDifference);
});

test.each(Object.entries(functions))("%s refuses anything but a matrix", (_name, build) => {
  const x = input(makeGraph(), "x", [2, 3, 4]);
  expect(() => build(x)).toThrow(ShapeError);
  expect(() => build(x)).toThrow("softmax: expected [classes, N], got [2,3,4]");
});
