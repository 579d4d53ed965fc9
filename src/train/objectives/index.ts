/** What training can minimise. */
export { classification, classLikelihood, classOutlierLikelihood } from "./classes.ts";
export { maximumLikelihood } from "./likelihood.ts";
export { batchShape, type Measured, type Objective, type Trainable } from "./objective.ts";
export {
  type MarginLossSettings,
  marginLikelihood,
  outlierLikelihood,
  paperOutlierLoss,
} from "./outliers.ts";
