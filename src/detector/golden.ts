/**
 * Golden inputs and outputs: images that the program makes itself (none of the person's are stored) and their terms when the detector
 * was written. A detector that does not reproduce them is refused.
 */
import { FormatError, type ImageShape, RunError, randomKey, setting } from "../base/index.ts";
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

/** The bytes of `golden.safetensors`. */
export function writeGolden(shape: ImageShape, images: Uint8Array, terms: ModelTerms): Uint8Array<ArrayBuffer> {
  return writeTensors({
    tensors: {
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

function damaged(subject: string, expected: string, got: string): FormatError {
  return new FormatError({ code: "damaged", subject, expected, got, remedy: { key: "copy-detector-again" } });
}
