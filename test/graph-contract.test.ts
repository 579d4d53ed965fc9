/** Every op against its contract: shape, numbers, gradient, repeatability, refusals. Generated from the sample table. */
import { beforeAll, describe, expect, test } from "vitest";
import { GraphError, ShapeError } from "../src/base/index.ts";
import { makeGraph, type OpName, opTable } from "../src/graph/index.ts";
import { batches, hasGradient, runSamples, type SampleRun } from "./reference/op-contract.ts";
import { errorCases } from "./reference/op-errors.ts";
import { samples } from "./reference/samples.ts";
import { tolerances } from "./reference/tolerances.ts";

const names = Object.keys(opTable) as OpName[];

/** `where: expectation, got value[; hint]`, in lower case where the sentence starts, without a full stop. */
const grammar = /^[\w ]+: expected .+, got .*[^.]$/;

test.each(names)("%s has samples", (op) => {
  expect(samples[op].length).toBeGreaterThan(0);
});

test.each(names)("%s has error cases", (op) => {
  expect(errorCases[op].length).toBeGreaterThan(0);
});

test.each(names.filter((op) => typeof opTable[op].gradient !== "function"))("%s says why it has no gradient", (op) => {
  expect(opTable[op].gradient).toEqual({ reason: expect.stringMatching(/^\w+ .+[^.]$/) });
});

describe.each(names)("%s", (op) => {
  const titles = samples[op].flatMap(({ name }) => batches.map((batch) => `${name}, N = ${batch}`));
  const smooth = samples[op]
    .filter((sample) => hasGradient(op, sample))
    .flatMap(({ name }) => batches.map((batch) => `${name}, N = ${batch}`));
  let runs = new Map<string, SampleRun>();
  beforeAll(async () => {
    runs = await runSamples(op);
  });

  test.each(titles)("declares the engine's shape: %s", (title) => {
    const { results } = runs.get(title)!;
    expect(results.map(({ engine }) => engine.shape)).toEqual(results.map(({ declared }) => declared));
  });

  test.each(titles)("gives the reference's numbers: %s", (title) => {
    for (const { engine, reference } of runs.get(title)!.results) {
      expect(engine.data).toBeAllclose(reference, tolerances.value);
    }
  });

  test.each(titles)("gives the same bits again: %s", (title) => {
    expect(runs.get(title)!.repeats).toBe(true);
  });

  if (smooth.length > 0) {
    test.each(smooth)("has the gradient of finite differences: %s", (title) => {
      const { expected, got } = runs.get(title)!.derivatives;
      expect(expected.length).toBeGreaterThan(0);
      expect(got).toBeAllclose(expected, tolerances.finiteDifference);
    });

    test.each(smooth)("the engine's gradient is the reference's: %s", (title) => {
      for (const { engine, reference } of runs.get(title)!.gradients) {
        expect(engine.data).toBeAllclose(reference, tolerances.gradient);
      }
    });
  }

  test.each(errorCases[op])("refuses $name", ({ build, match }) => {
    const thrown = thrownBy(() => build(makeGraph()));
    expect(thrown instanceof ShapeError || thrown instanceof GraphError, String(thrown)).toBe(true);
    expect((thrown as Error).message).toMatch(match);
    expect((thrown as Error).message).toMatch(grammar);
  });
});

function thrownBy(build: () => unknown): unknown {
  try {
    build();
  } catch (error) {
    return error;
  }
  return undefined;
}
