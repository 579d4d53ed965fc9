/** The engine on ONNX Runtime for browsers: WebAssembly, or WebGPU on request. To be used in a worker, which it keeps busy. */
import type { Env, InferenceSession, Tensor } from "onnxruntime-web";
import { GraphError, messageOf, RunError } from "../../src/base/index.ts";
import { lowerGraph, writeModel } from "../../src/onnx/index.ts";
import type { Buffer, Engine, LoadOptions, Program } from "../../src/runtime/index.ts";
import { fetchBytes, type OnBytes } from "./fetching.ts";
import type { EngineSetting } from "./messages.ts";

/** What both builds of ONNX Runtime offer. */
interface Library {
  readonly env: Env;
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: typeof Tensor;
}

/**
 * Loads ONNX Runtime and makes an engine of it, once in a worker's life: its memory never shrinks, so who is done ends the worker.
 * Throws RunError where a file does not come or the browser has no WebGPU.
 */
export async function openWebEngine({ device, threads, files }: EngineSetting, onBytes?: OnBytes): Promise<Engine> {
  const webgpu = device === "webgpu";
  if (webgpu && !("gpu" in navigator)) {
    throw new RunError({
      code: "device",
      subject: "WebGPU",
      expected: "a browser with WebGPU, on a page of https or of this machine",
      got: "one without",
      remedy: { key: "other", text: "take WebAssembly" },
    });
  }
  const [wasm, mjs] = webgpu ? [files.webgpuWasm, files.webgpuMjs] : [files.wasm, files.mjs];
  const [library, binary] = await Promise.all([
    (webgpu ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm")) as Promise<Library>,
    fetchBytes(wasm, onBytes),
  ]);
  library.env.logLevel = "error";
  library.env.wasm.wasmPaths = { wasm, mjs };
  library.env.wasm.wasmBinary = binary;
  library.env.wasm.numThreads = threads;
  const load: Engine["load"] = async (model, options) => {
    const session = await createSession(library, model, device, options);
    return programOf(library, session);
  };
  return {
    version: library.env.versions.web ?? library.env.versions.common,
    load,
    compile: (outputs, options) => load(writeModel(lowerGraph(outputs, { name: "outglow" })), options),
  };
}

async function createSession(
  { InferenceSession: sessions }: Library,
  model: Uint8Array,
  device: EngineSetting["device"],
  { weights }: LoadOptions = {},
): Promise<InferenceSession> {
  try {
    return await sessions.create(model, {
      executionProviders: [device],
      executionMode: "sequential",
      // As `runtime/program.ts` has it.
      graphOptimizationLevel: weights === "given" ? "disabled" : weights === "constant" ? "all" : "basic",
      enableMemPattern: false,
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw engineError("to accept a graph", error);
  }
}

function engineError(expected: string, error: unknown): RunError {
  return new RunError({ code: "engine", subject: "engine", expected, got: messageOf(error).trim() });
}

function programOf({ Tensor: WebTensor }: Library, session: InferenceSession): Program {
  const metadata = [...session.inputMetadata, ...session.outputMetadata];
  const masks = new Set(metadata.flatMap((value) => (value.isTensor && value.type === "bool" ? [value.name] : [])));
  const toTensor = (name: string, { data, shape }: Buffer): Tensor => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (data.length !== size) {
      throw new GraphError(`run: expected ${size} numbers in '${name}' [${shape.join(",")}], got ${data.length}`);
    }
    if (data instanceof Float32Array) return new WebTensor("float32", data, shape);
    return masks.has(name) ? new WebTensor("bool", data, shape) : new WebTensor("uint8", data, shape);
  };
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(inputs, into = {}) {
      const feeds: Record<string, Tensor> = {};
      for (const name of session.inputNames) {
        const buffer = inputs[name];
        if (!buffer) {
          throw new GraphError(`run: expected input '${name}', got ${Object.keys(inputs).join(", ") || "none"}`);
        }
        feeds[name] = toTensor(name, buffer);
      }
      const results = await session.run(feeds).catch((error: unknown) => {
        throw engineError("to run a program", error);
      });
      const named: Record<string, Buffer> = {};
      for (const name of session.outputNames) named[name] = placed(results[name]!, into[name]);
      return named;
    },
    dispose: () => session.release(),
  };
}

/** A result, copied to where it is wanted: WebAssembly's memory is not the caller's. */
function placed({ data, dims }: Tensor, wanted: Buffer | undefined): Buffer {
  if (!(data instanceof Float32Array || data instanceof Uint8Array)) {
    throw new GraphError("run: expected float32, uint8 or bool results, got others");
  }
  if (!wanted) return { data, shape: dims };
  wanted.data.set(data);
  return wanted;
}
