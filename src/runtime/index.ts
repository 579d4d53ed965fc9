/** The engine: compile, run, buffers. The only importer of ONNX Runtime. */
export { tryDevice } from "./device-check.ts";
export {
  type Buffer,
  compileGraph,
  engineVersion,
  loadProgram,
  type Program,
  type ProgramOptions,
} from "./program.ts";
