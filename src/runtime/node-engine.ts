/** The engine on ONNX Runtime for Node. */
import type { Engine, LoadOptions } from "./engine.ts";
import { compileGraph, engineVersion, loadProgram, type ProgramOptions } from "./program.ts";

/** An engine whose programs run with these threads on this device. The native library loads when it is first asked for something. */
export function nodeEngine(settings: Omit<ProgramOptions, keyof LoadOptions>): Engine {
  return {
    get version() {
      return engineVersion();
    },
    load: (model, options) => loadProgram(model, { ...settings, ...options }),
    compile: (outputs, options) => compileGraph(outputs, { ...settings, ...options }),
  };
}
