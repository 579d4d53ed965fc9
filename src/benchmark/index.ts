/** How fast the engine is here, and whether it computes what it should. */
export {
  type BenchmarkEngine,
  type BenchmarkReport,
  type BenchmarkRequest,
  type CaseResult,
  type OtherMeasurement,
  type OtherProgram,
  runBenchmark,
} from "./benchmark.ts";
export { type BenchmarkCase, benchmarkCases, caseNamed } from "./cases.ts";
export { type CaseProfile, type Measurement, matrixRate, type ProfileRow, profileCase } from "./measurement.ts";
export { type EngineCheck, testEngine } from "./self-test.ts";
export { showBenchmark, showProfile } from "./tables.ts";
