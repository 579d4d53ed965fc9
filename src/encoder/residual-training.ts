/** The training of the small flow on whitened features: it minimises the negative log-likelihood of normal cells, from the Gaussian on. */
import { internalError, type RandomKey } from "../base/index.ts";
import { multiply, reduceSum } from "../graph/index.ts";
import { type ParameterVectors, packArrays, type ValuesOf } from "../nn/index.ts";
import { adam } from "../optim/index.ts";
import type { Engine } from "../runtime/index.ts";
import { compileStep, type Objective, zeroState } from "../train/index.ts";
import { type CellGaussians, whitened } from "./gaussian.ts";
import type { LearntFeatures } from "./learning.ts";
import type { NormalFeatures } from "./record.ts";
import { flowParameters, flowSquares, freshFlow, openFlow } from "./residual-flow.ts";
import type { EncoderSettings } from "./settings.ts";

/** Vectors a step. */
const batchSize = 512;

const learningRate = 1e-3;

/** Steps over which the learning rate rises. */
const warmup = 20;

/** Half of the mean of `flowSquares` over a batch: nats a cell but for a constant. */
function residualLikelihood(dimension: number, key: RandomKey): Objective {
  const parameters = flowParameters(dimension);
  return {
    model: {
      inputShape: { channels: dimension, height: 1, width: 1 },
      parameters,
      createParameters: () => freshFlow(dimension, key),
      adapt: (values) => values,
    },
    inputShapes: (count) => ({ y: [dimension, count] }),
    measure: (values, { y }) => ({
      loss: multiply(reduceSum(flowSquares(values as ValuesOf<typeof parameters>, y!)), 0.5 / batchSize),
      measures: {},
    }),
  };
}

/** Trains a flow on whitened vectors [n, dimension] from the Gaussian on. Steps whose loss is not finite change nothing. Throws RunError where the engine fails. */
export async function trainFlow(
  engine: Engine,
  vectors: Float32Array,
  { dimension, steps, key }: { readonly dimension: number; readonly steps: number; readonly key: RandomKey },
  signal?: AbortSignal,
): Promise<ParameterVectors> {
  const update = { optimizer: adam, weightDecay: 0, clipNorm: 1 };
  const objective = residualLikelihood(dimension, key.fold("parameters"));
  const fresh = packArrays(flowParameters(dimension), freshFlow(dimension, key.fold("parameters")));
  const step = await compileStep(objective, batchSize, zeroState(fresh, update), update, engine);
  const stream = key.fold("batches").stream();
  const count = vectors.length / dimension;
  try {
    for (let done = 0; done < steps; done++) {
      signal?.throwIfAborted();
      const y = new Float32Array(dimension * batchSize);
      for (let column = 0; column < batchSize; column++) {
        const start = stream.integer(count) * dimension;
        for (let i = 0; i < dimension; i++) y[i * batchSize + column] = vectors[start + i]!;
      }
      const rate = learningRate * Math.min(1, (done + 1) / warmup) * 0.5 * (1 + Math.cos((Math.PI * done) / steps));
      await step.run({ y }, adam.scalars(rate, done + 1));
    }
    const { trainable, fixed } = step.state().parameters;
    return { trainable: trainable.slice(), fixed: fixed.slice() };
  } finally {
    await step.dispose();
  }
}

/** Normal features with flows, and what these gain. */
export interface FlowFeatures {
  readonly normalOf: LearntFeatures["normalOf"];
  /** How much likelier held-out cells are than under their Gaussians, nats a cell. */
  readonly gain: number;
}

/** Trains a flow on top of the Gaussians of all images, and of all but each fold's. Throws RunError where the engine fails, the signal's reason where it is aborted. */
export async function withFlows(
  engine: Engine,
  source: LearntFeatures,
  folds: Uint32Array,
  { flowSteps: steps, samples }: Pick<EncoderSettings, "flowSteps" | "samples">,
  key: RandomKey,
  signal?: AbortSignal,
): Promise<FlowFeatures> {
  const each = Math.max(1, Math.floor(samples / folds.length));
  /** Whitened vectors of some cells of the images that a fold holds out, or of all others. */
  const sampleOf = async (gaussians: CellGaussians, chosen: (own: number) => boolean): Promise<Float32Array> => {
    const { dimension } = gaussians;
    const parts: number[] = [];
    for (const [index, own] of folds.entries()) {
      if (!chosen(own)) continue;
      const rows = whitened(gaussians, await source.cells(index));
      const stream = key.fold("cells").fold(index).stream();
      for (let taken = 0; taken < each; taken++) {
        const start = stream.integer(rows.length / dimension) * dimension;
        for (let i = 0; i < dimension; i++) parts.push(rows[start + i]!);
      }
    }
    return Float32Array.from(parts);
  };
  const made = new Map<number | undefined, NormalFeatures>();
  let [gained, cells] = [0, 0];
  for (const fold of [undefined, ...new Set(folds)]) {
    const normal = await source.normalOf(fold, folds);
    if (normal.mode !== "aligned") throw internalError("a flow on features that are not aligned");
    const { dimension } = normal.gaussians;
    const vectors = await sampleOf(normal.gaussians, (own) => own !== fold);
    const flow = await trainFlow(engine, vectors, { dimension, steps, key: key.fold(fold ?? "all") }, signal);
    made.set(fold, { ...normal, flow });
    if (fold === undefined) continue;
    const held = await sampleOf(normal.gaussians, (own) => own === fold);
    const open = await openFlow(engine, dimension, flow);
    const distances = await open.distances(held).finally(() => open.dispose());
    cells += distances.length;
    gained += held.reduce((sum, part) => sum + part * part, 0) - distances.reduce((sum, one) => sum + one * one, 0);
  }
  return { normalOf: async (fold) => made.get(fold)!, gain: gained / 2 / cells };
}
