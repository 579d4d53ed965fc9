/** The scoring graph of a trained flow: uint8 images in, terms [N, scales, 2] out, weights inside, any batch size. */
import { type Flow, imageInput, scoreTerms } from "../flow/index.ts";
import { makeGraph } from "../graph/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import { lowerGraph, writeModel } from "../onnx/index.ts";
import { loadProgram, type ProgramOptions } from "../runtime/index.ts";
import type { TermTable } from "../score/index.ts";

/** Name of the graph's output. */
export const termsOutput = "terms";

/** The ONNX bytes of a flow with its weights. */
export function scoringModel(flow: Flow, parameters: ParameterVectors): Uint8Array<ArrayBuffer> {
  const graph = makeGraph();
  const values = constantValues(graph, flow.parameters, parameters);
  const terms = scoreTerms(flow, values, imageInput(graph, flow.inputShape));
  return writeModel(
    lowerGraph(
      { [termsOutput]: terms },
      {
        name: "outglow",
        metadata: {
          input: "images: uint8 [N, C, H, W]",
          output: "terms: float32 [N, scales, 2], log-det and prior term of every scale in nats; their sum is log p(x)",
        },
      },
    ),
  );
}

/** A loaded scoring graph. */
export interface Scorer {
  /** Terms of uint8 images [N, C, H, W]. */
  terms(pixels: Uint8Array): Promise<TermTable>;
  dispose(): Promise<void>;
}

/** Images scored in one run: enough to fill the engine, few enough to stay in its caches. */
const scoringBatch = 64;

/** Loads the ONNX bytes of `scoringModel`. */
export async function loadScorer(
  model: Uint8Array,
  { channels, height, width }: Flow["inputShape"],
  scales: number,
  options: ProgramOptions,
): Promise<Scorer> {
  const program = await loadProgram(model, options);
  const size = channels * height * width;
  return {
    async terms(pixels) {
      const count = pixels.length / size;
      const values = new Float32Array(count * scales * 2);
      for (let first = 0; first < count; first += scoringBatch) {
        const batch = pixels.subarray(first * size, Math.min(count, first + scoringBatch) * size);
        const images = { data: batch, shape: [batch.length / size, channels, height, width] };
        const results = await program.run({ images });
        values.set(results[termsOutput]!.data as Float32Array, first * scales * 2);
      }
      return { count, scales, values };
    },
    dispose: () => program.dispose(),
  };
}
