/**
 * The part of a detector that runs anywhere: parse, check, score and sample, with files and engine handed in. A browser page takes it from
 * here; neither Node nor a native library is behind it, which a test holds it to.
 */
export { checksumOf } from "./checksum.ts";
export { copyDetector, type DetectorCopy } from "./copying.ts";
export { detectorFiles, type ModelName, manifestName } from "./file-names.ts";
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
export type { GoldenComparison, GoldenListener } from "./golden.ts";
export { type CoderMeasure, type Detector, type LoadingOptions, loadDetector, type TermsOptions } from "./loading.ts";
export { formatVersion, type Manifest, parseManifest } from "./manifest.ts";
export type { MeasuredSource } from "./measuring.ts";
export { presentFlows, presentModels } from "./models.ts";
export { readManifest, readModelWeights } from "./reading.ts";
export { type RedrawingOptions, redrawScales } from "./redrawing.ts";
export { type SamplingOptions, sampledModel, sampleImages, withLatents } from "./sampling.ts";
export { detectorSources, measuredFor, namedSources } from "./score-sources.ts";
export { packageVersion } from "./version.ts";
export { type DetectorParts, type MadeDetector, makeDetector, type TrainedModel } from "./writing.ts";
