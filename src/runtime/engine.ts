/**
 * What runs graphs, as an interface without an engine behind it: who scores is handed one, so that the same code runs on ONNX Runtime for
 * Node, for browsers, or on a stand-in.
 */
import type { Value } from "../graph/index.ts";

/** A tensor at the border between Outglow and the engine: row-major numbers with a shape. */
export interface Buffer {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** What one program is told. */
export interface LoadOptions {
  /**
   * Where the weights are, which says how far the engine should rewrite the graph. "given": they come in at every run, and the graph is made
   * as it should run. "constant": they are in the graph, and the engine lays them out for its convolutions while it loads it, which takes
   * memory and time once and makes every run faster. Default: only constants are folded.
   */
  readonly weights?: "given" | "constant";
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

/** Makes programs, all with the same threads on the same device. */
export interface Engine {
  /** The version of what computes, as a detector's manifest records it. */
  readonly version: string;
  /** Bytes that programs may still take; absent where the engine cannot tell. */
  readonly freeBytes?: () => number;
  /** A program of ONNX bytes. Throws RunError where the engine does not accept them or its device does not answer. */
  load(model: Uint8Array, options?: LoadOptions): Promise<Program>;
  /** A program of values of one graph, whose outputs bear their names. Throws as `load`, GraphError for values that cannot be lowered. */
  compile(outputs: Readonly<Record<string, Value>>, options?: LoadOptions): Promise<Program>;
}
