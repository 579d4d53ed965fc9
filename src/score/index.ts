/** Per-image scores, calibration and metrics: numbers in, numbers out. Pure. */
export { aurocInterval, defaultResamples, type Interval, intervalCoverage } from "./bootstrap.ts";
export {
  type Calibration,
  calibrate,
  checkCalibrated,
  decide,
  leastCalibrationSplit,
  pValues,
  scoreThreshold,
  smallestFalseAlarm,
} from "./calibration.ts";
export { type ClassTable, classAccuracy, classPosteriors, makeClassTable, predictedClasses } from "./classes.ts";
export { type Evaluation, type EvaluationSubject, evaluateScores } from "./evaluation.ts";
export {
  fitHierarchy,
  type HierarchyFit,
  hierarchyFeatureNames,
  hierarchyScores,
  leastHierarchyImages,
} from "./hierarchy.ts";
export { type Histogram, histogram, histogramEdges } from "./histogram.ts";
export {
  auroc,
  averagePrecision,
  fpr95AnomalousPositive,
  fpr95NormalPositive,
  spearmanCorrelation,
} from "./metrics.ts";
export { quantile, type ScoreSets } from "./ranking.ts";
export {
  computableScoreNames,
  computeScore,
  defaultScoreName,
  type ScoreColumn,
  type ScoreDefinition,
  type ScoreFits,
  scoreDefinition,
  scoreDefinitions,
  scoreNames,
} from "./scores.ts";
export { type ScoreSource, sourcesOf } from "./sources.ts";
export {
  bitsPerDimension,
  byCoder,
  type CoderName,
  coderNames,
  joinModelTerms,
  joinTermTables,
  logLikelihoods,
  type ModelTerms,
  makeTermTable,
  scaleSums,
  selectTerms,
  type TermTable,
  termsPerScale,
} from "./terms.ts";
