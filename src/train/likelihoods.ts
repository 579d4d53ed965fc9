/** Log-likelihoods under a flow whose parameters stay: the general model while another one trains. */
import { freeBatch } from "../base/index.ts";
import { type Flow, logLikelihood, type NetworkForm } from "../flow/index.ts";
import { input, makeGraph } from "../graph/index.ts";
import { constantValues, type ParameterVectors, parameterInputs } from "../nn/index.ts";
import type { Engine } from "../runtime/index.ts";
import { parameterBuffers } from "./parameter-buffers.ts";

/** A frozen flow. */
export interface Likelihoods {
  /** log p(x) in nats, [N], of data x [C, H, W, N]. */
  measure(x: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Compiles the likelihood of a flow with given parameters, for any batch size. The form is the flow's: of convolutions, the parameters are constants. */
export async function compileLikelihoods(
  flow: Flow,
  parameters: ParameterVectors,
  engine: Engine,
  form: NetworkForm = "products",
): Promise<Likelihoods> {
  const { channels, height, width } = flow.inputShape;
  const size = channels * height * width;
  const graph = makeGraph();
  const fixed = form === "convolutions";
  const values = fixed ? constantValues(graph, flow.parameters, parameters) : parameterInputs(graph, flow.parameters);
  const x = input(graph, "x", [channels, height, width, freeBatch]);
  const program = await engine.compile({ total: logLikelihood(flow, values, x) }, fixed ? { weights: "constant" } : {});
  const frozen = fixed ? {} : parameterBuffers(flow.parameters, parameters);
  return {
    async measure(data) {
      const shape = [channels, height, width, data.length / size];
      const { total } = await program.run({ ...frozen, x: { data, shape } });
      return total!.data as Float32Array;
    },
    dispose: () => program.dispose(),
  };
}
