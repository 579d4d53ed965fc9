/** Outlier and margin loss: their values at the start and against their formulas. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { makeGlow } from "../../flow/index.ts";
import { constant, gradients, input, makeGraph } from "../../graph/index.ts";
import { constantValues, packArrays } from "../../nn/index.ts";
import { compileGraph, nodeEngine } from "../../runtime/index.ts";
import { compileLikelihoods } from "../likelihoods.ts";
import { compileMeasurer } from "../step.ts";
import { marginLikelihood, outlierLikelihood } from "./outliers.ts";

const flow = makeGlow({ channels: 1, height: 8, width: 8, scales: 2, depth: 2, hidden: 6 });
const parameters = packArrays(flow.parameters, flow.createParameters(randomKey("outliers")));
const batch = (name: string): Float32Array => {
  const stream = randomKey(name).stream();
  return Float32Array.from({ length: 64 * 5 }, () => 0.2 * stream.normal());
};
const [x, outliers] = [batch("x"), batch("y")];

async function measureObjective(objective: ReturnType<typeof outlierLikelihood>, reference?: Float32Array) {
  const measurer = await compileMeasurer(objective, 5, nodeEngine({ threads: 1 }));
  const inputs = { x, outliers, ...(reference ? { reference } : {}) };
  return measurer.measure(parameters, inputs).finally(() => measurer.dispose());
}

async function likelihoodsOf(data: Float32Array): Promise<number[]> {
  const likelihoods = await compileLikelihoods(flow, parameters, nodeEngine({ threads: 1 }));
  const values = await likelihoods.measure(data);
  await likelihoods.dispose();
  return Array.from(values);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("outlier loss", () => {
  test("with the general model's own weights is weight ln 2, besides the likelihood", async () => {
    const objective = outlierLikelihood(flow, { weight: 125, temperature: 20 });
    const { loss, measures } = await measureObjective(objective, Float32Array.from(await likelihoodsOf(outliers)));
    expect(measures.outlierLoss).toBeCloseTo(125 * Math.LN2, 4);
    expect(measures.outlierDifference).toBeCloseTo(0, 4);
    expect(measures.negativeLogLikelihood).toBeCloseTo(-mean(await likelihoodsOf(x)), 3);
    expect(loss).toBeCloseTo((measures.negativeLogLikelihood as number) + 125 * Math.LN2, 3);
  });

  test("follows its formula where the models differ", async () => {
    const own = await likelihoodsOf(outliers);
    const reference = own.map((value, index) => value + 30 * (index - 2));
    const { measures } = await measureObjective(
      outlierLikelihood(flow, { weight: 7, temperature: 20 }),
      Float32Array.from(reference),
    );
    const expected = own.map((value, index) => Math.log1p(Math.exp((value - reference[index]!) / 20)));
    expect(measures.outlierLoss).toBeCloseTo(7 * mean(expected), 3);
    expect(measures.outlierDifference).toBeCloseTo(0, 3);
  });
});

describe("margin loss", () => {
  test("follows its formula, pair by pair", async () => {
    const [own, other] = [await likelihoodsOf(x), await likelihoodsOf(outliers)];
    const margin = mean(own) - mean(other);
    const { measures } = await measureObjective(marginLikelihood(flow, { weight: 2, margin }));
    const expected = own.map((value, index) => Math.max(0, margin - value + other[index]!));
    expect(expected.filter((value) => value === 0).length).toBeGreaterThan(0);
    expect(measures.outlierLoss).toBeCloseTo(2 * mean(expected), 3);
    expect(measures.outlierDifference).toBeCloseTo(mean(other) - mean(own), 3);
  });

  test("has no gradient through the normal images", async () => {
    const graph = makeGraph();
    const values = constantValues(graph, flow.parameters, parameters);
    const { measures } = marginLikelihood(flow, { weight: 1, margin: 1e4 }).measure(values, {
      x: input(graph, "x", [1, 8, 8, 5]),
      outliers: constant(graph, outliers, [1, 8, 8, 5]),
    });
    const slope = gradients(measures.outlierLoss!, [graph.nodes.find(({ op }) => op === "input")!.outputs[0]!])[0]!;
    const program = await compileGraph({ slope }, { threads: 1 });
    const results = await program.run({ x: { data: x, shape: [1, 8, 8, 5] } });
    await program.dispose();
    expect(new Set(Array.from(results.slope!.data, Math.abs))).toEqual(new Set([0]));
  });
});
