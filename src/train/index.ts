/** Training: configuration, the compiled step, the loop, checkpoints, the run folder. */
export { type BatchSource, makeBatchSource, type PhaseImages } from "./batch-source.ts";
export { checkpointFile, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
export { toFlowWeights } from "./flow-weights.ts";
export { compileStep } from "./guarded-step.ts";
export type { HeldOutResult } from "./held-out.ts";
export { type Beginning, beginRun, type HeldRun, refuseBusy, takeRun } from "./held-run.ts";
export { classNamesOf } from "./image-classes.ts";
export { gatherImages, type ImageSplit, type RunImages, type RunSplits, splitRun } from "./image-split.ts";
export { compileLikelihoods, type Likelihoods } from "./likelihoods.ts";
export { type LoopInput, type LoopResult, type StepReport, trainModel } from "./loop.ts";
export {
  classification,
  classLikelihood,
  classOutlierLikelihood,
  type MarginLossSettings,
  marginLikelihood,
  maximumLikelihood,
  type Objective,
  outlierLikelihood,
  paperOutlierLoss,
  type Trainable,
} from "./objectives/index.ts";
export { type Checkpoint, type CheckpointStore, noProgress, type Progress } from "./progress.ts";
export { type RunRequest, type RunResult, runTraining } from "./run.ts";
export {
  cellFlowsPath,
  checkpointPath,
  currentRun,
  faultNetworksPath,
  hasBegun,
  hashesPath,
  imageSetNames,
  isRun,
  type RunRecord,
  readRun,
  runFolder,
  splitPath,
} from "./run-folder.ts";
export {
  adaptationBytes,
  adaptToData,
  type BatchInputs,
  type Measures,
  type StepResult,
  type TrainingState,
  type TrainingStep,
  zeroState,
} from "./step.ts";
export { updateVectors } from "./update.ts";
