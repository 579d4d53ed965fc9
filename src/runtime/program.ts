/** Compiled graphs: the only place that knows ONNX Runtime. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { type Device, GraphError, messageOf, RunError } from "../base/index.ts";
import type { Value } from "../graph/index.ts";
import { lowerGraph, writeModel } from "../onnx/index.ts";
import { compileError, deviceSettings, quietDriver } from "./devices.ts";
import type { Buffer, LoadOptions, Program } from "./engine.ts";
import { nativeLibrary } from "./native-library.ts";

/** Threads, device and what else the engine is told. */
export interface ProgramOptions extends LoadOptions {
  /** Threads of the engine; results are bitwise equal only between runs with the same number. */
  readonly threads: number;
  /** Default "cpu". */
  readonly device?: Device;
  /** Writes ONNX Runtime's profile under this file prefix. */
  readonly profilePrefix?: string;
}

/** Compiles values of one graph into a program whose outputs bear their names. */
export async function compileGraph(
  outputs: Readonly<Record<string, Value>>,
  options: ProgramOptions,
): Promise<Program> {
  return loadProgram(writeModel(lowerGraph(outputs, { name: "outglow" })), options);
}

/** Loads ONNX bytes. Throws RunError where the engine does not accept them or the device does not answer. */
export async function loadProgram(model: Uint8Array, options: ProgramOptions): Promise<Program> {
  const session = await createSession(model, options);
  const masks = maskNames([...session.inputMetadata, ...session.outputMetadata]);
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(inputs, into = {}) {
      const feeds: Record<string, Tensor> = {};
      for (const name of session.inputNames) {
        const buffer = inputs[name];
        if (!buffer)
          throw new GraphError(`run: expected input '${name}', got ${Object.keys(inputs).join(", ") || "none"}`);
        feeds[name] = toTensor(name, buffer, masks.has(name));
      }
      const fetches: Record<string, Tensor | null> = {};
      for (const name of session.outputNames)
        fetches[name] = into[name] ? toTensor(name, into[name], masks.has(name)) : null;
      const results = await session.run(feeds, fetches).catch((error: unknown) => {
        throw new RunError({
          code: "engine",
          subject: "engine",
          expected: "to run a program",
          got: messageOf(error).trim(),
        });
      });
      const named: Record<string, Buffer> = {};
      for (const name of session.outputNames) named[name] = into[name] ?? fromTensor(results[name]!);
      return named;
    },
    dispose: () => session.release(),
  };
}

/** How long a thread that waits for work spins before it sleeps: until the next operator, not until the next run (docs/decisions.md). */
const waitMicroseconds = "20";

async function createSession(model: Uint8Array, options: ProgramOptions): Promise<InferenceSession> {
  const device = options.device ?? "cpu";
  const { executionProviders, session } = deviceSettings(device);
  quietDriver(device);
  try {
    return await nativeLibrary().InferenceSession.create(model, {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: rewritingOf(options),
      executionProviders,
      // One block for a whole run, planned after the first, comes on top of what the first allocated: twice the memory, and every page of it
      // new again. Colour, depth 8, width 128, batch 64: 833 MB with it, 553 without, at the same speed.
      enableMemPattern: false,
      enableCpuMemArena: true,
      // Fatal only: errors come back as exceptions with the same text, and stderr belongs to the command line.
      logSeverityLevel: 4,
      extra: { session: { intra_op: { allow_spinning: "1", spin_duration_us: waitMicroseconds }, ...session } },
      ...(options.profilePrefix ? { enableProfiling: true, profileFilePrefix: options.profilePrefix } : {}),
    });
  } catch (error) {
    throw compileError(device, error);
  }
}

function rewritingOf({ weights }: ProgramOptions): "disabled" | "basic" | "all" {
  return weights === "given" ? "disabled" : weights === "constant" ? "all" : "basic";
}

/** Which inputs and outputs are bool: their buffers hold bytes as those of uint8 do. */
function maskNames(values: readonly InferenceSession.ValueMetadata[]): Set<string> {
  return new Set(values.filter((value) => value.isTensor && value.type === "bool").map(({ name }) => name));
}

function toTensor(name: string, { data, shape }: Buffer, mask: boolean): Tensor {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (data.length !== size) {
    throw new GraphError(`run: expected ${size} numbers in '${name}' [${shape.join(",")}], got ${data.length}`);
  }
  const { Tensor: NativeTensor } = nativeLibrary();
  if (data instanceof Float32Array) return new NativeTensor("float32", data, shape);
  return mask ? new NativeTensor("bool", data, shape) : new NativeTensor("uint8", data, shape);
}

function fromTensor(tensor: Tensor): Buffer {
  const { data, dims } = tensor;
  if (data instanceof Float32Array || data instanceof Uint8Array) return { data, shape: dims };
  throw new GraphError(`run: expected float32, uint8 or bool results, got ${tensor.type}`);
}

/** The version of ONNX Runtime. */
export function engineVersion(): string {
  const { versions } = nativeLibrary().env;
  return versions.node ?? versions.common;
}
