/** Held-out likelihood while training: a compiled flow that takes its parameters from outside. */
import { type Flow, imageInput, scoreTerms } from "../flow/index.ts";
import { input, makeGraph } from "../graph/index.ts";
import { layoutOf, type ParameterVectors, unpackValues } from "../nn/index.ts";
import { compileGraph, type ProgramOptions } from "../runtime/index.ts";
import { bitsPerDimension } from "../score/index.ts";

export interface Evaluator {
  /** Mean bits/dim of uint8 images [N, C, H, W] under some parameters. NaN where a likelihood is. */
  bitsPerDimension(parameters: ParameterVectors, pixels: Uint8Array): Promise<number>;
  dispose(): Promise<void>;
}

/** Compiles the evaluation of a flow, run in batches of `batchSize`. */
export async function compileEvaluator(flow: Flow, batchSize: number, options: ProgramOptions): Promise<Evaluator> {
  const { channels, height, width } = flow.inputShape;
  const layout = layoutOf(flow.parameters);
  const graph = makeGraph();
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const values = unpackValues(flow.parameters, trainable, fixed);
  const terms = scoreTerms(flow, values, imageInput(graph, flow.inputShape));
  const program = await compileGraph({ terms }, options);
  const dimensions = channels * height * width;

  return {
    async bitsPerDimension(parameters, pixels) {
      const count = pixels.length / dimensions;
      let sum = 0;
      for (let first = 0; first < count; first += batchSize) {
        const batch = pixels.subarray(first * dimensions, Math.min(count, first + batchSize) * dimensions);
        const results = await program.run({
          trainable: { data: parameters.trainable, shape: [layout.trainableSize] },
          fixed: { data: parameters.fixed, shape: [layout.fixedSize] },
          images: { data: batch, shape: [batch.length / dimensions, channels, height, width] },
        });
        for (const term of results.terms!.data) sum += term;
      }
      return bitsPerDimension(sum / count, dimensions);
    },
    dispose: () => program.dispose(),
  };
}
