/** Images at hand, such as a service is sent: scored and mapped without a source, the same way as those of `predict`. */
import type { Detector } from "../../detector/index.ts";
import { type RawImage, shrinkTriangle } from "../../pixels/index.ts";
import { computableScoreNames, spokesmenOf } from "../../score/index.ts";
import { decisionOf } from "../deciding/decisions.ts";
import { mapPicture } from "../maps/map-files.ts";
import { type MapListener, placesOf } from "../maps/place-scoring.ts";
import type { HeatListener, MapSubject, ScoreMapper } from "../maps/score-maps.ts";
import { heatOf, judgeImages, type PredictedImage, placedHeat } from "./prediction.ts";

/** Images in memory. */
export interface ImagesAtHand {
  readonly count: number;
  /** uint8 [count, C, H, W], as the model takes them. */
  readonly pixels: Uint8Array;
  /** One of them at its own size, for what looks at places. */
  readonly read: (position: number) => Promise<RawImage>;
}

/** What is wanted of them. */
export interface HandWish {
  /** Whether they are measured as files of lossless coders. */
  readonly coders: boolean;
  /** The maps that are drawn: of what, for images judged by which score, and what maps a flow where it is one (`openScoreMapper`). */
  readonly maps?: { readonly subject: MapSubject; readonly score: string; readonly mapper?: ScoreMapper | undefined };
}

/** An image that was judged, with the picture of its map. */
export interface HandImage extends PredictedImage {
  /** For every score that joins others: the one that stands out most. */
  readonly spokesmen: Readonly<Record<string, string>>;
  readonly picture?: Uint8Array;
}

/** Pictures are no larger than this, pixels a side: a photograph of fifty megapixels would be a picture of many MB. */
const mostSide = 2048;

/** The caller decides what is marked. */
const unused = 0.5;

/** Judges images by every score that they can have, and draws their maps. Throws RunError where the engine fails. */
export async function judgeAtHand(
  detector: Detector,
  { count, pixels, read }: ImagesAtHand,
  { coders, maps }: HandWish,
): Promise<readonly HandImage[]> {
  const decision = decisionOf(detector, { falseAlarm: unused, score: maps?.score });
  const pictures = new Map<string, Uint8Array>();
  const draw: HeatListener = async (heat) => void pictures.set(heat.name, await mapPicture(heat));
  const onMap = maps && maps.subject.kind !== "flow" ? shrunk(placedHeat(detector, maps.subject, draw)) : undefined;
  const flows = await detector.terms(pixels, { coders });
  const terms = { ...flows, ...(await placesOf(detector, count, read, onMap)) };
  const names = Array.from({ length: count }, (_, position) => String(position));
  const judged = judgeImages(detector, decision, { names, terms, pixels });
  const heats = await maps?.mapper?.run(pixels);
  for (const [position, heat] of heats?.entries() ?? [])
    await draw(heatOf(detector, decision, judged[position]!, heat));
  const { calibration } = detector.manifest;
  const joined = computableScoreNames(terms, calibration).flatMap((name) => {
    const spokesmen = spokesmenOf(name, terms, calibration);
    return spokesmen ? [{ name, spokesmen }] : [];
  });
  return judged.map((one, position) => {
    const picture = pictures.get(one.file);
    const spokesmen = Object.fromEntries(joined.map((score) => [score.name, score.spokesmen[position]!]));
    return { ...one, spokesmen, ...(picture && { picture }) };
  });
}

/** Tells of large images as if they were smaller. */
function shrunk(tell: MapListener): MapListener {
  return (mapped) => {
    const { height, width } = mapped.image;
    const factor = Math.max(height, width) / mostSide;
    if (factor <= 1) return tell(mapped);
    const side = (length: number): number => Math.max(1, Math.round(length / factor));
    return tell({ ...mapped, image: shrinkTriangle(mapped.image, side(height), side(width)) });
  };
}
