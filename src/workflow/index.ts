/** What a person wants done, as functions of plain data that tell events and can be called off. */
export {
  type CalibrationOutcome,
  type CalibrationRequest,
  recalibrate,
  type SettingOutcome,
  setDecision,
} from "./calibration.ts";
export { drawSheet, keepTop, type SheetImage } from "./contact-sheet.ts";
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
} from "./data-inspection.ts";
export { type DecisionPage, decisionPage, type PageParts, type SetKind } from "./decision-page.ts";
export {
  type Decision,
  type DecisionOptions,
  decisionOf,
  marksTogether,
  missingExpected,
  shortageOf,
  type WishedRule,
} from "./decisions.ts";
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
} from "./drift.ts";
export type { EngineSettings } from "./engine-settings.ts";
export {
  type ClassAccuracy,
  type DetailedEvaluation,
  type EvaluationReport,
  type EvaluationRequest,
  evaluate,
  evaluateInDetail,
  type SetReport,
} from "./evaluation.ts";
export { evaluationPage } from "./evaluation-page.ts";
export type { ScoredSet } from "./evaluation-sets.ts";
export { showEvaluation, showThreshold } from "./evaluation-text.ts";
export type { Watch, WorkflowEvent } from "./events.ts";
export { type ExportOutcome, type ExportRequest, exportDetector } from "./exporting.ts";
export { type FoundFiles, writeFound } from "./find-files.ts";
export { type FindRequest, type FindSettings, findRequestSchema, readFindRequest } from "./find-request.ts";
export { type FindOutcome, type FoundImage, type FoundPile, find } from "./finding.ts";
export { type ImageMaps, type LookedImage, type MapChoice, mapChoices, openImageMaps } from "./image-maps.ts";
export { type HandImage, type HandWish, type ImagesAtHand, judgeAtHand } from "./images-at-hand.ts";
export { writeFindings } from "./inspection-files.ts";
export { drawFindings, type FindingSheet } from "./inspection-sheets.ts";
export { showDescription } from "./inspection-text.ts";
export { type LoadedDetector, loadDetector, type MemoryImage } from "./loaded-detector.ts";
export type { MapMeasures, MapReport } from "./map-evaluation.ts";
export { mapPicture, mapWriter } from "./map-files.ts";
export {
  type ComparedScores,
  comparePair,
  type LabelledThresholds,
  type MeasuredEvaluation,
  type MetricValue,
  measureSet,
} from "./measures.ts";
export { addScores, type CalibrationSource, calibrationSource, type MoreScores } from "./more-scores.ts";
export { describeModel } from "./other-detectors.ts";
export type { MapListener, MappedImage } from "./place-scoring.ts";
export { fullSizeMap, heatRange, type PlacedSubject, type PlacedView, placedView } from "./placed-maps.ts";
export {
  byScore,
  judgeImages,
  type PredictedImage,
  type Prediction,
  type PredictionOptions,
  predict,
} from "./prediction.ts";
export { csvFormat, inPieces, jsonFormat, type TableFormat } from "./prediction-table.ts";
export { markingRate, usualFalseAlarm } from "./rate-advice.ts";
export { type DetectorFlow, openFlowRedrawer } from "./redrawing.ts";
export { checkpointTime, type RunningFlow, type SampleRequest, type Samples, sample, sampleRun } from "./sampling.ts";
export { type ListedScore, listScores, type ScoreList } from "./score-list.ts";
export {
  type HeatImage,
  type HeatListener,
  type MapSubject,
  mapSubject,
  nameOfMap,
  openScoreMapper,
  type ScoreMapper,
} from "./score-maps.ts";
export {
  openDetector,
  refuseGeneral,
  type ScoredBatch,
  type ScoredImages,
  type ScoringOptions,
  scoreImages,
  scoreSource,
} from "./scoring.ts";
export { trainNotes } from "./train-notes.ts";
export {
  readTrainRequest,
  type TrainRequest,
  type TrainSetting,
  type TrainSettings,
  trainRequestSchema,
} from "./train-request.ts";
export { checkTrainRequest } from "./train-rules.ts";
export { faultSheetName, type TrainingOutcome, train } from "./training.ts";
export { classifierSize } from "./training-configuration.ts";
export { trainingSeconds } from "./training-estimate.ts";
export { prepareTraining, type TrainingPlan } from "./training-plan.ts";
export { type DeviceVerdict, type Verification, type VerifyRequest, verifyDetector } from "./verifying.ts";
export type { WatchedRow } from "./watch-journal.ts";
export {
  type WatchListeners,
  type WatchRequest,
  type WatchSummary,
  watchFolder,
} from "./watching.ts";
export { checkWebhook, postNews } from "./webhook.ts";
export { type RuleSettings, wishedRule } from "./wished-rule.ts";
