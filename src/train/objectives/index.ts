/** What training can minimise. */
export { maximumLikelihood } from "./likelihood.ts";
export { batchShape, type Measured, type Objective, type Trainable } from "./objective.ts";
export {
  type MarginLossSettings,
  marginLikelihood,
  outlierLikelihood,
  paperOutlierLoss,
} from "./outliers.ts";
