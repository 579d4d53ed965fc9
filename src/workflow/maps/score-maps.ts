/** Where in an image a score comes from: which map a detector can draw, and the maps of flows while images are judged. */
import { ConfigError, setting } from "../../base/index.ts";
import {
  type Detector,
  detectorSources,
  type FlowMapper,
  hasFlowMaps,
  type Manifest,
  scoreMap,
} from "../../detector/index.ts";
import type { RawImage } from "../../pixels/index.ts";
import { isPlaced, mappedScoreName, scoreDefinition, type TermSum } from "../../score/index.ts";
import type { PlacedMaps } from "./place-scoring.ts";
import { heardParts, type PlacedSubject, partsOf, placedView } from "./placed-maps.ts";

/** A map that a detector can draw: of local faults, of an encoder's features, of both, or of the terms that a score is a sum of. */
export type MapSubject = PlacedSubject | { readonly kind: "flow"; readonly score: string; readonly sum: TermSum };

/** An image with its heat, while it is in memory. */
export interface HeatImage {
  readonly name: string;
  /** As it was looked at: at its own size where places are looked at, at the model's size for a flow. */
  readonly image: RawImage;
  /** [height, width] of that image, higher = more anomalous. In nats, summing to the score, for a flow; else in standard deviations, of several parts in heights. */
  readonly heat: Float32Array;
  /** From where on a picture is tinted and where most. */
  readonly range: readonly [low: number, high: number];
  /** How often a picture repeats every pixel, so that it can be seen. */
  readonly enlargement: number;
}

/** Is told of every image's map, in order, and waited for. */
export type HeatListener = (heat: HeatImage) => void | Promise<void>;

/** Pictures of small images are enlarged up to this many pixels a side. */
const pictureSide = 256;

/** The share of an image's pixels that are tinted most strongly where the image is as anomalous as can be told. */
const hottestShare = 0.005;

/**
 * The map for a score: its own where it is a sum of a flow's terms or looks at places, or that of what it joins of these. Else that of local faults where the
 * detector looks for them or of features where it has an encoder, else that of the ratio, or without a general model of the final scale. Throws
 * ConfigError where there is none.
 */
export function mapSubject(manifest: Manifest, score: string): MapSubject {
  const { faults, encoder, training } = manifest;
  const sources = detectorSources(manifest);
  const definition = (name: string) => scoreDefinition(name, training.model.scales, sources);
  if (isPlaced(score)) return { kind: score };
  const heard = heardParts(manifest, score);
  if (heard.length > 0) return heard.length === 1 ? { kind: heard[0]! } : { kind: "joined", parts: heard };
  const { sum } = definition(score);
  const placed = hasFlowMaps(training);
  if (sum && placed) return { kind: "flow", score, sum };
  if (faults || encoder) return { kind: faults ? "faults" : "encoder" };
  if (!placed) {
    const got = training.classConditional
      ? "a class-conditional flow, whose classes are told by all places together"
      : `a ${training.model.architecture} flow, which mixes all places`;
    throw new ConfigError({
      code: "other-model",
      subject: setting("maps"),
      expected: "a detector whose scores have places",
      got,
      remedy: { key: "train-with", settings: `${setting("faults")} or ${setting("encoder")}` },
    });
  }
  const other = mappedScoreName(sources.includes("general"), training.model.scales);
  return { kind: "flow", score: other, sum: definition(other).sum! };
}

/** What a map shows, in words: the name of a score, or of several. */
export function nameOfMap(subject: MapSubject): string {
  return subject.kind === "flow" ? subject.score : partsOf(subject).join(" and ");
}

/** The map for a score where there is one. */
function subjectWherePossible(manifest: Manifest, score: string): MapSubject | undefined {
  try {
    return mapSubject(manifest, score);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/**
 * The heat of some images that were judged by a score, at the model's size; undefined where neither the score nor the detector has places, or where
 * places were not looked at. Throws as `openScoreMapper`.
 */
export async function heatOfJudged(
  detector: Detector,
  score: string,
  images: readonly JudgedImage[],
): Promise<readonly HeatImage[] | undefined> {
  const { input, calibration } = detector.manifest;
  const subject = subjectWherePossible(detector.manifest, score);
  if (!subject || images.length === 0) return undefined;
  const { channels, height, width } = input;
  const rawOf = (pixels: Uint8Array): RawImage => ({ kind: "raw", pixels, channels, height, width });
  if (subject.kind !== "flow") {
    if (images.some(({ maps }) => partsOf(subject).some((part) => !maps?.[part]))) return undefined;
    const { range, draw } = placedView(detector.manifest, subject);
    return images.map(({ file, pixels, maps }) => {
      const heat = draw(maps!, { height, width });
      return { name: file, image: rawOf(pixels), heat, range, enlargement: 1 };
    });
  }
  const mapper = await openScoreMapper(detector, subject);
  try {
    const heats: HeatImage[] = [];
    for (const { file, pixels, scores } of images) {
      const [heat] = await mapper.run(pixels);
      const normalScores = calibration.scores[subject.score]!;
      heats.push(flowHeat(file, rawOf(pixels), heat!, { score: scores[subject.score]!, normalScores }));
    }
    return heats;
  } finally {
    await mapper.dispose();
  }
}

/** What of a prediction its heat is made of. */
interface JudgedImage {
  readonly file: string;
  readonly pixels: Uint8Array;
  readonly maps?: PlacedMaps;
  readonly scores: Readonly<Record<string, number>>;
}

/** Above zero, so that a range ends somewhere. */
const leastStrength = 1e-3;

/** The number below which this share of ascending numbers lies. */
function at(ascending: ArrayLike<number>, share: number): number {
  return ascending[Math.floor(share * (ascending.length - 1))] ?? 0;
}

/** The opened maps of a score that is a sum of a flow's terms. */
export interface ScoreMapper {
  /** The score's maps of uint8 images [N, C, H, W], one [H, W] each. */
  run(pixels: Uint8Array): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

/** Opens the maps of a score. Throws FormatError where the detector's weights are damaged, RunError where the engine fails. */
export async function openScoreMapper(
  { openMapper, manifest: { input } }: Detector,
  { sum }: { readonly sum: TermSum },
): Promise<ScoreMapper> {
  const opened: FlowMapper[] = [];
  const dispose = async (): Promise<void> => {
    for (const mapper of opened) await mapper.dispose();
  };
  try {
    opened.push(await openMapper("normal"));
    if (sum.less) opened.push(await openMapper(sum.less));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    run: async (pixels) => {
      const count = pixels.length / (input.channels * input.height * input.width);
      const [normal, less] = [await opened[0]!.run(pixels), await opened[1]?.run(pixels)];
      return Array.from({ length: count }, (_, image) => scoreMap(sum, input, image, normal, less));
    },
    dispose,
  };
}

/**
 * A flow's map of an image, ready to be drawn. The hottest places are tinted as strongly as the image is unusual: not at all up to the median score of
 * normal images, fully from twice as far above it as 95 % of them reach. So normal images stay grey although every map has a hottest place.
 */
export function flowHeat(
  name: string,
  image: RawImage,
  heat: Float32Array,
  { score, normalScores }: { readonly score: number; readonly normalScores: readonly number[] },
): HeatImage {
  const [usual, high] = [at(normalScores, 0.5), at(normalScores, 0.95)];
  const unusual = (score - usual) / (2 * (high - usual));
  // Not a number where a score is as infinite as those of normal images, or where these are all the same.
  const strength = Number.isNaN(unusual) ? leastStrength : Math.min(1, Math.max(leastStrength, unusual));
  const finite = heat.filter((value) => Number.isFinite(value)).sort();
  const [low, top] = [at(finite, 0.5), at(finite, 1 - hottestShare)];
  return {
    name,
    image,
    heat,
    range: [low, low + Math.max(top - low, 1e-9) / strength],
    enlargement: Math.max(1, Math.floor(pictureSide / Math.max(image.height, image.width))),
  };
}
