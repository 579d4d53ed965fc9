/** Per-image scores, calibration and metrics: numbers in, numbers out. Pure. */
export { aurocInterval, defaultResamples, type Interval, intervalCoverage } from "./bootstrap.ts";
export {
  type Calibration,
  calibrate,
  decide,
  leastCalibrationSplit,
  pValues,
  scoreThreshold,
  smallestFalseAlarm,
} from "./calibration.ts";
export { type Evaluation, type EvaluationSubject, evaluateScores } from "./evaluation.ts";
export {
  fitHierarchy,
  type HierarchyFit,
  hierarchyFeatureNames,
  hierarchyScores,
  leastHierarchyImages,
} from "./hierarchy.ts";
export {
  auroc,
  averagePrecision,
  fpr95AnomalousPositive,
  fpr95NormalPositive,
  spearmanCorrelation,
} from "./metrics.ts";
export type { ScoreSets } from "./ranking.ts";
export {
  computeScore,
  defaultScoreName,
  type ScoreColumn,
  type ScoreDefinition,
  type ScoreFits,
  scoreDefinition,
  scoreDefinitions,
  scoreNames,
} from "./scores.ts";
export {
  bitsPerDimension,
  joinTermTables,
  logLikelihoods,
  type ModelTerms,
  makeTermTable,
  scaleSums,
  selectTerms,
  type TermTable,
  termsPerScale,
} from "./terms.ts";
