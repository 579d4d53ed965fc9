/** The experts on an encoder's features of a training: fitted to the images at their own size, in both modes unless one is asked for. */
import { internalError } from "../../base/index.ts";
import {
  type EncoderMode,
  type EncoderSettings,
  encoderModes,
  encoderSettingsSchema,
  type FittedEncoder,
  fitEncoderFolds,
  type GivenEncoder,
  secondsPerImage,
  tapsOf,
  trialOf,
} from "../../encoder/index.ts";
import { type FaultRecord, faultKinds, type NormalImages, unseenOf } from "../../faults/index.ts";
import { cutModel } from "../../onnx/index.ts";
import { nodeEngine } from "../../runtime/index.ts";
import { chooseExperts } from "../../score/index.ts";
import type { Watch } from "../events.ts";
import type { TrainingPlan } from "./training-plan.ts";
import type { GroupedImages } from "./whole-images.ts";

/** An expert, its encoder cut to what is used, and what the experts of single folds say. */
export interface TrainedEncoder extends FittedEncoder {
  readonly model: Uint8Array<ArrayBuffer>;
  /** The same features compared in the other way, where both ways are compared. */
  readonly other?: FittedEncoder | undefined;
}

/** As many synthetic faults in all tell modes apart; few images get several each. */
const wishedTrials = 100;
const mostTrials = 6;

const usualFolds = 5;

/** Steps of the small flow where it is wanted. */
const usualFlowSteps = 300;

/** Sides that images may have before the encoder where it takes any, in pixels: the largest for which there is time. */
const sides = [384, 320, 256] as const;

/** Images become larger than the smallest of these only up to so many times their own size. */
const mostEnlargement = 1.5;

/** Images that pass beside the normal ones: those that principal components are found from, and the trials of the joined score. */
const otherPasses = 540;

/** Seconds for what comes after a pass, an image: principal components, distances, drawing a fault. */
const secondsBeside = 0.015;

/**
 * Fits the experts of a plan that has an encoder, as large as time allows. With `faults` they are tried on the same folds, and on the kinds of synthetic
 * faults that are new to the networks of these. Where features may be compared in both ways, the first expert is the one whose trials stand out more. Throws
 * ConfigError for too few different images, FormatError where an image has changed since the plan was made, RunError where the engine fails, the
 * signal's reason where it is aborted.
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
  const { mode: plan, seconds } = record.encoder;
  const modes: readonly EncoderMode[] = plan === "auto" ? encoderModes : [plan];
  const count = images.names.length;
  const settingsOf = (mode: EncoderMode, side: number): EncoderSettings =>
    encoderSettingsSchema.parse({
      ...{ mode, seed, side, largest: side, folds: faults?.settings.folds ?? usualFolds },
      trials: Math.max(1, Math.min(mostTrials, Math.ceil(wishedTrials / count))),
      flowSteps: mode === "aligned" && record.encoder?.flow ? usualFlowSteps : 0,
      tryEvery: Math.max(1, Math.floor(count / wishedTrials)),
    });
  const side = await sideFor(seconds, given, images, modes, settingsOf);
  const fitted: FittedEncoder[] = [];
  try {
    for (const mode of modes) {
      onEvent?.({ kind: "note", text: `encoder: comparing features ${wordsOf(mode)}` });
      const fit = await fitEncoderFolds(images, given, settingsOf(mode, side), {
        signal,
        groups,
        ...(faults && { kindsOf: (position: number) => unseenOf(faults, position)?.kinds ?? faultKinds }),
        onEvent: (event) => {
          if (event.kind === "flow") {
            const text = `encoder: a flow on whitened features makes held-out cells ${event.gain.toFixed(2)} nats likelier${event.kept ? "" : ": it is left out"}`;
            onEvent?.({ kind: "note", text });
          }
          if (event.kind !== "encoded") return;
          const [done, total] = [event.done, event.count];
          onEvent?.({ kind: "progress", task: "measuring", subject: "features of normal images", done, total });
        },
      });
      onEvent?.({ kind: "settled" });
      fitted.push(fit);
    }
    const [first, other] = inOrder(fitted, onEvent);
    const taps = new Set([first, other].flatMap((fit) => (fit ? tapsOf(fit.expert.record) : [])));
    return {
      ...first!,
      other,
      model: cutModel(
        encoder.model,
        [...taps].map(({ name }) => name),
      ),
    };
  } catch (error) {
    for (const fit of fitted) await fit.folds.dispose();
    throw error;
  }
}

/** The largest side that is not far beyond the images' own at which all pass in time, by a pass of one here; the smallest where none will do. */
async function sideFor(
  seconds: number | null,
  given: GivenEncoder,
  { names, read }: NormalImages,
  modes: readonly EncoderMode[],
  settingsOf: (mode: EncoderMode, side: number) => EncoderSettings,
): Promise<number> {
  if (given.record.size) return sides[0];
  const image = await read(0);
  const most = mostEnlargement * Math.sqrt(image.height * image.width);
  const fitting = sides.filter((side) => side <= most);
  if (seconds === null) return fitting[0] ?? sides.at(-1)!;
  for (const side of fitting) {
    let needed = 0;
    for (const mode of modes) {
      const settings = settingsOf(mode, side);
      const own = names.length + (settings.trials * names.length) / settings.tryEvery;
      needed += (own + otherPasses) * (secondsBeside + (await secondsPerImage(given, settings, image)));
    }
    if (needed <= seconds) return side;
  }
  return sides.at(-1)!;
}

/** The experts, the one first whose held-out synthetic faults stand out most. */
function inOrder(fitted: readonly FittedEncoder[], onEvent: Watch["onEvent"]): readonly FittedEncoder[] {
  const tried = fitted.map(({ expert: { record } }) => trialOf(record.settings.mode, record));
  const { experts } = chooseExperts(
    tried.map(({ trial }) => trial),
    tried[0]!.kinds,
  );
  const order = [...experts.keys()].sort((a, b) => experts[b]!.areas.fault! - experts[a]!.areas.fault!);
  const said = experts.map(({ areas, name }) => `${areas.fault!.toFixed(2)} ${name}`).join(" and ");
  const best =
    order.length > 1 ? `; ${experts[order[0]!]!.name} is kept, the other where the joined score hears it` : "";
  onEvent?.({ kind: "note", text: `encoder: synthetic faults on held-out images have AUROC ${said}${best}` });
  return order.map((index) => fitted[index]!);
}

function wordsOf(mode: EncoderMode): string {
  return { aligned: "place by place", unaligned: "with those of all places" }[mode];
}
