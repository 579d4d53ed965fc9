/** Training: configuration, the compiled step, the loop, checkpoints, the run folder. */
export { type Checkpoint, loadCheckpoint, noProgress, type Progress, saveCheckpoint } from "./checkpoint.ts";
export {
  type PhaseConfiguration,
  type PhaseName,
  parseConfiguration,
  type TrainingConfiguration,
  trainingSchema,
} from "./configuration.ts";
export { compileEvaluator, type Evaluator } from "./evaluation.ts";
export { gatherImages } from "./image-selection.ts";
export { type LoopInput, type LoopResult, type StepReport, trainFlow } from "./loop.ts";
export {
  createRun,
  type RunData,
  type RunRecord,
  type RunRequest,
  type RunResult,
  readRun,
  runFolder,
  runTraining,
  splitImages,
} from "./run.ts";
export {
  adaptToData,
  compileStep,
  type StepResult,
  type TrainingState,
  type TrainingStep,
  zeroState,
} from "./step.ts";
