/**
 * From whatever a source gives to the pixels a model takes: one decoding, one colour rule, one resize rule, used by training and scoring
 * alike, because scores of images that were prepared in two ways cannot be compared.
 */
import sharp from "sharp";
import { FormatError, messageOf } from "../base/index.ts";
import { enlarge } from "./enlargement.ts";
import type { SourceImage } from "./formats/image-format.ts";

/** What a model takes: uint8 [channels, height, width] with 1 (grey) or 3 (RGB) channels. */
export interface InputSpecification {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** How much smaller than the model an image may be: 28 pixels of MNIST grow to 32, a thumbnail of 12 does not. */
const leastShare = 0.5;

/** Raw pixels [C, H, W]. */
interface Planes {
  readonly pixels: Uint8Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * One image as the model takes it, [C, H, W]. The aspect ratio is not kept: the whole image fills the model's frame.
 *
 * Shrinking uses Lanczos-3 over the whole source (sharp), which does not alias; aliased detail is exactly what a flow would learn.
 * Enlarging is bilinear with half-pixel centres, what PyTorch's interpolate does with MNIST's 28 pixels in the paper.
 * Grey is 0.299 R + 0.587 G + 0.114 B; colour from grey repeats it. Transparent pixels are laid on black.
 *
 * Throws FormatError where the image cannot be read or is smaller than half the model in either direction.
 */
export async function prepareImage(image: SourceImage, specification: InputSpecification): Promise<Uint8Array> {
  const { height, width, channels } = specification;
  const planes = image.kind === "raw" ? image : await decode(image.bytes, specification);
  if (planes.height < height * leastShare || planes.width < width * leastShare) {
    throw new FormatError(`image is ${planes.width}x${planes.height}, too small for the model's ${width}x${height}`);
  }
  return resize(convert(planes, channels), specification);
}

/** Channels of an encoded image: 1 for grey, 3 for colour. Throws FormatError where it cannot be read. */
export async function encodedChannels(bytes: Uint8Array): Promise<1 | 3> {
  const { space } = await sharp(bytes)
    .metadata()
    .catch((error: unknown) => {
      throw new FormatError(messageOf(error));
    });
  return space === "b-w" || space === "grey16" ? 1 : 3;
}

async function decode(bytes: Uint8Array, { height, width }: InputSpecification): Promise<Planes> {
  try {
    const image = sharp(bytes, { failOn: "error" }).autoOrient();
    const { autoOrient } = await image.metadata();
    // Shrinking on decode is much cheaper than decoding and then shrinking, so sharp does both at once.
    const shrinks = autoOrient.width >= width && autoOrient.height >= height;
    const sized = shrinks
      ? image.resize(width, height, { fit: "fill", kernel: "lanczos3", fastShrinkOnLoad: false })
      : image;
    const { data, info } = await sized
      .flatten({ background: "black" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { pixels: toPlanes(data, info.channels), channels: info.channels, height: info.height, width: info.width };
  } catch (error) {
    throw new FormatError(`cannot be decoded: ${messageOf(error).split("\n")[0]}`);
  }
}

/** [H, W, C] to [C, H, W]. */
function toPlanes(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return data;
  const size = data.length / channels;
  const planes = new Uint8Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let index = 0; index < size; index++) planes[channel * size + index] = data[index * channels + channel]!;
  }
  return planes;
}

function convert(planes: Planes, channels: number): Planes {
  if (planes.channels === channels) return planes;
  const size = planes.height * planes.width;
  const { pixels } = planes;
  if (channels === 1) {
    const grey = new Uint8Array(size);
    for (let index = 0; index < size; index++) {
      const [red, green, blue] = [pixels[index]!, pixels[size + index]!, pixels[2 * size + index]!];
      grey[index] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    }
    return { ...planes, pixels: grey, channels };
  }
  if (planes.channels !== 1) throw new FormatError(`image has ${planes.channels} channels, the model ${channels}`);
  const repeated = new Uint8Array(size * channels);
  for (let channel = 0; channel < channels; channel++) repeated.set(pixels, channel * size);
  return { ...planes, pixels: repeated, channels };
}

async function resize(planes: Planes, { height, width }: InputSpecification): Promise<Uint8Array> {
  if (planes.height === height && planes.width === width) return planes.pixels;
  if (planes.height <= height && planes.width <= width) return enlarge(planes, height, width);
  const size = planes.height * planes.width;
  const channels: Uint8Array[] = [];
  for (let channel = 0; channel < planes.channels; channel++) {
    const plane = planes.pixels.subarray(channel * size, (channel + 1) * size);
    const raw = { width: planes.width, height: planes.height, channels: 1 } as const;
    const resized = sharp(plane, { raw }).resize(width, height, { fit: "fill", kernel: "lanczos3" });
    channels.push(await resized.toColourspace("b-w").raw().toBuffer());
  }
  return Uint8Array.from(Buffer.concat(channels));
}
