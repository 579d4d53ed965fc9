/** The engine on ONNX Runtime for Node. */
import { freemem } from "node:os";
import type { Engine, LoadOptions } from "./engine.ts";
import { compileGraph, engineVersion, loadProgram, type ProgramOptions } from "./program.ts";

/** An engine whose programs run with these threads on this device. The native library loads when it is first asked for something. */
export function nodeEngine(settings: Omit<ProgramOptions, keyof LoadOptions>): Engine {
  return {
    get version() {
      return engineVersion();
    },
    freeBytes,
    load: (model, options) => loadProgram(model, { ...settings, ...options }),
    compile: (outputs, options) => compileGraph(outputs, { ...settings, ...options }),
  };
}

/** Bytes that this process may still take: of the machine, or of the container that it runs in. */
function freeBytes(): number {
  const { availableMemory } = process as { readonly availableMemory?: () => number };
  return availableMemory?.() ?? freemem();
}
