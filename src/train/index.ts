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
export { gatherImages, type ImageSplit, splitRun } from "./image-split.ts";
export { type LoopInput, type LoopResult, type StepReport, trainFlow } from "./loop.ts";
export { adoptGeneralModel, type RunRequest, type RunResult, runTraining } from "./run.ts";
export { createRun, isRun, makeRunFolder, type RunRecord, readRun, removeRun, runFolder } from "./run-folder.ts";
export { describeIssue } from "./schema-issue.ts";
export {
  adaptToData,
  compileStep,
  type StepResult,
  type TrainingState,
  type TrainingStep,
  zeroState,
} from "./step.ts";
