/** The engine: compile, run, buffers. The only importer of ONNX Runtime. */
export {
  type Buffer,
  compileGraph,
  engineVersion,
  executionProviders,
  loadProgram,
  type Program,
  type ProgramOptions,
} from "./program.ts";
