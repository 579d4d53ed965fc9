/** The engine: compile, run, buffers. The only importer of ONNX Runtime. */
export {
  allocate,
  type Buffer,
  compileGraph,
  loadProgram,
  type Optimization,
  type Program,
  type ProgramOptions,
} from "./program.ts";
