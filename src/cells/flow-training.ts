/** The training of a pair of flows: a plain one on clean crops, and what the outlier loss makes of it on crops with synthetic faults. */
import { freeBatch, type RandomKey, RunError } from "../base/index.ts";
import {
  batchInnermost,
  cropSide,
  drawBatch,
  drawCrop,
  type Example,
  type FaultKind,
  fallingRate,
  type LevelImages,
  type PixelScale,
} from "../faults/index.ts";
import { input, makeGraph } from "../graph/index.ts";
import { constantValues, type ParameterVectors, packArrays } from "../nn/index.ts";
import { adam } from "../optim/index.ts";
import { type Engine, nodeEngine } from "../runtime/index.ts";
import { adaptToData, compileStep, type Objective, zeroState } from "../train/index.ts";
import { type CellFlowSize, cellFlow } from "./flow.ts";
import type { CellFlows } from "./flows.ts";
import { cellLikelihoods, outlierCells, plainCells } from "./objective.ts";
import type { CellSettings } from "./settings.ts";

/** Crops that the norms of fresh flows are fitted to. */
const adaptingCrops = 64;

/** Steps that are taken however short the time is. */
const leastSteps = 20;

/** Share of a fold's time that its plain flow takes. */
const plainShare = 0.4;

interface FlowWatch {
  /** A person's own examples of faults. */
  readonly examples?: readonly Example[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly seconds?: number | undefined;
  onStep?(phase: "plain" | "outlier", step: number, steps: number, loss: number): void;
}

/** Trains the pair of flows of one fold on images at their levels, with synthetic faults of some kinds. */
export async function trainFlows(
  images: LevelImages,
  scale: PixelScale,
  kinds: readonly FaultKind[],
  settings: CellSettings,
  key: RandomKey,
  { examples, signal, seconds, onStep }: FlowWatch = {},
): Promise<CellFlows & { readonly steps: { readonly plain: number; readonly outlier: number } }> {
  const size: CellFlowSize = { channels: images[0]![0]!.channels, depth: settings.depth, hidden: settings.hidden };
  const flow = cellFlow(size, { height: cropSide, width: cropSide });
  const { crops, threads } = settings;
  const engine = nodeEngine({ threads });
  const variation = { turns: false, light: 0 };
  const plan = { images, scale, kinds, crops, variation, examples };
  const cleanCrops = (count: number, own: RandomKey): Float32Array => {
    const stream = own.fold("clean").stream();
    return withNoise(
      batchInnermost(
        Array.from({ length: count }, () => drawCrop(images, variation, stream)),
        scale,
      ),
      count,
      scale,
      own,
    );
  };
  const fresh = packArrays(flow.parameters, flow.createParameters(key.fold("parameters")));
  const adapted = await adaptToData(flow, fresh, cleanCrops(adaptingCrops, key.fold("adapting")), engine);
  const common = { batchSize: 2 * crops, engine, signal };
  const plain = await optimise(plainCells(flow), adapted, {
    ...common,
    steps: settings.plainSteps,
    rate: settings.plainRate,
    seconds: seconds && plainShare * seconds,
    draw: async (step) => ({ x: cleanCrops(2 * crops, key.fold("plain").fold(step)) }),
    onStep: (step, loss) => onStep?.("plain", step, settings.plainSteps, loss),
  });
  const reference = await openReference(flow, plain.parameters, engine);
  const outlier = await optimise(outlierCells(flow, settings), plain.parameters, {
    ...common,
    steps: settings.steps,
    rate: settings.learningRate,
    seconds: seconds && (1 - plainShare) * seconds,
    draw: async (step) => {
      const own = key.fold("outlier").fold(step);
      const { x: drawn, labels, weights } = drawBatch(plan, own);
      const x = withNoise(drawn, 2 * crops, scale, own);
      return { x, labels, weights, reference: await reference.measure(x) };
    },
    onStep: (step, loss) => onStep?.("outlier", step, settings.steps, loss),
  }).finally(() => reference.dispose());
  return {
    plain: plain.parameters,
    outlier: outlier.parameters,
    steps: { plain: plain.steps, outlier: outlier.steps },
  };
}

/** Pixels within their interval of quantisation, instead of in its middle: x [C, S, S, N]. */
function withNoise(x: Float32Array, count: number, { deviations }: PixelScale, key: RandomKey): Float32Array {
  const stream = key.fold("noise").stream();
  const plane = cropSide * cropSide * count;
  return x.map((value, index) => value + (stream.uniform() - 0.5) / deviations[Math.floor(index / plane)]!);
}

interface Optimisation extends Pick<FlowWatch, "signal" | "seconds"> {
  readonly batchSize: number;
  readonly engine: Engine;
  readonly steps: number;
  readonly rate: number;
  draw(step: number): Promise<Readonly<Record<string, Float32Array>>>;
  onStep(step: number, loss: number): void;
}

async function optimise(
  objective: Objective,
  parameters: ParameterVectors,
  { batchSize, engine, steps, rate, seconds, signal, draw, onStep }: Optimisation,
) {
  const update = { optimizer: adam, weightDecay: 0, clipNorm: 1 };
  const step = await compileStep(objective, batchSize, zeroState(parameters, update), update, engine);
  const started = performance.now();
  let done = 0;
  try {
    for (; done < steps; done++) {
      signal?.throwIfAborted();
      const time = seconds ? (performance.now() - started) / 1000 / seconds : 0;
      const share = Math.max(done / steps, time);
      if (share >= 1 && done >= leastSteps) break;
      const { loss, applied } = await step.run(
        await draw(done),
        adam.scalars(fallingRate(rate, done, steps, share), done + 1),
      );
      if (!applied) throw diverged(done);
      onStep(done + 1, loss);
    }
  } finally {
    await step.dispose();
  }
  const { trainable, fixed } = step.state().parameters;
  return { parameters: { trainable: trainable.slice(), fixed }, steps: done };
}

/** log p of every cell under a flow that stays, of crops [C, S, S, N]. */
async function openReference(flow: ReturnType<typeof cellFlow>, parameters: ParameterVectors, engine: Engine) {
  const { channels } = flow.inputShape;
  const graph = makeGraph();
  const x = input(graph, "x", [channels, cropSide, cropSide, freeBatch]);
  const cells = cellLikelihoods(flow, constantValues(graph, flow.parameters, parameters), x);
  const program = await engine.compile({ cells });
  return {
    async measure(data: Float32Array): Promise<Float32Array> {
      const shape = [channels, cropSide, cropSide, data.length / (channels * cropSide ** 2)];
      return (await program.run({ x: { data, shape } })).cells!.data as Float32Array;
    },
    dispose: () => program.dispose(),
  };
}

function diverged(step: number): RunError {
  return new RunError({
    code: "diverged",
    subject: "cells",
    expected: "finite losses",
    got: `one that is not at step ${step + 1}`,
    remedy: { key: "other", text: "lower the learning rate" },
  });
}
