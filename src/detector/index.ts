/** The saved detector: write, load, check, sample. What needs no Node is offered by `portable.ts` alone, too. */
export { ruleSchema } from "./calibration-schema.ts";
export { coderTerms } from "./coder-terms.ts";
export { copyDetector, type DetectorCopy } from "./copying.ts";
export { detectorFiles, type ModelName, manifestName, modelFiles, pendingName } from "./file-names.ts";
export type { FileReader } from "./file-reader.ts";
export {
  type FlowMapper,
  flowMaps,
  hasFlowMaps,
  openFlowMapper,
  type ScaleMap,
  scoreMap,
  type WeightedFlow,
} from "./flow-maps.ts";
export { loadDetectorFolder, loadManifest, loadWeights } from "./folder.ts";
export { folderReader } from "./folder-reader.ts";
export { writeDetector } from "./folder-writing.ts";
export type { GoldenComparison, GoldenListener } from "./golden.ts";
export {
  calibrationHalves,
  type JoiningHalves,
  type JoiningParts,
  type PlacedScores,
} from "./joining.ts";
export { type CoderMeasure, type Detector, type LoadingOptions, loadDetector, type TermsOptions } from "./loading.ts";
export { formatVersion, type Manifest, parseManifest } from "./manifest.ts";
export type { MeasuredSource } from "./measuring.ts";
export { presentFlows, presentModels } from "./models.ts";
export { readFaults, readManifest, readModelWeights } from "./reading.ts";
export {
  type CalibrationPart,
  type Recalibrated,
  replaceCalibration,
  undoCalibration,
} from "./recalibrating.ts";
export { openRedrawer, type Redrawer, type RedrawingOptions, redrawScales, type ScalesWish } from "./redrawing.ts";
export { type SamplingOptions, sampledModel, sampleImages } from "./sampling.ts";
export { detectorSources, measuredFor, namedSources, neededSources } from "./score-sources.ts";
export { scoringModel } from "./scoring-graph.ts";
export { packageVersion } from "./version.ts";
export type { DetectorParts, TrainedModel } from "./writing.ts";
