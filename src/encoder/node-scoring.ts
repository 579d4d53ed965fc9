/** An expert at work with an encoder as it was given, which is checked. */
import type { Engine } from "../runtime/index.ts";
import { checkEncoder } from "./inspection.ts";
import type { EncoderExpert } from "./record.ts";
import { type EncoderScorer, encoderScorerOn } from "./scoring.ts";

/** Opens an expert with its encoder's bytes. Throws FormatError where these are another encoder's. */
export async function openEncoderScorer(
  engine: Engine,
  model: Uint8Array,
  expert: EncoderExpert,
): Promise<EncoderScorer> {
  checkEncoder(model, expert.record.encoder);
  return encoderScorerOn(engine, model, expert);
}
