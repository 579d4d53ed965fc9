/** What an objective says of held-out images, averaged over all of them. */
import type { ParameterVectors } from "../nn/index.ts";
import type { Engine } from "../runtime/index.ts";
import { bitsPerDimension } from "../score/index.ts";
import type { BatchSource } from "./batch-source.ts";
import type { Objective } from "./objectives/index.ts";
import { compileMeasurer, type Measures } from "./step.ts";

/** Means over held-out images. */
export interface HeldOutResult {
  /** The objective, nats an image: what early stopping looks at. */
  readonly loss: number;
  /** Of normal images; absent for models without a likelihood. */
  readonly bitsPerDimension?: number;
  readonly measures: Measures;
}

/** A compiled look at held-out images. */
export interface HeldOutEvaluator {
  evaluate(parameters: ParameterVectors): Promise<HeldOutResult>;
  dispose(): Promise<void>;
}

/** Compiles the objective for the held-out batches of a source. */
export async function heldOutEvaluator(
  objective: Objective,
  source: BatchSource,
  engine: Engine,
): Promise<HeldOutEvaluator> {
  const batches = await source.watched();
  const measurer = await compileMeasurer(objective, source.watchedBatchSize, engine);
  const { channels, height, width } = objective.model.inputShape;
  return {
    async evaluate(parameters) {
      const results = [];
      for (const batch of batches) results.push(await measurer.measure(parameters, batch));
      const measures = meanMeasures(results.map((result) => result.measures));
      return {
        loss: mean(results.map(({ loss }) => loss)),
        ...bitsOf(measures, channels * height * width),
        measures,
      };
    },
    dispose: () => measurer.dispose(),
  };
}

/** Bits/dim of the measures of a flow, nothing for another model. */
export function bitsOf(measures: Measures, dimensions: number): { readonly bitsPerDimension?: number } {
  const { negativeLogLikelihood } = measures;
  if (typeof negativeLogLikelihood !== "number") return {};
  return { bitsPerDimension: bitsPerDimension(-negativeLogLikelihood, dimensions) };
}

function meanMeasures(all: readonly Measures[]): Measures {
  return Object.fromEntries(
    Object.entries(all[0]!).map(([name, first]) => {
      const values = all.map((measures) => measures[name]!);
      if (typeof first === "number") return [name, mean(values as number[])];
      return [name, first.map((_, index) => mean((values as number[][]).map((list) => list[index]!)))];
    }),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
