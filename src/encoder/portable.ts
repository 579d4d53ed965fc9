/**
 * The part of an expert on an encoder's features that runs anywhere: what is kept of it, and scoring, with the engine handed in. Neither Node nor a
 * native library is behind it, which a test holds it to.
 */
export {
  type EncoderExpert,
  type EncoderExpertRecord,
  encoderExpertSchema,
  readEncoderExpert,
  writeEncoderExpert,
} from "./record.ts";
export { type EncoderScore, type EncoderScorer, encoderScorerOn } from "./scoring.ts";
