/** The engine on ONNX Runtime for browsers, as WebAssembly on one thread. */
import * as ort from "onnxruntime-web/wasm";
import { lowerGraph, writeModel } from "../../src/onnx/index.ts";
import type { Buffer, Engine, Program } from "../../src/runtime/index.ts";

/** An engine whose WebAssembly files lie in this folder of the page's server. */
export function webEngine(folder: string): Engine {
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = 1;
  const load: Engine["load"] = async (model) => {
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    return programOf(session);
  };
  return {
    version: ort.env.versions.web ?? ort.env.versions.common,
    load,
    compile: (outputs) => load(writeModel(lowerGraph(outputs, { name: "outglow" }))),
  };
}

function programOf(session: ort.InferenceSession): Program {
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, { data, shape }]): [string, ort.Tensor] => [
        name,
        data instanceof Float32Array ? new ort.Tensor("float32", data, shape) : new ort.Tensor("uint8", data, shape),
      ]);
      const results = await session.run(Object.fromEntries(feeds));
      const buffers = Object.entries(results).map(([name, { data, dims }]): [string, Buffer] => [
        name,
        { data: data as Float32Array, shape: dims },
      ]);
      return Object.fromEntries(buffers);
    },
    dispose: () => session.release(),
  };
}
