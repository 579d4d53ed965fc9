/** The engine: compile, run, buffers, as an interface and on ONNX Runtime for Node, of which it is the only importer. */
export { tryDevice } from "./device-check.ts";
export { type DeviceFinding, findDevice, findDeviceApart, requireDevice } from "./device-findings.ts";
export type { Buffer, Engine, LoadOptions, Program } from "./engine.ts";
export { otherPlatforms, type PlatformFiles, removePlatforms } from "./engine-files.ts";
export { nodeEngine } from "./node-engine.ts";
export { compileGraph, engineVersion, loadProgram, type ProgramOptions } from "./program.ts";
