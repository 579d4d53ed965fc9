/** Per-image scores, calibration and metrics: numbers in, numbers out. Pure. */
export { aurocInterval, defaultResamples, type Interval, intervalCoverage } from "./bootstrap.ts";
export {
  type Calibration,
  calibrate,
  checkCalibrated,
  decide,
  halvesOf,
  leastCalibrationSplit,
  pValues,
  referenceCount,
  scoreThreshold,
  smallestFalseAlarm,
  withJoined,
  withReferences,
} from "./calibration.ts";
export {
  calibrateByGroup,
  type GroupCalibration,
  leastGroupSplit,
  oneReferencePerGroup,
} from "./calibration-by-group.ts";
export { type CalibrationDoubt, calibrationDoubts, describeDoubt } from "./calibration-doubts.ts";
export { type ClassTable, classAccuracy, classPosteriors, makeClassTable, predictedClasses } from "./classes.ts";
export { byCoder, type CoderName, type CoderSizes, coderNames } from "./coders.ts";
export { type ConditionalBounds, conditionalPValues, levelBounds, simesBounds } from "./conditional-calibration.ts";
export {
  type Decision,
  type DecisionRule,
  decideBy,
  isMarked,
  markedAtMost,
} from "./decision-rules.ts";
export { compareAuroc, delongAuroc } from "./delong.ts";
export { leastDriftReferences, type MartingaleState } from "./drift-martingale.ts";
export {
  advanceWatch,
  compareWindow,
  type DriftColumns,
  type DriftFinding,
  type DriftWatch,
  driftFindings,
  scaleContent,
  startWatch,
} from "./drift-watch.ts";
export { type Eigenpair, symmetricEigenpairs } from "./eigenvalues.ts";
export { waicScores } from "./ensemble-scores.ts";
export { type Evaluation, type EvaluationSubject, evaluateScores } from "./evaluation.ts";
export {
  type ChosenExpert,
  chooseExperts,
  type ExpertChoice,
  type ExpertTrial,
  type JoinedScores,
  type JointRule,
  joinScores,
  refitChoice,
  type TrialKind,
} from "./expert-choice.ts";
export { beyondChance, type FalseAlarmTails, falseAlarmTails } from "./false-alarm-check.ts";
export { adjustedPValues, type Discoveries, discoveries, referencesForDiscovery } from "./false-discovery.ts";
export type { FaultTable } from "./fault-table.ts";
export { choiceIn, type FitKind, type FitOf, type ScoreFit, type ScoreFits } from "./fits.ts";
export { type GradientFit, logSquare } from "./gradient-scores.ts";
export {
  type GroupMembers,
  type GroupReference,
  groupMembers,
  groupPValues,
  groupReference,
  groupSteps,
  groupThreshold,
  highestPerGroup,
  splitByGroup,
} from "./group-calibration.ts";
export {
  type Density,
  fitHierarchy,
  type HierarchyFit,
  hierarchyFeatureNames,
  hierarchyScores,
  leastHierarchyImages,
} from "./hierarchy.ts";
export { type Histogram, histogram, histogramEdges } from "./histogram.ts";
export { learnWeights } from "./join-weights.ts";
export { type ExpertTrials, leastJoinedImages } from "./joined.ts";
export { type JoinRule, type JointReference, jointPValues } from "./joined-scores.ts";
export {
  type BestF1,
  bestF1,
  type DetectionThreshold,
  type DetectionWish,
  type Operation,
  operations,
  thinOperations,
  thresholdForDetection,
} from "./labelled-decisions.ts";
export { latentStatistics } from "./latent-fit.ts";
export { layoutDistances } from "./layout.ts";
export { calibrateHeldOut, leastHalved, leftOutTogether } from "./leave-out-calibration.ts";
export {
  defaultProLimit,
  labelRegions,
  type MaskedMap,
  type MaskRegions,
  perRegionOverlap,
  pixelAuroc,
  type RegionRecall,
  regionRecall,
} from "./map-metrics.ts";
export type { Marginal } from "./marginals.ts";
export {
  type MetricDefinition,
  type MetricName,
  measureMetric,
  metricDefinitions,
  metricNames,
} from "./metric-definitions.ts";
export {
  auroc,
  averagePrecision,
  fpr95AnomalousPositive,
  fpr95NormalPositive,
  spearmanCorrelation,
} from "./metrics.ts";
export { boxPierceLags } from "./noise-statistics.ts";
export {
  findOddities,
  leastDeviations,
  type OddImage,
  type OddityKind,
  oddityKinds,
  oddness,
  robustDeviations,
  type SetStatistics,
} from "./oddities.ts";
export { joinShares, leastOf, sharesOf } from "./pile-ranks.ts";
export { trimmedScores } from "./pile-scores.ts";
export type { PixelTable } from "./pixel-table.ts";
export { quantile, type ScoreSets } from "./ranking.ts";
export {
  compareScores,
  type ImageGroups,
  type MeasuredMetric,
  measureMetrics,
  metricInterval,
  type ResampleOptions,
} from "./resampling.ts";
export { leastImagesFor, type Resolution, resolutionOf, steadyImagesFor } from "./resolution.ts";
export { type AnyRule, describeRule, describeShortage, ruleLabel } from "./rule-words.ts";
export { describeComparison, type ScoreComparison } from "./score-comparison.ts";
export type { ScoreDefinition, ScoreUnit, TermSum } from "./score-definition.ts";
export {
  computable,
  computableScoreNames,
  computeScore,
  defaultScoreName,
  isFitted,
  type ScoreColumn,
  scoreDefinition,
  scoreDefinitions,
  scoreNames,
  sourcesNeeded,
  spokesmenOf,
  unitOf,
} from "./scores.ts";
export { featureRows, type LookedHalf, type SecondLook, secondLook } from "./second-look.ts";
export {
  describeScoreSource,
  isExtra,
  isOnDemand,
  isPlaced,
  type OnDemandSource,
  type PlacedSource,
  placedNames,
  type ScoreSource,
  type SourceCost,
  type SourceTables,
  type StoredTable,
  scoreSources,
  sourcesOf,
} from "./sources.ts";
export { shareInterval } from "./special-functions.ts";
export { fitStateDensity, type KernelDensity, type StateDensityFit, stateDensityScores } from "./state-density.ts";
export { makeStatisticTable, type StatisticTable } from "./statistic-table.ts";
export {
  bitsPerDimension,
  joinTermTables,
  logLikelihoods,
  makeTermTable,
  scaleSums,
  type TermTable,
  termsPerScale,
} from "./term-table.ts";
export { eachSource, joinModelTerms, type ModelTerms, selectTerms, storedTerms } from "./terms.ts";
export { compareSamples, type TwoSampleTest } from "./two-sample.ts";
export {
  fitTypicality,
  scaleTypicality,
  type TypicalityFit,
  typicalityScores,
  worstScaleTypicality,
} from "./typicality.ts";
export { type WhiteningFit, whiteningKernel } from "./whitening.ts";
