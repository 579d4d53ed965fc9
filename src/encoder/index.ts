/** Experts on features of an encoder that a person brings, which is an ONNX file that makes maps or tokens of images. */

export {
  describeNote,
  type EncoderDescription,
  type EncoderNote,
  type EncoderRecord,
  encoderDescriptionSchema,
  encoderRecordSchema,
  type Tap,
} from "./description.ts";
export { type FeatureMap, type OpenEncoder, openEncoder } from "./features.ts";
export {
  type EncoderEvent,
  type EncoderWatch,
  type FittedEncoder,
  type FoldExperts,
  fitEncoderExpert,
  fitEncoderFolds,
  type GivenEncoder,
} from "./fitting.ts";
export { type InspectedEncoder, inspectEncoder } from "./inspection.ts";
export { openEncoderScorer } from "./node-scoring.ts";
export { secondsPerImage } from "./pass-time.ts";
export {
  fitPooledExpert,
  openPooledScorer,
  type PooledExpert,
  type PooledExpertRecord,
  type PooledSettings,
  pooledExpertSchema,
  pooledFeatures,
  pooledSettingsSchema,
  readPooledExpert,
  writePooledExpert,
} from "./pooled.ts";
export {
  type EncoderExpert,
  type EncoderExpertRecord,
  encoderExpertSchema,
  readEncoderExpert,
  tapsOf,
  trialOf,
  writeEncoderExpert,
} from "./record.ts";
export { type EncoderScore, type EncoderScorer, encoderScorerOn } from "./scoring.ts";
export { type EncoderMode, type EncoderSettings, encoderModes, encoderSettingsSchema } from "./settings.ts";
