/** Local faults: synthetic faults, the detector that learns them, its maps and scores. */

export {
  type BatchPlan,
  batchInnermost,
  cropSide,
  drawBatch,
  drawCrop,
  type FaultBatch,
  type LevelImages,
  type PixelScale,
  pixelScale,
} from "./batches.ts";
export { type BegunFaults, readBegun, readBegunFaults, writeBegun, writeBegunFaults } from "./begun-training.ts";
export { type CellMap, meanMap, resampled, standardised, topMean } from "./cell-map.ts";
export { type CellFunction, type CellLogits, openCells } from "./cell-windows.ts";
export { drawFaultExamples, type FaultExample } from "./examples.ts";
export { cropPatch, exampleOf, type FaultPatch, maskedPatches } from "./fault-patches.ts";
export { assignFolds, kindsLeftOut } from "./folds.ts";
export {
  type ComparedPair,
  codeOfStructure,
  type Fingerprint,
  fingerprintOfStructure,
  groupImages,
  groupPairs,
  leastCorrelation,
  shiftedCorrelation,
} from "./groups.ts";
export { type JoinedGroups, singleGroups } from "./joined-groups.ts";
export { atLevels, commonLevels, type LevelSize, resized, withChannels } from "./levels.ts";
export { openLogits } from "./logits.ts";
export { type FaultNetwork, faultNetwork } from "./network.ts";
export { openFaultScorer } from "./node-scoring.ts";
export { faultDetection } from "./objective.ts";
export {
  type FaultDetector,
  type FaultRecord,
  faultRecordSchema,
  readFaultDetector,
  unseenOf,
  writeFaultNetworks,
} from "./record.ts";
export { type FaultScore, type FaultScorer, type FoldScore, faultScorerOn } from "./scoring.ts";
export { type FaultSettings, faultSettingsSchema } from "./settings.ts";
export { secondsPerStep } from "./step-time.ts";
export { codeLength, type LikelyPair, likelyPairs } from "./structure-codes.ts";
export type { Canvas, Mask } from "./synthetic/canvas.ts";
export { drawFault, type FaultyCrop } from "./synthetic/fault.ts";
export { type FaultKind, faultKinds, likeKind } from "./synthetic/kinds.ts";
export type { Example } from "./synthetic/likeness.ts";
export {
  calibrateFold,
  type FaultEvent,
  type FaultWatch,
  fallingRate,
  levelMoments,
  type NormalImages,
  readLevels,
  trainFaultDetector,
  trainNetwork,
} from "./training.ts";
export { drawOnImage, type FaultyImage, trialFaults } from "./trial.ts";
