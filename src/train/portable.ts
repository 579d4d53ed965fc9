/** What of training runs anywhere, with engine, images and the keeping of checkpoints handed in. A browser page takes it from here. */
export { type BatchIngredients, type BatchSource, makeBatchSource, type PhaseImages } from "./batch-source.ts";
export { gatherImages, type ImageSplit, type RunImages, type RunSplits, splitRun } from "./image-split.ts";
export { type LoopInput, type LoopResult, type StepReport, trainModel } from "./loop.ts";
export { objectiveOf } from "./objective-choice.ts";
export { type Checkpoint, type CheckpointStore, noProgress, type Progress } from "./progress.ts";
