/**
 * How many bits lossless image coders need for an image: general models of images that nobody has to train.
 *
 * Serra et al., "Input complexity and out-of-distribution detection with likelihood-based generative models" (ICLR 2020). As there, the
 * size is that of the whole file, headers included. Of the coders that sharp's prebuilt libvips has, WebP is the strongest; it comes
 * without JPEG XL, JPEG 2000 and FLIF.
 */
import { availableParallelism } from "node:os";
import type { Sharp } from "sharp";
import {
  ConfigError,
  type ImageShape,
  imageSizeOf,
  internalError,
  isColoured,
  messageOf,
  RunError,
} from "../../base/index.ts";
import { checkSpecification } from "../../pixels/index.ts";
import { byCoder, type CoderName, coderNames } from "../../score/index.ts";
import { mapInOrder } from "../ordered.ts";
import { openRaw } from "./raw-image.ts";

/** How images are measured as coded files. */
export interface CodingOptions {
  /** Images coded at a time. Default: twice the cores. */
  readonly concurrency?: number;
}

/**
 * PNG with a filter chosen for every row: libpng's own choice at a compression level, as the published method has it, and 11 % (Fashion-
 * MNIST) to 21 % (CIFAR-10) smaller than unfiltered rows at 32x32; only on MNIST, mostly black, 12 % larger.
 * WebP at effort 4: at 32x32 effort 6 takes up to three times as long and its files are up to 2 % larger.
 */
const encoders: Readonly<Record<CoderName, (image: Sharp) => Sharp>> = {
  png: (image) => image.png({ compressionLevel: 9, adaptiveFiltering: true, palette: false }),
  webp: (image) => image.webp({ lossless: true, effort: 4 }),
};

/**
 * The bits of every image uint8 [N, C, H, W] as a file of every coder, [N] each. The numbers may change a little with the version of sharp.
 * Throws ConfigError for other channels than 1 or 3, RunError where a coder fails.
 */
export async function measureCoderBits(
  pixels: Uint8Array,
  specification: ImageShape,
  { concurrency = 2 * availableParallelism() }: CodingOptions = {},
): Promise<Record<CoderName, Float64Array>> {
  const { channels } = specification;
  if (!isColoured(channels)) {
    const expected = "1 (grey) or 3 (colour) channels";
    throw new ConfigError({ code: "unsupported", subject: "coders", expected, got: String(channels) });
  }
  checkSpecification(specification, "coders");
  const size = imageSizeOf(specification);
  const count = pixels.length / size;
  if (!Number.isInteger(count)) throw internalError(`coders: ${pixels.length} bytes are no images of ${size} bytes`);
  const bits = byCoder(() => new Float64Array(count));
  const measure = async (index: number): Promise<Record<CoderName, number>> => {
    const image = pixels.subarray(index * size, (index + 1) * size);
    const lengths = await Promise.all(coderNames.map((coder) => encodeImage(image, specification, coder)));
    return Object.fromEntries(coderNames.map((coder, i) => [coder, lengths[i]!.length])) as Record<CoderName, number>;
  };
  let index = 0;
  for await (const bytes of mapInOrder(count, measure, { concurrency, ahead: 4 * concurrency })) {
    for (const coder of coderNames) bits[coder][index] = 8 * bytes[coder];
    index++;
  }
  return bits;
}

/** The file of one image uint8 [C, H, W]. Throws RunError where the coder fails. */
export async function encodeImage(
  pixels: Uint8Array,
  specification: ImageShape,
  coder: CoderName,
): Promise<Uint8Array> {
  try {
    return await encoders[coder](openRaw(pixels, specification)).toBuffer();
  } catch (error) {
    const { channels, height, width } = specification;
    throw new RunError({
      code: "engine",
      subject: "coders",
      expected: `an image of ${channels}x${height}x${width} as ${coder}`,
      got: messageOf(error),
      remedy: { key: "leave-out", what: "the scores that need coders" },
    });
  }
}
