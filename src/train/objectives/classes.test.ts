/** Objectives of the supervised setting: against plain numbers in float64, and their values at the start. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { classConditional, type Flow, makeGlow } from "../../flow/index.ts";
import { constant, makeGraph } from "../../graph/index.ts";
import { constantValues, type ParameterVectors, packArrays, residualNetwork } from "../../nn/index.ts";
import { compileGraph, nodeEngine } from "../../runtime/index.ts";
import { compileLikelihoods } from "../likelihoods.ts";
import { compileMeasurer } from "../step.ts";
import { classification, classLikelihood, classOutlierLikelihood } from "./classes.ts";
import type { Objective } from "./objective.ts";

const [classCount, count] = [3, 5];
const inputShape = { channels: 1, height: 8, width: 8 };
const flow: Flow = makeGlow({ ...inputShape, scales: 2, depth: 2, hidden: 6 });
const top = classConditional(flow, classCount);
const fresh = packArrays(top.parameters, top.createParameters(randomKey("classes")));
const stream = randomKey("moved").stream();
const moved: ParameterVectors = { ...fresh, trainable: fresh.trainable.map((value) => value + 0.1 * stream.normal()) };
const general: ParameterVectors = {
  trainable: fresh.trainable.subarray(
    0,
    packArrays(flow.parameters, flow.createParameters(randomKey(0))).trainable.length,
  ),
  fixed: fresh.fixed,
};

const batch = (name: string): Float32Array => {
  const numbers = randomKey(name).stream();
  return Float32Array.from({ length: 64 * count }, () => 0.2 * numbers.normal());
};
const [x, outliers] = [batch("x"), batch("y")];
const classes = [2, 0, 1, 1, 0];
const labels = Float32Array.from({ length: classCount * count }, (_, index) =>
  classes[index % count] === Math.floor(index / count) ? 1 : 0,
);

async function measure(objective: Objective, parameters: ParameterVectors, inputs: Record<string, Float32Array>) {
  const measurer = await compileMeasurer(objective, count, nodeEngine({ threads: 1 }));
  return measurer.measure(parameters, { x, labels, ...inputs }).finally(() => measurer.dispose());
}

async function generalLikelihoods(data: Float32Array): Promise<Float32Array> {
  const likelihoods = await compileLikelihoods(flow, general, nodeEngine({ threads: 1 }));
  return likelihoods.measure(data).finally(() => likelihoods.dispose());
}

/** log p(x|c) of some data, a list for every image. */
async function classLikelihoods(parameters: ParameterVectors, data: Float32Array): Promise<number[][]> {
  const graph = makeGraph();
  const values = constantValues(graph, top.parameters, parameters);
  const result = top.normalize(values, constant(graph, data, [1, 8, 8, count]));
  const program = await compileGraph({ classes: result.classes }, { threads: 1 });
  const rows = (await program.run({})).classes!.data;
  await program.dispose();
  return Array.from({ length: count }, (_, n) => Array.from({ length: classCount }, (_, c) => rows[c * count + n]!));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const softplus = (value: number): number => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
const penalty = (t: number): number => softplus(t) + Math.log1p(Math.max(0, -5 - t));

function marginal(row: readonly number[]): number {
  const most = Math.max(...row);
  return most + Math.log(mean(row.map((value) => Math.exp(value - most))));
}

const shareRight = (rows: readonly (readonly number[])[]): number =>
  mean(rows.map((row, n) => (row.every((value, c) => c === classes[n] || value < row[classes[n]!]!) ? 1 : 0)));

describe("a class-conditional flow", () => {
  test("minimises the likelihood of the right classes and reports the marginal", async () => {
    const rows = await classLikelihoods(moved, x);
    const { loss, measures } = await measure(classLikelihood(top), moved, {});
    expect(loss).toBeCloseTo(-mean(rows.map((row, n) => row[classes[n]!]!)), 2);
    expect(measures.classNegativeLogLikelihood).toBe(loss);
    expect(measures.negativeLogLikelihood).toBeCloseTo(-mean(rows.map(marginal)), 2);
    expect(mean(measures.terms as number[]) * -2).toBeCloseTo(measures.negativeLogLikelihood as number, 2);
    expect(measures.classAccuracy).toBeCloseTo(shareRight(rows), 6);
    expect(shareRight(rows)).toBeGreaterThan(0);
    expect(shareRight(rows)).toBeLessThan(1);
  });

  test("with outliers follows the formula of both losses", async () => {
    const settings = { weight: 40, temperature: 30 };
    const shift = (values: Float32Array) => values.map((value, index) => value + 60 * (index - 2));
    const [normalReference, reference] = [
      shift(await generalLikelihoods(x)),
      shift(await generalLikelihoods(outliers)),
    ];
    const [own, others] = [await classLikelihoods(moved, x), await classLikelihoods(moved, outliers)];
    const { loss, measures } = await measure(classOutlierLikelihood(top, settings), moved, {
      outliers,
      reference,
      normalReference,
    });
    const wrong = own.flatMap((row, n) =>
      row.map((value, c) => (c === classes[n] ? 0 : penalty((value - normalReference[n]!) / 30))),
    );
    const differences = others.map((row, n) => marginal(row) - reference[n]!);
    expect(measures.wrongClassLoss).toBeCloseTo(40 * mean(wrong), 2);
    expect(measures.outlierLoss).toBeCloseTo(40 * mean(differences.map((value) => penalty(value / 30))), 2);
    expect(measures.outlierDifference).toBeCloseTo(mean(differences), 2);
    const { classNegativeLogLikelihood, wrongClassLoss, outlierLoss } = measures as Record<string, number>;
    expect(loss).toBeCloseTo(classNegativeLogLikelihood! + wrongClassLoss! + outlierLoss!, 2);
  });

  test("with the general model's own weights and zero classes: weight ln 2 and weight (K - 1)/K ln 2", async () => {
    const objective = classOutlierLikelihood(top, { weight: 125, temperature: 20 });
    const { measures } = await measure(objective, fresh, {
      outliers,
      reference: await generalLikelihoods(outliers),
      normalReference: await generalLikelihoods(x),
    });
    expect(measures.outlierLoss).toBeCloseTo(125 * Math.LN2, 3);
    expect(measures.wrongClassLoss).toBeCloseTo((125 * Math.LN2 * 2) / 3, 3);
    expect(measures.outlierDifference).toBeCloseTo(0, 3);
    // Where all classes are equally likely, none is found.
    expect(measures.classAccuracy).toBe(0);
  });
});

describe("a classifier", () => {
  const classifier = residualNetwork({ ...inputShape, hidden: 4, blocks: 1, classCount });
  const drawn = packArrays(classifier.parameters, classifier.createParameters(randomKey("classifier")));
  const parameters = { ...drawn, trainable: drawn.trainable.map((value) => value + 0.2 * stream.normal()) };

  async function logProbabilities(data: Float32Array): Promise<number[][]> {
    const graph = makeGraph();
    const values = constantValues(graph, classifier.parameters, parameters);
    const logits = classifier.logits(values, constant(graph, data, [1, 8, 8, count]));
    const program = await compileGraph({ logits }, { threads: 1 });
    const rows = (await program.run({})).logits!.data;
    await program.dispose();
    return Array.from({ length: count }, (_, n) => {
      const row = Array.from({ length: classCount }, (_, c) => rows[c * count + n]!);
      const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      return row.map((value) => value - total);
    });
  }

  test("minimises the cross-entropy", async () => {
    const rows = await logProbabilities(x);
    const { loss, measures } = await measure(classification(classifier, inputShape, false), parameters, {});
    expect(loss).toBeCloseTo(-mean(rows.map((row, n) => row[classes[n]!]!)), 4);
    expect(measures).toEqual({ crossEntropy: loss, accuracy: expect.closeTo(shareRight(rows), 6) });
  });

  test("exposed, adds half the uniform cross-entropy of outliers", async () => {
    const [own, others] = [await logProbabilities(x), await logProbabilities(outliers)];
    const { loss, measures } = await measure(classification(classifier, inputShape, true), parameters, { outliers });
    const uniform = -mean(others.flat());
    expect(measures.crossEntropy).toBeCloseTo(-mean(own.map((row, n) => row[classes[n]!]!)), 4);
    expect(measures.uniformCrossEntropy).toBeCloseTo(uniform, 4);
    expect(loss).toBeCloseTo((measures.crossEntropy as number) + 0.5 * uniform, 4);
  });
});
