/** The saved detector: write, load, check, sample. */
export { coderTerms } from "./coder-terms.ts";
export {
  type Detector,
  type DetectorParts,
  detectorFiles,
  loadDetector,
  loadManifest,
  loadWeights,
  type TrainedModel,
  writeDetector,
} from "./detector.ts";
export { formatVersion, type Manifest, manifestName } from "./manifest.ts";
export { type ModelName, presentFlows, presentModels } from "./models.ts";
export { type RedrawingOptions, redrawScales } from "./redrawing.ts";
export { type SamplingOptions, sampledModel, sampleImages } from "./sampling.ts";
export { detectorSources } from "./score-sources.ts";
export { scoringModel } from "./scoring.ts";
export { packageVersion } from "./version.ts";
