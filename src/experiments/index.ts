/** The experiments of the paper, repeated: suites, plan, models, results, tables, page. */
export type { Method } from "./methods.ts";
export {
  type DetectorName,
  detectorNamesOf,
  modelFolder,
  trainedNames,
  trainingOf,
} from "./models.ts";
export type { Plan } from "./plan.ts";
export { quickstartShape, writeQuickstartImages, writeQuickstartParts } from "./quickstart-images.ts";
export { type QuickstartWish, quickstartRequest, usualQuickstartTime } from "./quickstart-request.ts";
export { type Reproduction, reproduce } from "./reproduction.ts";
export type { Budget, ReproductionRequest, ReproductionSettings } from "./request.ts";
export type { AccuracyResult, Expectation, MethodResult, ReproductionResults, SetResult, Summary } from "./results.ts";
export { type SuiteName, suiteNames } from "./suite-names.ts";
