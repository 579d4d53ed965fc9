/** Compiled graphs: the only place that knows ONNX Runtime. */
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { GraphError, messageOf, RunError } from "../base/index.ts";
import type { Value } from "../graph/index.ts";
import type { Device } from "../model/index.ts";
import { lowerGraph, writeModel } from "../onnx/index.ts";
import { compileError, deviceSettings, quietDriver } from "./devices.ts";

/** A tensor at the border between Outglow and the engine: row-major numbers with a shape. */
export interface Buffer {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

export interface ProgramOptions {
  /** Threads of the engine; results are bitwise equal only between runs with the same number. */
  readonly threads: number;
  /** Default "cpu". */
  readonly device?: Device;
  /**
   * Where the weights are, which says how far ONNX Runtime should rewrite the graph. "given": they come in at every run, and the graph is made
   * as it should run. "constant": they are in the graph, and the engine lays them out for its convolutions while it loads it, which takes
   * memory and time once and makes every run faster. Default: only constants are folded.
   */
  readonly weights?: "given" | "constant";
  /** Writes ONNX Runtime's profile under this file prefix. */
  readonly profilePrefix?: string;
}

/** A graph that is ready to run. */
export interface Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs once. Results named in `into` are written to those buffers, without a copy; all others are fresh.
   * Throws GraphError where an input is missing or has too few numbers, RunError where the engine fails.
   */
  run(
    inputs: Readonly<Record<string, Buffer>>,
    into?: Readonly<Record<string, Buffer>>,
  ): Promise<Record<string, Buffer>>;
  /** Frees the engine's memory. */
  dispose(): Promise<void>;
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
        throw new RunError(`run: the engine failed: ${messageOf(error)}`);
      });
      const named: Record<string, Buffer> = {};
      for (const name of session.outputNames) named[name] = into[name] ?? fromTensor(results[name]!);
      return named;
    },
    dispose: () => session.release(),
  };
}

/** How long a thread that waits for work spins before it sleeps: until the next operator, not until the next run (ARCHITECTURE.md). */
const waitMicroseconds = "20";

async function createSession(model: Uint8Array, options: ProgramOptions): Promise<InferenceSession> {
  const device = options.device ?? "cpu";
  const { executionProviders, session } = deviceSettings(device);
  quietDriver(device);
  try {
    return await InferenceSession.create(model, {
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
  if (data instanceof Float32Array) return new Tensor("float32", data, shape);
  return mask ? new Tensor("bool", data, shape) : new Tensor("uint8", data, shape);
}

function fromTensor(tensor: Tensor): Buffer {
  const { data, dims } = tensor;
  if (data instanceof Float32Array || data instanceof Uint8Array) return { data, shape: dims };
  throw new GraphError(`run: expected float32, uint8 or bool results, got ${tensor.type}`);
}

/** The version of ONNX Runtime. */
export function engineVersion(): string {
  return env.versions.node ?? env.versions.common;
}
