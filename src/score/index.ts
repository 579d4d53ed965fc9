/** Per-image scores, calibration and metrics: numbers in, numbers out. Pure. */

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
} from "./calibrating/calibration.ts";
export {
  calibrateByGroup,
  type GroupCalibration,
  leastGroupSplit,
  oneReferencePerGroup,
} from "./calibrating/calibration-by-group.ts";
export { type CalibrationDoubt, calibrationDoubts, describeDoubt } from "./calibrating/calibration-doubts.ts";
export {
  type ConditionalBounds,
  conditionalPValues,
  levelBounds,
  simesBounds,
} from "./calibrating/conditional-calibration.ts";
export {
  type Decision,
  type DecisionRule,
  decideBy,
  isMarked,
  markedAtMost,
} from "./calibrating/decision-rules.ts";
export { beyondChance, type FalseAlarmTails, falseAlarmTails } from "./calibrating/false-alarm-check.ts";
export {
  adjustedPValues,
  type Discoveries,
  discoveries,
  referencesForDiscovery,
} from "./calibrating/false-discovery.ts";
export {
  type GroupReference,
  groupPValues,
  groupReference,
  groupSteps,
  groupThreshold,
  highestPerGroup,
  splitByGroup,
} from "./calibrating/group-calibration.ts";
export { type ExpertTrials, leastJoinedImages } from "./calibrating/joined.ts";
export { calibrateHeldOut, leastHalved, leftOutTogether } from "./calibrating/leave-out-calibration.ts";
export { leastImagesFor, type Resolution, resolutionOf, steadyImagesFor } from "./calibrating/resolution.ts";
export { type AnyRule, describeRule, describeShortage, ruleLabel } from "./calibrating/rule-words.ts";
export { waicScores } from "./definitions/ensemble-scores.ts";
export { choiceIn, type FitKind, type FitOf, type ScoreFit, type ScoreFits } from "./definitions/fits.ts";
export { type GradientFit, logSquare } from "./definitions/gradient-scores.ts";
export {
  type Density,
  fitHierarchy,
  type HierarchyFit,
  hierarchyFeatureNames,
  hierarchyScores,
  leastHierarchyImages,
} from "./definitions/hierarchy.ts";
export { latentStatistics } from "./definitions/latent-fit.ts";
export type { ScoreDefinition, ScoreUnit, TermSum } from "./definitions/score-definition.ts";
export {
  computable,
  computableScoreNames,
  computeScore,
  defaultScoreName,
  isFitted,
  mappedScoreName,
  type ScoreColumn,
  scoreDefinition,
  scoreDefinitions,
  scoreNames,
  sourcesNeeded,
  spokesmenOf,
  unitOf,
} from "./definitions/scores.ts";
export {
  fitStateDensity,
  type KernelDensity,
  type StateDensityFit,
  stateDensityScores,
} from "./definitions/state-density.ts";
export {
  fitTypicality,
  scaleTypicality,
  type TypicalityFit,
  typicalityScores,
  worstScaleTypicality,
} from "./definitions/typicality.ts";
export { type WhiteningFit, whiteningKernel } from "./definitions/whitening.ts";
export { leastDriftReferences, type MartingaleState } from "./drift/drift-martingale.ts";
export {
  advanceWatch,
  compareWindow,
  type DriftColumns,
  type DriftFinding,
  type DriftWatch,
  driftFindings,
  scaleContent,
  startWatch,
} from "./drift/drift-watch.ts";
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
} from "./joining/expert-choice.ts";
export { learnWeights } from "./joining/join-weights.ts";
export { type JoinRule, type JointReference, jointPValues } from "./joining/joined-scores.ts";
export { aurocInterval, defaultResamples } from "./judging/bootstrap.ts";
export { compareAuroc, delongAuroc } from "./judging/delong.ts";
export { type Evaluation, type EvaluationSubject, evaluateScores } from "./judging/evaluation.ts";
export {
  type BestF1,
  bestF1,
  type DetectionThreshold,
  type DetectionWish,
  type Operation,
  operations,
  thinOperations,
  thresholdForDetection,
} from "./judging/labelled-decisions.ts";
export {
  defaultProLimit,
  labelRegions,
  type MaskedMap,
  type MaskRegions,
  perRegionOverlap,
  pixelAuroc,
  type RegionRecall,
  regionRecall,
} from "./judging/map-metrics.ts";
export {
  type MetricDefinition,
  type MetricName,
  measureMetric,
  metricDefinitions,
  metricNames,
} from "./judging/metric-definitions.ts";
export {
  auroc,
  averagePrecision,
  fpr95AnomalousPositive,
  fpr95NormalPositive,
  spearmanCorrelation,
} from "./judging/metrics.ts";
export {
  compareScores,
  type ImageGroups,
  type MeasuredMetric,
  measureMetrics,
  metricInterval,
  type ResampleOptions,
} from "./judging/resampling.ts";
export { describeComparison, type ScoreComparison } from "./judging/score-comparison.ts";
export { layoutDistances } from "./piles/layout.ts";
export { learnFilters, localFeatures } from "./piles/local-features.ts";
export { neighbourDistances } from "./piles/neighbours.ts";
export {
  findOddities,
  type OddImage,
  type OddityKind,
  oddityKinds,
  oddness,
  robustDeviations,
  type SetStatistics,
} from "./piles/oddities.ts";
export { joinShares, leastOf, sharesOf } from "./piles/pile-ranks.ts";
export { trimmedScores } from "./piles/pile-scores.ts";
export { featureRows, type LookedHalf, type SecondLook, secondLook } from "./piles/second-look.ts";
export { learnTurns, tellTurns, turnWeight } from "./piles/turns.ts";
export { countBelow, countLeading, countUpTo } from "./statistics/bisection.ts";
export { type Eigenpair, symmetricEigenpairs } from "./statistics/eigenvalues.ts";
export { type GroupMembers, groupMembers } from "./statistics/group-members.ts";
export { type Histogram, histogram, histogramEdges } from "./statistics/histogram.ts";
export { type Interval, intervalCoverage } from "./statistics/interval.ts";
export type { Marginal } from "./statistics/marginals.ts";
export { boxPierceLags } from "./statistics/noise-statistics.ts";
export { quantile, type ScoreSets } from "./statistics/ranking.ts";
export { shareInterval } from "./statistics/special-functions.ts";
export { compareSamples, type TwoSampleTest } from "./statistics/two-sample.ts";
export { type ClassTable, classAccuracy, classPosteriors, makeClassTable, predictedClasses } from "./tables/classes.ts";
export { byCoder, type CoderName, type CoderSizes, coderNames } from "./tables/coders.ts";
export type { FaultTable } from "./tables/fault-table.ts";
export { type PixelTable, selectPixels } from "./tables/pixel-table.ts";
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
} from "./tables/sources.ts";
export { makeStatisticTable, type StatisticTable } from "./tables/statistic-table.ts";
export {
  bitsPerDimension,
  joinTermTables,
  logLikelihoods,
  makeTermTable,
  piecesOf,
  scaleSums,
  type TermTable,
  termsPerScale,
  termWidth,
} from "./tables/term-table.ts";
export { eachSource, joinModelTerms, type ModelTerms, selectTerms, storedTerms } from "./tables/terms.ts";
