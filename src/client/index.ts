/** A client of the service for Node and browsers. */
export {
  type Client,
  type ClientOptions,
  type ImageFile,
  openClient,
  type PredictWish,
  type ServedDetectorSummary,
  type ServedPrediction,
  type ServedPredictions,
  ServiceError,
} from "./client.ts";
