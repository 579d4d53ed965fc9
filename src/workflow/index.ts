/** What a person wants done, as functions of plain data that tell events and can be called off. */

export {
  type Decision,
  type DecisionOptions,
  decisionOf,
  marksTogether,
  missingExpected,
  shortageOf,
  type WishedRule,
} from "./deciding/decisions.ts";
export { markingRate, usualFalseAlarm } from "./deciding/rate-advice.ts";
export { type RuleSettings, wishedRule } from "./deciding/wished-rule.ts";
export type { EngineSettings } from "./engine-settings.ts";
export type { Watch, WorkflowEvent } from "./events.ts";
export { type ExportOutcome, type ExportRequest, exportDetector } from "./exporting.ts";
export { type FoundFiles, writeFound } from "./finding/find-files.ts";
export { type FindRequest, type FindSettings, findRequestSchema, readFindRequest } from "./finding/find-request.ts";
export { type FindOutcome, type FoundImage, type FoundPile, find } from "./finding/finding.ts";
export {
  checkKinds,
  type DataDescription,
  type FindingKind,
  failedKinds,
  findingKinds,
  type InspectedData,
  inspectData,
  type NamedImage,
  type OddFinding,
  type SameFinding,
  type SetDescription,
  type Tally,
} from "./inspection/data-inspection.ts";
export { writeFindings } from "./inspection/inspection-files.ts";
export { drawFindings, type FindingSheet } from "./inspection/inspection-sheets.ts";
export { showDescription } from "./inspection/inspection-text.ts";
export {
  type CalibrationOutcome,
  type CalibrationRequest,
  recalibrate,
  type SettingOutcome,
  setDecision,
} from "./judging/calibration.ts";
export { type DecisionPage, decisionPage, type PageParts, type SetKind } from "./judging/decision-page.ts";
export {
  type ClassAccuracy,
  type DetailedEvaluation,
  type EvaluationReport,
  type EvaluationRequest,
  evaluate,
  evaluateInDetail,
  type SetReport,
} from "./judging/evaluation.ts";
export { evaluationPage } from "./judging/evaluation-page.ts";
export type { ScoredSet } from "./judging/evaluation-sets.ts";
export { showEvaluation, showThreshold } from "./judging/evaluation-text.ts";
export {
  type ComparedScores,
  comparePair,
  type LabelledThresholds,
  type MeasuredEvaluation,
  type MetricValue,
  measureSet,
} from "./judging/measures.ts";
export { type ImageMaps, type LookedImage, type MapChoice, mapChoices, openImageMaps } from "./maps/image-maps.ts";
export type { MapMeasures, MapReport } from "./maps/map-evaluation.ts";
export { mapPicture, mapWriter } from "./maps/map-files.ts";
export type { MapListener, MappedImage } from "./maps/place-scoring.ts";
export { type PlacedSubject, type PlacedView, placedView } from "./maps/placed-maps.ts";
export {
  type HeatImage,
  type HeatListener,
  type MapSubject,
  mapSubject,
  nameOfMap,
  openScoreMapper,
  type ScoreMapper,
} from "./maps/score-maps.ts";
export { drawSheet, drawTop, keepTop, type SheetImage } from "./scoring/contact-sheet.ts";
export { type HandImage, type HandWish, type ImagesAtHand, judgeAtHand } from "./scoring/images-at-hand.ts";
export { type LoadedDetector, loadDetector, type MemoryImage } from "./scoring/loaded-detector.ts";
export { addScores, type CalibrationSource, calibrationSource, type MoreScores } from "./scoring/more-scores.ts";
export {
  byScore,
  judgeImages,
  type PredictedImage,
  type Prediction,
  type PredictionOptions,
  predict,
} from "./scoring/prediction.ts";
export { csvFormat, inPieces, jsonFormat, type TableFormat } from "./scoring/prediction-table.ts";
export { type DetectorFlow, openFlowRedrawer } from "./scoring/redrawing.ts";
export {
  checkpointTime,
  type RunningFlow,
  type SampleRequest,
  type Samples,
  sample,
  sampleRun,
} from "./scoring/sampling.ts";
export { type ListedScore, listScores, type ScoreList } from "./scoring/score-list.ts";
export {
  openDetector,
  refuseGeneral,
  type ScoredBatch,
  type ScoredImages,
  type ScoringOptions,
  scoreImages,
  scoreSource,
} from "./scoring/scoring.ts";
export { describeModel } from "./training/other-detectors.ts";
export { trainNotes } from "./training/train-notes.ts";
export {
  readTrainRequest,
  type TrainRequest,
  type TrainSetting,
  type TrainSettings,
  trainRequestSchema,
} from "./training/train-request.ts";
export { checkTrainRequest } from "./training/train-rules.ts";
export { faultSheetName, type TrainingOutcome, train } from "./training/training.ts";
export { classifierSize } from "./training/training-configuration.ts";
export { trainingSeconds } from "./training/training-estimate.ts";
export type { TrainingPlan } from "./training/training-plan.ts";
export { prepareTraining } from "./training/training-preparation.ts";
export { type DeviceVerdict, type Verification, type VerifyRequest, verifyDetector } from "./verifying.ts";
export {
  beginDrift,
  columnContent,
  columnsOf,
  type DriftNews,
  type DriftRow,
  describeDrift,
  describeFinding,
  driftColumns,
  driftReferences,
  scoringIdentity,
} from "./watching/drift.ts";
export type { WatchedRow } from "./watching/watch-journal.ts";
export {
  type WatchListeners,
  type WatchRequest,
  type WatchSummary,
  watchFolder,
} from "./watching/watching.ts";
export { checkWebhook, postNews } from "./watching/webhook.ts";
