/** From a stored image to the pixels a model takes: decoded, turned upright, resized, in the model's colours. */
import sharp, { type Sharp } from "sharp";
import { type ImageShape, messageOf } from "../base/index.ts";
import {
  finishImage,
  type ImageRefusal,
  isSmall,
  type PreparedImage,
  planesOf,
  type RawImage,
  refuseSmall,
  shrinkTriangle,
} from "../pixels/index.ts";
import type { EncodedImage, ImageCatalogue, StoredImage } from "./image-source.ts";
import { decodePlainJpeg } from "./jpeg.ts";
import { openRaw } from "./raw-image.ts";

/** An image that was left out, and why, as in `image is 12x10, smaller than half the model's 32x32`. */
export interface PreparationProblem {
  readonly name: string;
  readonly reason: string;
}

/**
 * Shrinking: libvips' triangle kernel, stretched over the source so that it antialiases. Of libvips' kernels it leaves Tiny ImageNet at 32x32
 * as smooth as CIFAR-10 is (mean step between neighbouring pixels 13.9 and 13.6; mitchell 14.8, cubic 16.8, lanczos3 18.3), and it
 * never overshoots. A flow would see the sharper kernels' edges as a property of the data set.
 */
const shrinkKernel = "linear";

/** What sharp calls the formats we accept. It would draw SVG and PDF as well, but those are documents, not images. */
const acceptedFormats = ["png", "jpeg", "webp", "tiff", "heif", "gif"];

/**
 * Brings an image to a specification: upright by its EXIF orientation, sRGB, transparency on black, 16 bits to 8, squashed to height x width
 * whatever its proportions. Shrinks with an antialiasing kernel and enlarges bilinearly, at most to double. Grey is
 * 0.299 R + 0.587 G + 0.114 B; colour from grey is three times the same. Equal input gives equal output in training and scoring.
 */
export async function prepareImage(image: StoredImage, specification: ImageShape): Promise<PreparedImage> {
  const shrunk = image.kind === "raw" ? await shrinkRaw(image, specification) : await decode(image, specification);
  if ("reason" in shrunk) return shrunk;
  return finishImage(shrunk, specification);
}

/** 1 if all images are grey, else 3, judged by 16 of them. Unreadable images have no say. */
export async function detectChannels({ length, read }: Pick<ImageCatalogue, "length" | "read">): Promise<1 | 3> {
  const sample = Math.min(length, 16);
  let grey = 0;
  for (let number = 0; number < sample; number++) {
    const channels = await channelsOf(await read(Math.floor((number * length) / sample)).catch(() => undefined));
    if (channels === 3) return 3;
    if (channels === 1) grey++;
  }
  return grey > 0 ? 1 : 3;
}

async function channelsOf(image: StoredImage | undefined): Promise<1 | 3 | undefined> {
  if (image === undefined) return undefined;
  if (image.kind === "raw") return image.channels === 1 ? 1 : 3;
  const metadata = await openSharp(image)
    .metadata()
    .catch(() => undefined);
  if (metadata === undefined) return undefined;
  return metadata.channels - (metadata.hasAlpha ? 1 : 0) === 1 ? 1 : 3;
}

async function decode(image: EncodedImage, specification: ImageShape): Promise<RawImage | ImageRefusal> {
  if (image.bytes.length === 0) return { reason: "file is empty" };
  const plain = decodePlainJpeg(image.bytes, (size) => isSmall(size, specification));
  if (plain) return shrinkRaw(plain, specification);
  try {
    const metadata = await openSharp(image).metadata();
    if (!acceptedFormats.includes(metadata.format)) return { reason: `file is ${metadata.format}, not a pixel image` };
    const upright = metadata.autoOrient;
    const refusal = refuseSmall(upright, specification);
    if (refusal) return refusal;
    const colour = openSharp(image).autoOrient().flatten({ background: "#000" }).toColourspace("srgb");
    // libvips shrinks a small image in more time than it takes to decode it: only 8 bits are the same before and after.
    if (metadata.depth === "uchar" && metadata.space === "srgb" && isSmall(upright, specification)) {
      return shrinkTriangle(await toPlanes(colour), specification.height, specification.width);
    }
    return await shrink(colour, upright, specification);
  } catch (error) {
    return { reason: `cannot be decoded: ${firstLine(messageOf(error))}` };
  }
}

async function shrinkRaw(image: RawImage, specification: ImageShape): Promise<RawImage | ImageRefusal> {
  const refusal = refuseSmall(image, specification);
  if (refusal) return refusal;
  const { height, width } = specification;
  if (isSmall(image, specification)) return shrinkTriangle(image, height, width);
  return shrink(openRaw(image.pixels, image), image, specification);
}

/** Shrinks the axes that are larger than the specification and leaves the others. */
async function shrink(
  image: Sharp,
  from: Pick<RawImage, "height" | "width">,
  specification: ImageShape,
): Promise<RawImage> {
  const resized = image.resize({
    height: Math.min(from.height, specification.height),
    width: Math.min(from.width, specification.width),
    fit: "fill",
    kernel: shrinkKernel,
    // JPEG files would otherwise be shrunk by their decoder all the way, with another kernel than PNG files of the same picture.
    fastShrinkOnLoad: false,
  });
  return toPlanes(resized);
}

async function toPlanes(image: Sharp): Promise<RawImage> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return planesOf<Uint8Array>(data, info);
}

/** `error`: a file that ends early is refused, one with odd metadata is not. */
function openSharp({ bytes }: EncodedImage): Sharp {
  return sharp(bytes, { failOn: "error" });
}

function firstLine(text: string): string {
  const line = text.split("\n")[0]!;
  return line.charAt(0).toLowerCase() + line.slice(1);
}
