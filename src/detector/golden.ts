/**
 * Golden inputs and outputs: images that the program makes itself (none of the person's are stored) and their terms when the detector
 * was written. A detector that does not reproduce them is refused.
 */
import { FormatError, type ImageShape, imageSizeOf, RunError, randomKey, setting } from "../base/index.ts";
import type { FaultScorer } from "../faults/portable.ts";
import { readTensors, writeTensors } from "../nn/index.ts";
import { type ModelTerms, storedTerms } from "../score/index.ts";
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

/** Side of the golden images that faults are looked for in: more than one window of cells, and quick. */
const faultSide = 96;

/** How far scores of faults may move between machines, in standard deviations. */
const faultTolerance = { relative: 1e-3, deviations: 0.01 };

/** What golden images give where faults are looked for. */
export interface GoldenFaults {
  readonly shape: ImageShape;
  readonly images: Uint8Array;
  readonly scores: Float32Array;
}

/** The golden images of a fault detector for images of some channels, and their scores. */
export async function goldenFaults(channels: number, scorer: FaultScorer): Promise<GoldenFaults> {
  const shape = { channels, height: faultSide, width: faultSide };
  const images = goldenImages(shape);
  return { shape, images, scores: await faultScores(scorer, shape, images) };
}

async function faultScores(scorer: FaultScorer, shape: ImageShape, images: Uint8Array): Promise<Float32Array> {
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
  faults?: GoldenFaults,
): Uint8Array<ArrayBuffer> {
  return writeTensors({
    tensors: {
      ...(faults && {
        faultImages: {
          shape: [faults.scores.length, faults.shape.channels, faults.shape.height, faults.shape.width],
          data: faults.images,
        },
        faultScores: { shape: [faults.scores.length], data: faults.scores },
      }),
      images: { shape: [imageCount, shape.channels, shape.height, shape.width], data: images },
      ...storedTerms(terms),
    },
    metadata: {},
  });
}

/**
 * Runs a detector on its golden images. Throws FormatError where images or the record of a model are missing, RunError where its terms are
 * not those recorded.
 */
export async function checkGolden(
  bytes: Uint8Array,
  terms: (pixels: Uint8Array) => Promise<ModelTerms>,
  where: string,
): Promise<void> {
  const { tensors } = readTensors(bytes, `${where}/${goldenFile}`);
  const images = tensors.images?.data;
  if (!(images instanceof Uint8Array) || images.length === 0) {
    throw damaged(where, `golden images in ${goldenFile}`, "none");
  }
  for (const [model, { shape, data }] of Object.entries(storedTerms(await terms(images)))) {
    const recorded = tensors[model]?.data;
    if (recorded?.length !== data.length) {
      const expected = `${data.length} recorded terms of the ${model} model in ${goldenFile}`;
      throw damaged(where, expected, String(recorded?.length ?? "none"));
    }
    const worst = data.findIndex((value, index) => {
      const expected = recorded[index]!;
      return !(Math.abs(value - expected) <= tolerance.relative * Math.abs(expected) + tolerance.nats);
    });
    if (worst >= 0) {
      const image = Math.floor((worst * shape[0]!) / data.length);
      throw new RunError({
        code: "mismatch",
        subject: where,
        expected: `the ${model} model to give ${recorded[worst]} nats on golden image ${image}`,
        got: `${data[worst]}, so its scores cannot be trusted on this machine and device`,
        remedy: { key: "other", text: `choose another ${setting("device")} or train anew here` },
      });
    }
  }
}

/** The same for the part that looks for local faults. Throws as `checkGolden`. */
export async function checkGoldenFaults(bytes: Uint8Array, scorer: FaultScorer, where: string): Promise<void> {
  const { tensors } = readTensors(bytes, `${where}/${goldenFile}`);
  const images = tensors.faultImages;
  const recorded = tensors.faultScores?.data;
  if (!(images?.data instanceof Uint8Array) || images.shape.length !== 4 || images.data.length === 0) {
    throw damaged(where, `golden images of faults in ${goldenFile}`, "none");
  }
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  if (recorded?.length !== count) {
    throw damaged(where, `${count} recorded scores of faults in ${goldenFile}`, String(recorded?.length ?? "none"));
  }
  const scores = await faultScores(scorer, { channels, height, width }, images.data);
  const { relative, deviations } = faultTolerance;
  const worst = scores.findIndex((score, image) => {
    const expected = recorded[image]!;
    return !(Math.abs(score - expected) <= relative * Math.abs(expected) + deviations);
  });
  if (worst < 0) return;
  throw new RunError({
    code: "mismatch",
    subject: where,
    expected: `a score of faults of ${recorded[worst]} on golden image ${worst}`,
    got: `${scores[worst]}, so its scores cannot be trusted on this machine and device`,
    remedy: { key: "other", text: `choose another ${setting("device")} or train anew here` },
  });
}

function damaged(subject: string, expected: string, got: string): FormatError {
  return new FormatError({ code: "damaged", subject, expected, got, remedy: { key: "copy-detector-again" } });
}
