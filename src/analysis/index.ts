/** What the models of detectors see in data: terms of several sets of images as charts, pictures, one page and JSON. */
export { type AnalysisReport, type AnalysisRequest, analyze, nameDetectors } from "./analysis.ts";
export {
  type AnalysisSource,
  type AnalyzedDetector,
  type AnalyzedSet,
  analyzeSet,
  limitSource,
  scoreOf,
} from "./analyzed-sets.ts";
export { type DetectorEvaluation, type ModelPair, scaleFigures, scoreFigures } from "./charts.ts";
export { type AnalysisFigure, fileNamePart, writeFigures } from "./figures.ts";
export { redrawnFigures, sampleFigures, sortedFigures } from "./pictures.ts";
