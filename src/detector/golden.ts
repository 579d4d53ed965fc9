/**
 * Golden inputs and outputs: images that the program makes itself (none of the person's are stored) and their terms when the detector
 * was written. A detector that does not reproduce them is refused.
 */
import { FormatError, type ImageShape, imageSizeOf, RunError, randomKey, setting } from "../base/index.ts";
import { readTensors, type StoredTensor, writeTensors } from "../nn/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { type ModelTerms, type PlacedSource, storedTerms } from "../score/index.ts";
import { goldenFile } from "./file-names.ts";

const imageCount = 4;

/** How far terms may move between machines: rounding in another order of summation, no more. */
const tolerance = { relative: 1e-4, nats: 0.1 };

/** Smooth random gradients with a little noise, uint8 [4, C, H, W]. */
export function goldenImages({ channels, height, width }: ImageShape): Uint8Array {
  const pixels = new Uint8Array(imageCount * channels * height * width);
  let position = 0;
  for (let image = 0; image < imageCount; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const stream = randomKey("golden").fold(image).fold(channel).stream();
      const [base, slopeY, slopeX] = [stream.uniform(), stream.uniform() - 0.5, stream.uniform() - 0.5];
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const value = base + slopeY * (y / height) + slopeX * (x / width) + 0.02 * stream.normal();
          pixels[position++] = Math.max(0, Math.min(255, Math.round(255 * value)));
        }
      }
    }
  }
  return pixels;
}

/** Side of the golden images whose places are looked at: more than one window of cells, and quick. */
const placedSide = 96;

/** How far scores of places may move between machines, in standard deviations. */
const placedTolerance = { relative: 1e-3, deviations: 0.01 };

/** What looks at places of images: of faults, of cells, or of an encoder's features. */
export interface PlacedScorer {
  score(image: RawImage): Promise<{ readonly score: number }>;
}

/** What golden images give where places are looked at. */
export interface GoldenPlaces {
  readonly source: PlacedSource;
  readonly shape: ImageShape;
  readonly images: Uint8Array;
  readonly scores: Float32Array;
}

/** The golden images of a part that looks at places of images of some channels, and their scores. */
export async function goldenPlaces(
  source: PlacedSource,
  channels: number,
  scorer: PlacedScorer,
): Promise<GoldenPlaces> {
  const shape = { channels, height: placedSide, width: placedSide };
  const images = goldenImages(shape);
  return { source, shape, images, scores: await placedScores(scorer, shape, images) };
}

/** What a part's golden images and scores are called. */
const placedNames = {
  faults: { images: "faultImages", scores: "faultScores" },
  cells: { images: "cellImages", scores: "cellScores" },
  encoder: { images: "encoderImages", scores: "encoderScores" },
  "encoder-other": { images: "otherEncoderImages", scores: "otherEncoderScores" },
} as const;

const scoreNames = {
  faults: "faults",
  cells: "cells",
  encoder: "the encoder's features",
  "encoder-other": "the encoder's features, compared in the other way",
} as const;

async function placedScores(scorer: PlacedScorer, shape: ImageShape, images: Uint8Array): Promise<Float32Array> {
  const size = imageSizeOf(shape);
  const scores = new Float32Array(images.length / size);
  for (const image of scores.keys()) {
    const pixels = images.subarray(image * size, (image + 1) * size);
    scores[image] = (await scorer.score({ kind: "raw", ...shape, pixels })).score;
  }
  return scores;
}

/** The bytes of `golden.safetensors`. */
export function writeGolden(
  shape: ImageShape,
  images: Uint8Array,
  terms: ModelTerms,
  places: readonly GoldenPlaces[] = [],
): Uint8Array<ArrayBuffer> {
  return writeTensors({
    tensors: {
      ...Object.fromEntries(places.flatMap(placedTensors)),
      images: { shape: [imageCount, shape.channels, shape.height, shape.width], data: images },
      ...storedTerms(terms),
    },
    metadata: {},
  });
}

function placedTensors({ source, shape, images, scores }: GoldenPlaces): [string, StoredTensor][] {
  const { channels, height, width } = shape;
  const names = placedNames[source];
  return [
    [names.images, { shape: [scores.length, channels, height, width], data: images }],
    [names.scores, { shape: [scores.length], data: scores }],
  ];
}

/** What a golden output came to, beside what was recorded. */
export interface GoldenComparison {
  /** Of which model, or `faults`, `encoder`. */
  readonly part: string;
  /** The largest absolute difference, in nats or, where places are looked at, in deviations. */
  readonly largest: number;
  /** The largest share of what rounding may do; above 1 a detector is refused. */
  readonly share: number;
}

/** Is told of every comparison, also of those that fail. */
export type GoldenListener = (comparison: GoldenComparison) => void;

/**
 * Runs a detector on its golden images. Throws FormatError where images or the record of a model are missing, RunError where its terms are
 * not those recorded.
 */
export async function checkGolden(
  bytes: Uint8Array,
  terms: (pixels: Uint8Array) => Promise<ModelTerms>,
  where: string,
  listener?: GoldenListener,
): Promise<void> {
  const { tensors } = readTensors(bytes, `${where}/${goldenFile}`);
  const images = tensors.images?.data;
  if (!(images instanceof Uint8Array) || images.length === 0) {
    throw damaged(where, `golden images in ${goldenFile}`, "none");
  }
  const faults: RunError[] = [];
  for (const [model, { shape, data }] of Object.entries(storedTerms(await terms(images)))) {
    const recorded = tensors[model]?.data;
    if (recorded?.length !== data.length) {
      const expected = `${data.length} recorded terms of the ${model} model in ${goldenFile}`;
      throw damaged(where, expected, String(recorded?.length ?? "none"));
    }
    const { worst, ...found } = compare(data, recorded, tolerance.relative, tolerance.nats);
    listener?.({ part: model, ...found });
    if (!(found.share > 1)) continue;
    const image = Math.floor((worst * shape[0]!) / data.length);
    faults.push(
      mismatch(where, `the ${model} model to give ${recorded[worst]} nats on golden image ${image}`, data[worst]!),
    );
  }
  if (faults[0]) throw faults[0];
}

/** The same for a part that looks at places of images. Throws as `checkGolden`. */
export async function checkGoldenPlaces(
  bytes: Uint8Array,
  source: PlacedSource,
  scorer: PlacedScorer,
  where: string,
  listener?: GoldenListener,
): Promise<void> {
  const { tensors } = readTensors(bytes, `${where}/${goldenFile}`);
  const names = placedNames[source];
  const what = scoreNames[source];
  const images = tensors[names.images];
  const recorded = tensors[names.scores]?.data;
  if (!(images?.data instanceof Uint8Array) || images.shape.length !== 4 || images.data.length === 0) {
    throw damaged(where, `golden images of ${what} in ${goldenFile}`, "none");
  }
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  if (recorded?.length !== count) {
    throw damaged(where, `${count} recorded scores of ${what} in ${goldenFile}`, String(recorded?.length ?? "none"));
  }
  const scores = await placedScores(scorer, { channels, height, width }, images.data);
  const { worst, ...found } = compare(scores, recorded, placedTolerance.relative, placedTolerance.deviations);
  listener?.({ part: source, ...found });
  if (!(found.share > 1)) return;
  throw mismatch(where, `a score of ${what} of ${recorded[worst]} on golden image ${worst}`, scores[worst]!);
}

/** The largest difference, the largest share of `absolute + relative |expected|`, and where that is; a number that is none differs infinitely. */
function compare(got: ArrayLike<number>, expected: ArrayLike<number>, relative: number, absolute: number) {
  let [largest, share, worst] = [0, 0, 0];
  for (let index = 0; index < got.length; index++) {
    const distance = Math.abs(got[index]! - expected[index]!);
    const difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    const part = difference / (absolute + relative * Math.abs(expected[index]!));
    largest = Math.max(largest, difference);
    if (!(part <= share)) [share, worst] = [Number.isNaN(part) ? Number.POSITIVE_INFINITY : part, index];
  }
  return { largest, share, worst };
}

function mismatch(where: string, expected: string, got: number): RunError {
  return new RunError({
    code: "mismatch",
    subject: where,
    expected,
    got: `${got}, so its scores cannot be trusted on this machine and device`,
    remedy: { key: "other", text: `choose another ${setting("device")} or train anew here` },
  });
}

function damaged(subject: string, expected: string, got: string): FormatError {
  return new FormatError({ code: "damaged", subject, expected, got, remedy: { key: "copy-detector-again" } });
}
