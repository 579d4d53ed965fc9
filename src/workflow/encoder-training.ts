/** The expert on an encoder's features of a training: fitted to the images at their own size, in the mode that synthetic faults speak for. */
import { internalError } from "../base/index.ts";
import {
  type EncoderExpert,
  type EncoderMode,
  encoderModes,
  encoderSettingsSchema,
  type FittedEncoder,
  type FoldExperts,
  fitEncoderFolds,
  trialOf,
} from "../encoder/index.ts";
import { type FaultRecord, faultKinds, unseenOf } from "../faults/index.ts";
import { cutModel } from "../onnx/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { chooseExperts } from "../score/index.ts";
import type { Watch } from "./events.ts";
import type { TrainingPlan } from "./training-plan.ts";
import type { GroupedImages } from "./whole-images.ts";

/** An expert, its encoder cut to what it uses, and what the experts of single folds say. */
export interface TrainedEncoder {
  readonly expert: EncoderExpert;
  readonly model: Uint8Array<ArrayBuffer>;
  /** To be disposed of. */
  readonly folds: FoldExperts;
}

/** As many synthetic faults in all tell modes apart; few images get several each. */
const wishedTrials = 300;
const mostTrials = 6;

const usualFolds = 5;

/**
 * Fits the expert of a plan that has an encoder. With `faults` it is tried on the same folds, and on the kinds of synthetic faults that are new to the
 * networks of these. Throws ConfigError for too few different images, FormatError where an image has changed since the plan was made, RunError
 * where the engine fails, the signal's reason where it is aborted.
 */
export async function trainEncoder(
  { encoder, record }: TrainingPlan,
  { images, groups }: GroupedImages,
  faults: FaultRecord | undefined,
  { onEvent, signal }: Watch,
): Promise<TrainedEncoder> {
  if (!encoder || !record.encoder) throw internalError("an expert on the features of no encoder");
  const { seed, threads } = record.configuration;
  const given = { engine: nodeEngine({ threads }), model: encoder.model, record: encoder.record };
  const plan = record.encoder.mode;
  const modes: readonly EncoderMode[] = plan === "auto" ? encoderModes : [plan];
  const trials = Math.max(1, Math.min(mostTrials, Math.ceil(wishedTrials / images.names.length)));
  const folds = faults?.settings.folds ?? usualFolds;
  const fitted: { readonly mode: EncoderMode; readonly fit: FittedEncoder }[] = [];
  try {
    for (const mode of modes) {
      onEvent?.({ kind: "note", text: `encoder: comparing features ${wordsOf(mode)}` });
      const settings = encoderSettingsSchema.parse({ mode, folds, trials, seed });
      const fit = await fitEncoderFolds(images, given, settings, {
        signal,
        groups,
        ...(faults && { kindsOf: (position: number) => unseenOf(faults, position)?.kinds ?? faultKinds }),
        onEvent: (event) => {
          if (event.kind !== "encoded") return;
          const [done, total] = [event.done, event.count];
          onEvent?.({ kind: "progress", task: "measuring", subject: "features of normal images", done, total });
        },
      });
      onEvent?.({ kind: "settled" });
      fitted.push({ mode, fit });
    }
    const chosen = chooseMode(fitted, onEvent);
    for (const { fit } of fitted) if (fit !== chosen) await fit.folds.dispose();
    const taps = chosen.expert.record.encoder.taps.map(({ name }) => name);
    return { ...chosen, model: cutModel(encoder.model, taps) };
  } catch (error) {
    for (const { fit } of fitted) await fit.folds.dispose();
    throw error;
  }
}

/** The mode whose held-out synthetic faults stand out most. */
function chooseMode(
  fitted: readonly { readonly mode: EncoderMode; readonly fit: FittedEncoder }[],
  onEvent: Watch["onEvent"],
): FittedEncoder {
  const tried = fitted.map(({ mode, fit }) => trialOf(mode, fit.expert.record));
  const { experts } = chooseExperts(
    tried.map(({ trial }) => trial),
    tried[0]!.kinds,
  );
  const areaOf = ({ areas }: (typeof experts)[number]): number => areas.fault!;
  const best = experts.reduce((top, one, index) => (areaOf(one) > areaOf(experts[top]!) ? index : top), 0);
  const said = experts.map((one) => `${areaOf(one).toFixed(2)} ${one.name}`).join(" and ");
  const kept = experts.length > 1 ? `; ${experts[best]!.name} is kept` : "";
  onEvent?.({ kind: "note", text: `encoder: synthetic faults on held-out images have AUROC ${said}${kept}` });
  return fitted[best]!.fit;
}

function wordsOf(mode: EncoderMode): string {
  return { aligned: "place by place", unaligned: "with those of all places" }[mode];
}
