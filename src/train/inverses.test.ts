/** Gradients by inverses: how near they are to others, what they keep, and what becomes of a training whose inverses are too far off. */
import { describe, expect, test } from "vitest";
import { peakBytes } from "../../test/reference/liveness.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { trainingWith } from "../../test/reference/training.ts";
import { type ImageShape, randomKey } from "../base/index.ts";
import { classConditional, type FlowConfiguration, makeFlow } from "../flow/index.ts";
import { gradients, input, makeGraph, printGraph, type Value } from "../graph/index.ts";
import { layoutOf, leavesOf, type ParameterVectors, packArrays, parameterData, parameterInputs } from "../nn/index.ts";
import { adamax } from "../optim/index.ts";
import { type Buffer, nodeEngine } from "../runtime/index.ts";
import {
  type BatchSource,
  type Checkpoint,
  classLikelihood,
  compileStep,
  type LoopInput,
  maximumLikelihood,
  type Objective,
  outlierLikelihood,
  trainModel,
  zeroState,
} from "./index.ts";
import { recomputationFor } from "./memory.ts";
import { compileStepOnce, mostInversionError } from "./step.ts";

const engine = nodeEngine({ threads: 1 });
const shape = { channels: 1, height: 8, width: 8 };
const batch = 6;

const size: FlowConfiguration = { ...shape, architecture: "glow", scales: 2, depth: 2, hidden: 8 };

/** Slow waves with noise of some levels. */
function waves({ channels, height, width }: ImageShape, count: number, key: string): Float32Array {
  const stream = randomKey(key).stream();
  const phases = Array.from({ length: count }, () => 6 * stream.uniform());
  return Float32Array.from({ length: channels * height * width * count }, (_, index) => {
    const [place, image] = [Math.floor(index / count), index % count];
    return Math.sin(place / 9 + phases[image]!) + 0.1 * stream.normal();
  });
}

/** Fresh parameters, moved a little, so that couplings do something. */
function movedParameters({ model }: Objective): ParameterVectors {
  const drawn = packArrays(model.parameters, model.createParameters(randomKey("inverses")));
  const noise = randomKey("moves").stream();
  return { ...drawn, trainable: drawn.trainable.map((value) => value + 0.02 * noise.normal()) };
}

function build(objective: Objective, memory: "fast" | "low" | "least") {
  const graph = makeGraph({ inverses: memory === "least" });
  const { parameters } = objective.model;
  const shapes = objective.inputShapes(batch);
  const inputs = Object.entries(shapes).map(([name, given]) => [name, input(graph, name, given)] as const);
  const values = parameterInputs(graph, parameters);
  const { loss } = objective.measure(values, Object.fromEntries(inputs));
  const { entries } = layoutOf(parameters);
  const leaves = leavesOf(parameters, values).flatMap((leaf, index) => (entries[index]!.trainable ? [leaf] : []));
  const plan = recomputationFor(memory, loss, 0);
  const slopes = gradients(loss, leaves, plan).map((slope, index) => [`gradient${index}`, slope] as const);
  return { outputs: { loss, ...Object.fromEntries(slopes) }, data: inputs.map(([, value]) => value), plan };
}

async function run(outputs: Readonly<Record<string, Value>>, feeds: Readonly<Record<string, Buffer>>) {
  const program = await engine.compile(outputs, { weights: "given" });
  return program.run(feeds).finally(() => program.dispose());
}

function feedsOf(objective: Objective, parameters: ParameterVectors): Record<string, Buffer> {
  const { entries } = layoutOf(objective.model.parameters);
  const labels = Float32Array.from({ length: 3 * batch }, (_, index) =>
    Math.floor(index / batch) === index % 3 ? 1 : 0,
  );
  const given = entries.map((entry) => [entry.name, { data: parameterData(entry, parameters), shape: entry.shape }]);
  const images = (name: string): Float32Array => waves(objective.model.inputShape, batch, name);
  const reference = new Float32Array(batch).fill(-300);
  const data: Readonly<Record<string, Float32Array>> = { x: images("x"), outliers: images("o"), labels, reference };
  const inputs = Object.entries(objective.inputShapes(batch));
  return Object.fromEntries([...given, ...inputs.map(([name, dims]) => [name, { data: data[name]!, shape: dims }])]);
}

/** |a - b| / |b|. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const norm = (value: (index: number) => number): number =>
    Math.sqrt(Array.from(a, (_, index) => value(index) ** 2).reduce((sum, square) => sum + square, 0));
  return norm((index) => a[index]! - b[index]!) / norm((index) => b[index]!);
}

describe("the gradient", () => {
  const objectives: Readonly<Record<string, Objective>> = {
    glow: maximumLikelihood(makeFlow(size)),
    patch: maximumLikelihood(makeFlow({ ...size, architecture: "patch", height: 16, width: 8, scales: 1 })),
    dense: maximumLikelihood(makeFlow({ ...size, architecture: "dense" })),
    "glow beside outliers": outlierLikelihood(makeFlow(size), { weight: 10, temperature: 5 }),
    "class-conditional glow in colour": classLikelihood(classConditional(makeFlow({ ...size, channels: 3 }), 3)),
  };

  test.each(Object.entries(objectives))(
    "of %s is as near as the table says, every tensor of it",
    async (_, objective) => {
      const parameters = movedParameters(objective);
      const feeds = feedsOf(objective, parameters);
      const { outputs, plan } = build(objective, "least");
      expect(plan!.inverted.size).toBeGreaterThan(3);
      const [least, fast] = [await run(outputs, feeds), await run(build(objective, "fast").outputs, feeds)];
      expect(least.loss).toEqual(fast.loss);
      const distances = Object.keys(outputs).map((name) => distance(least[name]!.data, fast[name]!.data));
      expect(Math.max(...distances)).toBeLessThan(tolerances.inverted.relative);
      expect(Math.max(...distances)).toBeGreaterThan(0);
    },
  );

  test("of a model without an inverse is that of low", () => {
    const flow = makeFlow({ ...size, architecture: "pixelcnn", scales: 0, depth: 1, hidden: 4 });
    const [least, low] = (["least", "low"] as const).map((memory) => build(maximumLikelihood(flow), memory));
    expect(least!.plan!.inverted.size).toBe(0);
    expect(printGraph(Object.values(least!.outputs))).toBe(printGraph(Object.values(low!.outputs)));
  });
});

describe("what is held at once, of all that depends on images,", () => {
  const peak = (memory: "fast" | "least", depth: number, architecture: "glow" | "dense" = "glow") => {
    const flow = makeFlow({ ...size, architecture, depth, hidden: 32 });
    const { outputs, data } = build(maximumLikelihood(flow), memory);
    return peakBytes(outputs, data);
  };

  test.each(["glow", "dense"] as const)("does not grow with the depth of %s", (architecture) => {
    expect(peak("least", 6, architecture)).toBeLessThan(1.1 * peak("least", 2, architecture));
  });

  test("grows where all of it is kept", () => {
    expect(peak("fast", 6)).toBeGreaterThan(2.5 * peak("fast", 2));
  });
});

describe("inverses that are too far off", () => {
  const objective = maximumLikelihood(makeFlow({ ...size, scales: 1, hidden: 4 }));

  /** Step 0's couplings scale half of the channels by e^-20: what was rounded in the other steps is 10^9 times as large on the way back. */
  function squashed(parameters: ParameterVectors): ParameterVectors {
    const trainable = parameters.trainable.slice();
    for (const entry of layoutOf(objective.model.parameters).entries) {
      if (!entry.name.endsWith("step0.coupling.conv3.bias")) continue;
      trainable.fill(-22, entry.offset + entry.size / 2, entry.offset + entry.size);
    }
    return { ...parameters, trainable };
  }

  test("change nothing: the step is taken again in low, and so are those after it", async () => {
    const parameters = squashed(movedParameters(objective));
    const copy = () => ({ ...parameters, trainable: parameters.trainable.slice() });
    const update = { optimizer: adamax, weightDecay: 0 };
    const x = waves(shape, batch, "x");
    const refused = await compileStepOnce(
      objective,
      batch,
      zeroState(copy(), update),
      { ...update, memory: "least" },
      engine,
    );
    const result = await refused.run({ x }, adamax.scalars(1e-4, 1));
    await refused.dispose();
    expect(result.applied).toBe(false);
    expect(result.inversionError).not.toBeLessThanOrEqual(mostInversionError);
    expect(refused.state().parameters).toEqual(parameters);

    const states = [];
    for (const memory of ["least", "low"] as const) {
      const step = await compileStep(objective, batch, zeroState(copy(), update), { ...update, memory }, engine);
      const results = [1, 2].map((count) => () => step.run({ x }, adamax.scalars(1e-4, count)));
      const told = [await results[0]!(), await results[1]!()].map((one) => one.memory);
      expect(told).toEqual(memory === "least" ? ["low", "low"] : [undefined, undefined]);
      await step.dispose();
      states.push(step.state());
    }
    expect(states[0]).toEqual(states[1]);
  });

  /** Batches of waves; the fourth is loud enough for couplings to squash. */
  const batches: BatchSource = {
    training: async (step) => {
      const x = waves(shape, batch, `batch${step}`);
      return { x: step === 3 ? x.map((value) => 1e6 * value) : x };
    },
    watched: async () => [{ x: waves(shape, batch, "watched") }],
    watchedBatchSize: batch,
    adaptation: () => ({ x: waves(shape, 24, "fit") }),
  };

  async function train(start: ParameterVectors, stopAfter: number | undefined) {
    let saved: Checkpoint | undefined;
    const warnings: string[] = [];
    const seen: (number | undefined)[] = [];
    const phase = { steps: 6, seconds: null, learningRate: 1e-4, warmup: 0, milestones: [], factor: 1 };
    const model = { scales: size.scales, depth: size.depth, hidden: size.hidden };
    const loop = (signal: AbortSignal | undefined, stop = () => {}): LoopInput => ({
      objective,
      batches,
      configuration: trainingWith({ input: shape, model, memory: "least", batchSize: batch, normal: phase }),
      phase,
      start,
      key: randomKey("loop"),
      engine,
      checkpoints: {
        load: async () => saved,
        save: async (checkpoint) => {
          saved = structuredClone(checkpoint);
        },
      },
      checkpointEvery: 1e6,
      signal,
      onWarning: (text) => warnings.push(text),
      onStep: ({ step, inversionError }) => {
        seen.push(inversionError);
        if (step === stopAfter) stop();
      },
    });
    if (stopAfter !== undefined) {
      const controller = new AbortController();
      await trainModel(loop(controller.signal, () => controller.abort()));
    }
    const { parameters, progress } = await trainModel(loop(undefined));
    return { weights: parameters.trainable, progress: { ...progress, seconds: 0 }, warnings, seen };
  }

  test("are told of once, and a training that was stopped before or after goes on bit for bit", async () => {
    const start = movedParameters(objective);
    const whole = await train(start, undefined);
    expect(whole.warnings).toEqual([expect.stringMatching(/inverse is .* at step 4, .*goes on with/)]);
    expect(whole.progress.memory).toBe("low");
    expect(whole.seen.map((error) => error !== undefined)).toEqual([true, true, true, true, false, false]);
    for (const stop of [2, 5]) {
      const resumed = await train(start, stop);
      expect(resumed.weights).toEqual(whole.weights);
      expect(resumed.progress).toEqual(whole.progress);
      expect(resumed.warnings).toEqual(whole.warnings);
    }
  });
});
