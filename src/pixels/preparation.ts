/**
 * From decoded samples to the pixels a model takes: transparency on a background, upright, resized, in the model's colours. Pure, and the same in
 * Node and in a browser: what Node leaves to libvips is computed here number for number as libvips does it.
 */
import { type ImageShape, imageSizeOf, isColoured, messageOf } from "../base/index.ts";
import { flattenAlpha } from "./alpha.ts";
import { enlargeBilinear } from "./bilinear.ts";
import { readDeep } from "./deep-samples.ts";
import { fittedForm, isFitted, placeFitted, refuseFit } from "./fitting.ts";
import { jpegHeader } from "./image-header.ts";
import { swapsSides, turnUpright } from "./orientation.ts";
import type { Planes, RawImage, Samples } from "./raw-image.ts";
import { averagesBlocks, shrinkTriangle, tilesOf } from "./reduction.ts";
import { planesOf, toEightBits } from "./samples.ts";
import { colourOf, defaultBackground, type InputForm, refuseChannels } from "./specification.ts";

/** Pixels uint8 [C, H, W], or the reason why there are none, as in `image is 12x10, smaller than half the model's 32x32`. */
export type PreparedImage = { readonly pixels: Uint8Array } | ImageRefusal;

/** Why an image has no pixels for a model. */
export interface ImageRefusal {
  readonly reason: string;
}

/** What a decoder made of a file: samples as they are stored, not turned, not premultiplied, colours not converted. */
export interface DecodedImage {
  /** Interleaved [height, width, channels]. */
  readonly samples: Samples;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; for a model of other channels than 1 and 3 so many bands. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** The file's EXIF orientation, 1 to 8. */
  readonly orientation?: number | undefined;
  /** Whether it was shrunk while it was decoded (`jpegReduction`). Default: false. */
  readonly reduced?: boolean | undefined;
  /** Whether the file stores grey: a decoder may have made three equal colours of it. Default: whether `channels` say so. */
  readonly grey?: boolean | undefined;
}

/**
 * Decodes a file for a model of this size: all samples, or a JPEG's fewer ones (`jpegReduction`). Rejects where it cannot.
 */
export type ImageDecoder = (bytes: Uint8Array<ArrayBuffer>, specification: ImageShape) => Promise<DecodedImage>;

/** More pixels than these would keep the calling thread for more than 5 ms. */
const mostSmallPixels = 2 ** 18;

/** Whether an image is shrunk position by position, as Node does on the calling thread, instead of in libvips' tiles. */
export function isSmall(from: Pick<Planes, "height" | "width">, { height, width }: ImageShape): boolean {
  return from.height * from.width <= mostSmallPixels && !averagesBlocks(from, height, width);
}

/** Prepares an image of a size, upright, in its own proportions where the form keeps them. */
function inProportion(
  from: Pick<Planes, "height" | "width">,
  form: InputForm,
  prepare: (form: InputForm) => PreparedImage,
): PreparedImage {
  if (!isFitted(form)) return prepare(form);
  const refusal = refuseFit(from, form);
  if (refusal) return refusal;
  const fitted = fittedForm(from, form);
  const prepared = prepare(fitted);
  return "reason" in prepared ? prepared : { pixels: placeFitted(prepared.pixels, fitted, form) };
}

/** The pixels of an image that lies decoded in memory, such as one of a data set of raw images. */
export function prepareRaw(image: RawImage, form: InputForm): PreparedImage {
  return inProportion(image, form, (fitted) => stretchRaw(image, fitted));
}

function stretchRaw(image: RawImage, specification: ImageShape): PreparedImage {
  const refusal = refuseChannels(image.channels, specification) ?? refuseSmall(image, specification);
  if (refusal) return refusal;
  const { height, width } = specification;
  const tiles = isSmall(image, specification)
    ? undefined
    : tilesOf(image, ...shrunkSize(image, specification), "memory");
  return finishImage(shrinkTriangle(image, height, width, tiles), specification);
}

/** The pixels of an encoded file, by a decoder that is handed in, or the reason why there are none. */
export async function prepareEncoded(
  bytes: Uint8Array<ArrayBuffer>,
  form: InputForm,
  decode: ImageDecoder,
): Promise<PreparedImage> {
  if (bytes.length === 0) return { reason: "file is empty" };
  try {
    // What is shrunk while it is decoded must know to which size.
    const header = isFitted(form) ? jpegHeader(bytes) : undefined;
    if (!header) return prepareDecoded(await decode(bytes, form), form);
    const from = uprightSize(header);
    const decoded = await decode(bytes, fittedForm(from, form));
    return inProportion(from, form, (fitted) => stretchDecoded(decoded, fitted));
  } catch (error) {
    return { reason: `cannot be decoded: ${messageOf(error)}` };
  }
}

/**
 * The pixels of a decoded file. Equal to what Node makes of the same samples. A JPEG from four times the model's size on must have been
 * shrunk while it was decoded (`jpegReduction`).
 */
export function prepareDecoded(image: DecodedImage, form: InputForm): PreparedImage {
  return inProportion(uprightSize(image), form, (fitted) => stretchDecoded(image, fitted));
}

function uprightSize({ height, width, orientation = 1 }: Pick<DecodedImage, "height" | "width" | "orientation">) {
  return swapsSides(orientation) ? { height: width, width: height } : { height, width };
}

function stretchDecoded(image: DecodedImage, form: InputForm): PreparedImage {
  const { samples, channels, orientation = 1 } = image;
  const upright = uprightSize(image);
  const refusal = refuseSmall(upright, form);
  if (refusal) return refusal;
  const planes = planesOf(samples, image);
  if (!isColoured(form.channels)) return stretchBands(planes, form, orientation);
  const deep =
    samples instanceof Uint16Array ? readDeep(coloursOf(planes, samples), channels % 2 === 0, form) : undefined;
  if (deep) return "reason" in deep ? deep : stretchRaw(turnUpright(deep, orientation), form);
  // Of red, green and blue, grey takes the first.
  const flat = flattenAlpha(planes, colourOf(form.background ?? defaultBackground));
  const grey = image.grey ?? channels < 3;
  if (!(samples instanceof Uint16Array) && !grey && !image.reduced && isSmall(upright, form)) {
    const turned = turnUpright(flat, orientation);
    return finishImage(toEightBits(shrinkTriangle(turned, form.height, form.width)), form);
  }
  // As it is stored, and turned when it is small: the order of a file's rows is that of the work.
  const stored = swapsSides(orientation) ? { ...form, height: form.width, width: form.height } : form;
  const size = shrunkSize(flat, stored);
  const shrunk = shrinkTriangle(flat, ...size, tilesOf(flat, ...size, "file"));
  return finishImage(toEightBits(turnUpright(shrunk, orientation)), form);
}

/** Channels that are no colours: all as they are stored. */
function stretchBands(planes: Planes, form: InputForm, orientation: number): PreparedImage {
  const deep = isOf16Bits(planes) ? readDeep(planes, false, form) : undefined;
  if (deep && "reason" in deep) return deep;
  return stretchRaw(turnUpright(deep ?? toEightBits(planes), orientation), form);
}

function isOf16Bits(planes: Planes): planes is Planes<Uint16Array> {
  return planes.pixels instanceof Uint16Array;
}

/** Planes without their alpha, of samples of 16 bits. */
function coloursOf({ channels, height, width, pixels }: Planes, { length }: Uint16Array): Planes<Uint16Array> {
  const colours = channels % 2 === 0 ? channels - 1 : channels;
  const kept = pixels.subarray(0, (length / channels) * colours) as Uint16Array;
  return { kind: "raw", pixels: kept, channels: colours, height, width };
}

/**
 * By how much a JPEG is shrunk while it is decoded, 1, 2, 4 or 8 (libjpeg's `scale_denom`): half of what its axes must be shrunk by, so that
 * the kernel does the rest. Both sizes as they are stored.
 */
export function jpegReduction(
  from: Pick<Planes, "height" | "width">,
  stored: Pick<ImageShape, "height" | "width">,
): number {
  const [height, width] = shrunkSize(from, stored);
  const shrink = Math.min(from.height / height, from.width / width);
  const reduction = [8, 4, 2].find((factor) => shrink >= 2 * factor) ?? 1;
  return reduction > 1 && Math.floor(shrink) === reduction ? reduction / 2 : reduction;
}

/** Height and width to which an image is shrunk: axes that are not larger stay. */
function shrunkSize(
  from: Pick<Planes, "height" | "width">,
  to: Pick<ImageShape, "height" | "width">,
): readonly [height: number, width: number] {
  return [Math.min(from.height, to.height), Math.min(from.width, to.width)];
}

/** The last steps from an image that is no larger than the model's: enlarged where it is smaller, in the model's colours. */
export function finishImage(image: RawImage, specification: ImageShape): { readonly pixels: Uint8Array } {
  const { height, width } = specification;
  return { pixels: convertChannels(enlargeBilinear(image, height, width), specification) };
}

/** libvips shrinks no side further than this. */
const mostShrink = 1e6;

/** The reason not to take an image that would be enlarged to more than double, or shrunk to a millionth; undefined for any other. */
export function refuseSmall(
  { height, width }: Pick<Planes, "height" | "width">,
  specification: ImageShape,
): ImageRefusal | undefined {
  const model = `${specification.width}x${specification.height}`;
  if (height > mostShrink * specification.height || width > mostShrink * specification.width) {
    return { reason: `image is ${width}x${height}, more than a million times the model's ${model}` };
  }
  if (2 * height >= specification.height && 2 * width >= specification.width) return undefined;
  return { reason: `image is ${width}x${height}, smaller than half the model's ${model}` };
}

/** Grey is 0.299 R + 0.587 G + 0.114 B; colour from grey is three times the same. */
function convertChannels({ pixels, channels }: RawImage, specification: ImageShape): Uint8Array {
  if (channels === specification.channels) return pixels;
  const area = specification.height * specification.width;
  const result = new Uint8Array(imageSizeOf(specification));
  if (channels === 1) {
    for (let channel = 0; channel < specification.channels; channel++) result.set(pixels, channel * area);
    return result;
  }
  for (let pixel = 0; pixel < area; pixel++) {
    const luma = 0.299 * pixels[pixel]! + 0.587 * pixels[area + pixel]! + 0.114 * pixels[2 * area + pixel]!;
    result[pixel] = Math.round(luma);
  }
  return result;
}
