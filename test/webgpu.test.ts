/**
 * WebGPU against the float64 reference and the CPU, with no operator falling back: every op, a training step of every architecture and
 * objective, scoring and sampling. Needs a device that `outglow doctor` finds working; a driver that computes on the CPU will do.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type Architecture, architectures, randomKey } from "../src/base/index.ts";
import { sampleImages, scoringModel } from "../src/detector/index.ts";
import { classConditional, defaultSizes, type Flow, makeFlow, makeGlow } from "../src/flow/index.ts";
import { input, makeGraph, type OpName, opTable } from "../src/graph/index.ts";
import { packArrays, residualNetwork } from "../src/nn/index.ts";
import { adam, adamax } from "../src/optim/index.ts";
import { compileGraph, loadProgram, nodeEngine } from "../src/runtime/index.ts";
import {
  adaptToData,
  classification,
  classOutlierLikelihood,
  compileStep,
  marginLikelihood,
  maximumLikelihood,
  type Objective,
  outlierLikelihood,
  zeroState,
} from "../src/train/index.ts";
import { runOutglow } from "./command.ts";
import { evaluateGolden } from "./reference/golden.ts";
import { runSamples, type SampleRun } from "./reference/op-contract.ts";
import type { OpSample } from "./reference/sample-kinds.ts";
import { tolerances } from "./reference/tolerances.ts";

interface Finding {
  readonly works: boolean;
  readonly detail: string;
}

const { stdout } = await runOutglow(".", "doctor", "--device", "webgpu", "--json");
const { works, detail } = JSON.parse(stdout) as Finding;
if (!works) process.stdout.write(`test/webgpu.test.ts is skipped: ${detail}\n`);

const cpu = { threads: 1, device: "cpu" } as const;
const webgpu = { threads: 1, device: "webgpu" } as const;

/** What WebGPU cannot copy or move: pixels and masks as such. No program of Outglow asks for it; they become numbers first. */
const lacking: { readonly [K in OpName]?: readonly string[] } = {
  input: ["uint8 [N,2]", "bool [3]"],
  transpose: ["uint8 [N,2]"],
};
const has = (op: OpName) => (sample: OpSample) => !lacking[op]?.includes(sample.name);

describe.skipIf(!works)("WebGPU", () => {
  describe.each(Object.keys(opTable) as OpName[])("%s", (op) => {
    let runs: ReadonlyMap<string, SampleRun> = new Map();
    beforeAll(async () => {
      runs = await runSamples(op, { engine: webgpu, choose: has(op), differences: false });
    }, 300_000);

    test("gives the reference's numbers, gradients, and the same bits again", () => {
      expect(runs.size).toBeGreaterThan(0);
      for (const { results, gradients, repeats } of runs.values()) {
        for (const { declared, engine, reference } of results) {
          expect(engine.shape).toEqual(declared);
          expect(engine.data).toBeAllclose(reference, tolerances.device);
        }
        for (const { engine, reference } of gradients) expect(engine.data).toBeAllclose(reference, tolerances.device);
        expect(repeats).toBe(true);
      }
    });
  });

  test("an operator that it lacks is an error, not a detour", async () => {
    const pixels = input(makeGraph(), "pixels", [2], "uint8");
    await expect(compileGraph({ copy: pixels }, webgpu)).rejects.toThrow(/^device webgpu: expected .* operators/);
  });

  test("results go into the buffers that are given", async () => {
    const graph = makeGraph();
    const program = await compileGraph({ copy: input(graph, "x", [3]) }, webgpu);
    const copy = { data: new Float32Array(3), shape: [3] };
    const results = await program.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3] } }, { copy });
    await program.dispose();
    expect(results.copy).toBe(copy);
    expect([...copy.data]).toEqual([1, 2, 3]);
  });

  test("the terms and the gradient of a golden fixture are the CPU's", async () => {
    const [expected, got] = await onBoth((engine) => evaluateGolden("glow-grey-8", engine));
    for (const [name, { data }] of Object.entries(expected.result)) {
      expect(got.result[name]!.data).toBeAllclose(data, tolerances.network);
    }
  }, 300_000);

  describe.each(architectures)("a small %s flow", (architecture) => {
    test("starts, trains, scores and draws as on the CPU", () => compareFlow(architecture), 300_000);
  });

  test.each(Object.keys(objectives))(
    "a step of %s is as on the CPU",
    async (name) => {
      const objective = objectives[name]!();
      const key = randomKey("objectives");
      const { model } = objective;
      const parameters = packArrays(model.parameters, model.createParameters(key));
      const labels = Float32Array.from({ length: classCount * batchSize }, (_, index) => (index < batchSize ? 1 : 0));
      const inputs = {
        x: noise(key, batchSize),
        outliers: noise(key.fold("outliers"), batchSize),
        labels,
        reference: Float32Array.of(-300, -200, -100, 0),
        normalReference: Float32Array.of(0, -100, -200, -300),
      };
      const [expected, got] = await onBoth((engine) => trainBriefly(objective, parameters, inputs, adamax, 1, engine));
      expect(got).toBeAllclose(expected, tolerances.network);
    },
    300_000,
  );
});

const shape = { channels: 3, height: 8, width: 8 };
const batchSize = 4;
/** More than one Split has pieces. */
const classCount = 9;

/** What a step can minimise, besides a flow's own likelihood. */
const objectives: Readonly<Record<string, () => Objective>> = {
  "the outlier loss": () => outlierLikelihood(smallGlow(), { weight: 5, temperature: 20 }),
  "the margin loss": () => marginLikelihood(smallGlow(), { weight: 2, margin: 100 }),
  "classes and the outlier loss": () =>
    classOutlierLikelihood(classConditional(smallGlow(), classCount), { weight: 5, temperature: 20 }),
  "a classifier that sees outliers": () =>
    classification(residualNetwork({ ...shape, hidden: 8, blocks: 1, classCount }), shape, true),
};

function smallGlow(): Flow {
  return makeGlow({ ...shape, scales: 2, depth: 1, hidden: 8 });
}

function noise(key: ReturnType<typeof randomKey>, count: number): Float32Array {
  const stream = key.fold("noise").fold(count).stream();
  return Float32Array.from(
    { length: shape.channels * shape.height * shape.width * count },
    () => stream.uniform() - 0.5,
  );
}

type Engine = typeof cpu | typeof webgpu;

async function onBoth<T>(compute: (engine: Engine) => Promise<T>): Promise<[T, T]> {
  return [await compute(cpu), await compute(webgpu)];
}

/** Some steps: losses and gradient norms, then the parameters. */
async function trainBriefly(
  objective: Objective,
  parameters: Parameters<typeof zeroState>[0],
  batch: Readonly<Record<string, Float32Array>>,
  optimizer: typeof adamax,
  steps: number,
  engine: Engine,
): Promise<Float32Array> {
  const update = { optimizer, weightDecay: 5e-5, clipNorm: 50 };
  const start = zeroState(parameters, update);
  const step = await compileStep(objective, batchSize, start, update, nodeEngine(engine));
  const reports: number[] = [];
  for (let count = 1; count <= steps; count++) {
    const { loss, gradientNorm, applied } = await step.run(batch, optimizer.scalars(1e-3, count));
    expect(applied).toBe(true);
    reports.push(loss, gradientNorm);
  }
  const { trainable } = step.state().parameters;
  const all = Float32Array.of(...reports, ...trainable);
  await step.dispose();
  return all;
}

async function compareFlow(architecture: Architecture): Promise<void> {
  const scales = architecture === "glow" ? 2 : Math.min(1, defaultSizes(architecture).scales);
  const flow = makeFlow({ ...shape, architecture, scales, depth: 2, hidden: 8 });
  const key = randomKey(architecture);
  const drawn = packArrays(flow.parameters, flow.createParameters(key));
  const [parameters, adapted] = await onBoth((engine) => adaptToData(flow, drawn, noise(key, 16), nodeEngine(engine)));
  expect(adapted.trainable).toBeAllclose(parameters.trainable, tolerances.network);

  for (const optimizer of architecture === "glow" ? [adamax, adam] : [adamax]) {
    const batch = { x: noise(key, batchSize) };
    const objective = maximumLikelihood(flow);
    const [expected, got] = await onBoth((engine) => trainBriefly(objective, parameters, batch, optimizer, 3, engine));
    expect(got).toBeAllclose(expected, tolerances.network);
  }

  const stream = key.fold("pixels").stream();
  const data = Uint8Array.from({ length: noise(key, 5).length }, () => stream.integer(256));
  const images = { data, shape: [5, shape.channels, shape.height, shape.width] };
  const [scores, others] = await onBoth(async (engine) => {
    const program = await loadProgram(scoringModel(flow, parameters), engine);
    const { terms } = await program.run({ images });
    await program.dispose();
    return terms!.data;
  });
  expect(others).toBeAllclose(scores, tolerances.network);

  // Pixel after pixel, one that falls to the other side changes all behind it.
  if (!flow.generate) return;
  const how = { count: 2, temperature: 0.7, key };
  const [drawings, redrawn] = await onBoth((engine) => sampleImages(flow, parameters, how, nodeEngine(engine)));
  // Pixels: rounding may fall to the other side.
  expect(redrawn).toBeAllclose(drawings, { relative: 0, absolute: 1 });
}
