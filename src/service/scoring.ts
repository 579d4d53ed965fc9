/** From images to what is said of them: batched, scored elsewhere, judged here by the detector's calibration. */
import { setting } from "../base/index.ts";
import { checkCalibrated, pValues } from "../score/index.ts";
import { type Decision, decisionOf, marksTogether } from "../workflow/index.ts";
import type { Batcher } from "./batching.ts";
import type { ServedDetector } from "./catalogue.ts";
import type { DriftBook } from "./drift.ts";
import type { Metrics } from "./metrics.ts";
import { badRequest, Refusal, tooLarge } from "./refusals.ts";
import type { WorkerImage } from "./worker-messages.ts";

/** What is said of an image. */
export interface JudgedImage {
  /** The chosen score, higher = more anomalous, nats. */
  readonly score: number;
  readonly pValue: number;
  readonly anomalous: boolean;
  /** Where the score joins others, the one that stands out most. */
  readonly spokesman?: string;
  readonly scores: Readonly<Record<string, number>>;
  readonly predictedClass?: string | null;
  readonly classProbability?: number | null;
  /** The picture of its map, a PNG. */
  readonly map?: Uint8Array;
}

/** What is wanted of images. */
export interface ScoringWish {
  readonly images: readonly WorkerImage[];
  /** What they are called in messages. */
  readonly names?: readonly string[] | undefined;
  /** The score that decides; default: the detector's. */
  readonly score?: string | undefined;
  readonly falseAlarm?: number | undefined;
  readonly coders: boolean;
  /** Whether maps are drawn, for the score that decides. */
  readonly maps?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Scores and judges images. Throws Refusal, ConfigError for a score or a rate that cannot be. */
export async function scoreImages(
  { batcher, metrics, drift }: { readonly batcher: Batcher; readonly metrics: Metrics; readonly drift: DriftBook },
  detector: ServedDetector,
  wish: ScoringWish,
): Promise<{ readonly decision: Decision; readonly images: readonly JudgedImage[] }> {
  const { images, names, coders, maps = false, signal } = wish;
  const { id, key, manifest } = detector;
  const { calibration } = manifest;
  const decision = decisionOf({ manifest }, { score: wish.score, falseAlarm: wish.falseAlarm }, images.length);
  const chosen = decision.score;
  checkCalibrated(calibration, chosen);
  const outcomes = await batcher.score({ key, coders, map: maps ? chosen : undefined, images, signal });
  const scored = outcomes.map((outcome, index) => {
    if (outcome.kind === "refused") {
      const subject = `image ${index}${names?.[index] === undefined ? "" : ` '${names[index]}'`}`;
      if (!outcome.tooLarge) throw badRequest(subject, "an image that can be scored", outcome.reason);
      throw tooLarge(subject, `no more pixels than ${setting("maxPixels")}`, outcome.reason);
    }
    const { kind: _, scores, spokesmen, ...classes } = outcome;
    const spokesman = spokesmen[chosen];
    const score = scores[chosen];
    // The calibration has it, the images do not: coders take grey and colour only.
    if (score === undefined) {
      const fault = { code: "unsupported", subject: setting("score", chosen), expected: "another score" } as const;
      throw new Refusal(400, { ...fault, got: "one that these images cannot have" });
    }
    const [pValue] = pValues(calibration, chosen, [score]);
    return { score, pValue: pValue!, ...(spokesman !== undefined && { spokesman }), scores, ...classes };
  });
  const marks = marksTogether(decision, scored);
  const judged = scored.map((one, index): JudgedImage => ({ ...one, anomalous: marks[index]! }));
  const marked = marks.filter((mark) => mark).length;
  metrics.scored(
    id,
    judged.map(({ pValue }) => pValue),
    marked,
  );
  drift.count(detector, judged);
  return { decision, images: judged };
}
