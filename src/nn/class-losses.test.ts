/** Losses over classes: against their formulas in float64, at their known values, and their gradients. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { differenceGradient, normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { freeBatch, ShapeError } from "../base/index.ts";
import { gradients, input, makeGraph, type Value } from "../graph/index.ts";
import {
  crossEntropy,
  labelledNegativeLogLikelihood,
  ofLabels,
  outlierExposureWeight,
  uniformCrossEntropy,
  wrongClassLoss,
} from "./index.ts";

// Powers of two, so that the graph's float32 constants such as 1/(K N) are exact and float64 tolerances hold.
const [count, batch] = [4, 8];
const labels = [2, 0, 1, 0, 3, 3, 1, 0];
const oneHot = Float64Array.from({ length: count * batch }, (_, index) =>
  labels[index % batch] === Math.floor(index / batch) ? 1 : 0,
);
const options = { weight: 6000, temperature: 1000 };
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

interface Numbers {
  readonly rows: Float64Array;
  readonly general: Float64Array;
}

/** Every loss: built, and by its formula with plain loops over numbers. */
const losses: Record<
  string,
  { build: (rows: Value, labels: Value, general: Value) => Value; formula: (numbers: Numbers) => number }
> = {
  crossEntropy: {
    build: (rows, labels) => crossEntropy(rows, labels),
    formula: ({ rows }) => mean(labels.map((label, n) => -logProbabilities(rows, n)[label]!)),
  },
  uniformCrossEntropy: {
    build: (rows) => uniformCrossEntropy(rows),
    formula: ({ rows }) => mean(labels.map((_, n) => -mean(logProbabilities(rows, n)))),
  },
  wrongClassLoss: {
    build: (rows, labels, general) => wrongClassLoss(rows, general, labels, options),
    formula: ({ rows, general }) => {
      const terms = labels.flatMap((label, n) =>
        column(rows, n).map((row, c) => (c === label ? 0 : softplus((row - general[n]!) / options.temperature))),
      );
      return options.weight * mean(terms);
    },
  },
  labelledNegativeLogLikelihood: {
    build: (rows, labels) => labelledNegativeLogLikelihood(rows, labels),
    formula: ({ rows }) => mean(labels.map((label, n) => -column(rows, n)[label]!)),
  },
};

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function column(rows: Float64Array, n: number): number[] {
  return Array.from({ length: count }, (_, row) => rows[row * batch + n]!);
}

function logProbabilities(rows: Float64Array, n: number): number[] {
  const logits = column(rows, n);
  const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
  return logits.map((logit) => logit - sum);
}

function build(name: string) {
  const graph = makeGraph();
  const rows = input(graph, "rows", [count, batch]);
  const general = input(graph, "general", [batch]);
  return { rows, loss: losses[name]!.build(rows, input(graph, "labels", [count, batch]), general) };
}

/** Differences of about one temperature for the loss that has one. */
function numbersFor(name: string) {
  const scale = name === "wrongClassLoss" ? 1000 : 1;
  const draw = (size: number, label: string) => normalNumbers(size, label).map((value) => scale * value);
  return { rows: draw(count * batch, "rows"), general: draw(batch, "general"), labels: oneHot };
}

describe.each(Object.keys(losses))("%s", (name) => {
  test("is its formula", () => {
    const numbers = numbersFor(name);
    const [got] = evaluate([build(name).loss], numbers, 1);
    expect([...got!]).toBeAllclose([losses[name]!.formula(numbers)], tolerances.double);
  });

  test("has the gradient of finite differences", () => {
    const { rows, loss } = build(name);
    const numbers = numbersFor(name);
    const [got] = evaluate(gradients(loss, [rows]), numbers, 1);
    // Rows of about 1000 are differentiated with a step of the same share of them.
    const step = name === "wrongClassLoss" ? 1e-2 : 1e-5;
    expect(got).toBeAllclose(differenceGradient(loss, "rows", numbers, 1, step), tolerances.finiteDifference);
  });
});

test("a classifier that cannot tell has cross-entropy ln K, to the labels and to the uniform distribution", () => {
  const numbers = { ...numbersFor("crossEntropy"), rows: new Float64Array(count * batch).fill(5) };
  const values = ["crossEntropy", "uniformCrossEntropy"].map(
    (name) => evaluate([build(name).loss], numbers, 1)[0]![0]!,
  );
  expect(values).toBeAllclose([Math.log(count), Math.log(count)], tolerances.double);
});

test("the wrong-class loss is lambda (K - 1)/K ln 2 where classes and general model agree", () => {
  const numbers = { rows: new Float64Array(count * batch), general: new Float64Array(batch), labels: oneHot };
  const [got] = evaluate([build("wrongClassLoss").loss], numbers, 1);
  expect([...got!]).toBeAllclose([(6000 * 3 * Math.LN2) / 4], tolerances.double);
});

test("the wrong-class loss pushes a class back that fell more than five temperatures below the general model", () => {
  const { rows, loss } = build("wrongClassLoss");
  const slopesAt = (level: number) => {
    const numbers = {
      rows: new Float64Array(count * batch).fill(level),
      general: new Float64Array(batch),
      labels: oneHot,
    };
    return evaluate(gradients(loss, [rows]), numbers, 1)[0]!.filter((_, index) => oneHot[index] === 0);
  };
  for (const slope of slopesAt(-4900)) expect(slope).toBeGreaterThan(0);
  for (const slope of slopesAt(-5100)) expect(slope).toBeLessThan(0);
});

test("the wrong-class loss does not touch the right classes", () => {
  const { rows, loss } = build("wrongClassLoss");
  const [got] = evaluate(gradients(loss, [rows]), numbersFor("wrongClassLoss"), 1);
  const touched = got!.map((slope) => (slope === 0 ? 1 : 0));
  expect(touched).toEqual(oneHot);
});

test("outlier exposure weighs half", () => {
  expect(outlierExposureWeight).toBe(0.5);
});

test.each([
  ["labels of another shape", /ofLabels: expected one-hot labels \[3,4\], got \[3,5\]/],
  ["general log-likelihoods of another number", /wrongClassLoss: expected 4 general log-likelihoods, got \[5\]/],
  ["an unknown batch size", /crossEntropy: expected a known dimension, got N/],
] as const)("%s are refused", (name, message) => {
  const graph = makeGraph();
  const rows = input(graph, "rows", [3, 4]);
  const wrong: Record<string, () => Value> = {
    "labels of another shape": () => ofLabels(rows, input(graph, "labels", [3, 5])),
    "general log-likelihoods of another number": () =>
      wrongClassLoss(rows, input(graph, "general", [5]), input(graph, "labels", [3, 4]), options),
    "an unknown batch size": () => {
      const free = input(graph, "free", [3, freeBatch]);
      return crossEntropy(free, free);
    },
  };
  expect(wrong[name]).toThrow(ShapeError);
  expect(wrong[name]).toThrow(message);
});
