/** A client of the service for Node and browsers. */
export {
  type Client,
  type ClientOptions,
  type ImageFile,
  openClient,
  type PredictWish,
  type ServedDetectorSummary,
  type ServedDrift,
  type ServedPrediction,
  type ServedPredictions,
  type ServedThreshold,
  ServiceError,
  type ThresholdWish,
} from "./client.ts";
