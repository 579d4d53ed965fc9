/** From a stored image to the pixels a model takes: decoded, turned upright, resized, in the model's colours. */

import type { Sharp } from "sharp";
import type { ImageShape } from "../../base/index.ts";
import { isColoured } from "../../base/index.ts";
import {
  defaultBackground,
  finishImage,
  fittedForm,
  type ImageRefusal,
  type InputForm,
  isFitted,
  isSmall,
  jpegHeader,
  type NumberImage,
  placeFitted,
  planesOf,
  prepareDecoded,
  prepareNumbers,
  prepareRaw,
  type RawImage,
  refuseChannels,
  refuseFit,
  refuseSmall,
  shrinkTriangle,
  unlikeProportions,
} from "../../pixels/index.ts";
import type { EncodedImage, ImageCatalogue, StoredImage } from "../image-source.ts";
import { decodeDeep } from "./deep-samples.ts";
import {
  bandsOfFile,
  colourChannels,
  decodingReason,
  openSharp,
  refuseKind,
  refusePage,
  refuseSamples,
} from "./encoded-images.ts";
import { decodeHere } from "./file-formats.ts";
import { floatImage, isFloat } from "./float-files.ts";
import { decodePlainJpeg } from "./jpeg.ts";
import { decodePlainPng, plainPngChannels } from "./png.ts";
import { openRaw } from "./raw-image.ts";

/** What an image was like before it was prepared. */
export interface StoredForm {
  readonly width: number;
  readonly height: number;
  readonly grey: boolean;
}

/** Pixels uint8 [C, H, W] with what they were made of and what should be known of them, or the reason why there are none. */
export type PreparedFile =
  | { readonly pixels: Uint8Array; readonly stored: StoredForm; readonly remarks: readonly PixelRemark[] }
  | ImageRefusal;

/** What was done to an image beyond decoding and resizing: a choice that a person may want to make another way. */
export const pixelRemarks = [
  "first-page",
  "background",
  "sample-bits",
  "sample-range",
  "deep-range",
  "stretch",
  "pad",
  "crop",
] as const;
/** Something that was done to an image and may not have been meant. */
export type PixelRemark = (typeof pixelRemarks)[number];

/**
 * Shrinking: libvips' triangle kernel, stretched over the source so that it antialiases. Of libvips' kernels it leaves Tiny ImageNet at 32x32
 * as smooth as CIFAR-10 is (mean step between neighbouring pixels 13.9 and 13.6; mitchell 14.8, cubic 16.8, lanczos3 18.3), and it
 * never overshoots. A flow would see the sharper kernels' edges as a property of the data set.
 */
const shrinkKernel = "linear";

/**
 * Brings an image to a form: upright by its EXIF orientation, sRGB, transparency on the form's background, 16 bits to 8, and to height x width: squashed,
 * surrounded by background, or cut to its middle, as the form's `fit` says. Shrinks with an antialiasing kernel and enlarges bilinearly, at most to double. Grey is
 * 0.299 R + 0.587 G + 0.114 B; colour from grey is three times the same. Equal input gives equal output in training and scoring.
 *
 * Numbers without a fixed range (signed, 32 bits) are refused: whatever range was chosen for one image, others would be of another
 * brightness. Of floating point the form says the range, as it was found over the training images (`sampleRangeOf`). Of 16 bits the form says how many are used (`InputForm`), as it was found over all training images (`sampleBitsOf` in `deep-samples.ts`).
 */
export async function prepareImage(stored: StoredImage, form: InputForm): Promise<PreparedFile> {
  const here = await decodeHere(stored);
  if (here && "reason" in here) return here;
  const prepared = await prepareFitted(here?.image ?? stored, form);
  if ("reason" in prepared) return prepared;
  const unlike = unlikeProportions(prepared.stored, form);
  if (!here?.hasMore && !unlike) return prepared;
  const before: readonly PixelRemark[] = here?.hasMore ? ["first-page"] : [];
  const after: readonly PixelRemark[] = unlike ? [form.fit ?? "stretch"] : [];
  return { ...prepared, remarks: [...before, ...prepared.remarks, ...after] };
}

/** In the image's own proportions where the form keeps them. */
async function prepareFitted(image: StoredImage, form: InputForm): Promise<PreparedFile> {
  if (!isFitted(form)) return prepareStored(image, form);
  const size = image.kind === "encoded" ? await sizeOfFile(image) : image;
  // Whatever is wrong with the file is said where it is decoded.
  if (size === undefined) return prepareStored(image, form);
  const refusal = refuseFit(size, form);
  if (refusal) return refusal;
  const fitted = fittedForm(size, form);
  const prepared = await prepareStored(image, fitted);
  return "reason" in prepared ? prepared : { ...prepared, pixels: placeFitted(prepared.pixels, fitted, form) };
}

/** The size of a file's image, upright; undefined where it is damaged. */
async function sizeOfFile(image: EncodedImage): Promise<Pick<RawImage, "height" | "width"> | undefined> {
  const header = jpegHeader(image.bytes);
  if (header?.plain) return header;
  return openSharp(image)
    .metadata()
    .then(
      ({ autoOrient }) => autoOrient,
      () => undefined,
    );
}

async function prepareStored(image: StoredImage, form: InputForm): Promise<PreparedFile> {
  if (!isColoured(form.channels)) return prepareBands(image, form);
  if (image.kind === "raw") {
    const shrunk = await shrinkRaw(image, form);
    return "reason" in shrunk ? shrunk : finish(shrunk, form, storedForm(image, image.channels === 1), []);
  }
  if (image.kind === "numbers") return numbersPrepared(image, form, []);
  return decode(image, form);
}

/** For a model of channels that are no colours: all that an image has, as they are stored. */
async function prepareBands(image: StoredImage, form: InputForm): Promise<PreparedFile> {
  const bands = image.kind === "encoded" ? await bandsIn(image) : image;
  if ("reason" in bands) return bands;
  const remarks: PixelRemark[] = "hasMore" in bands && bands.hasMore ? ["first-page"] : [];
  if (bands.kind === "numbers") return numbersPrepared(bands, form, remarks);
  const prepared = prepareRaw(bands, { ...form, fit: "stretch" });
  return "reason" in prepared ? prepared : { ...prepared, stored: storedForm(bands, false), remarks };
}

async function bandsIn(image: EncodedImage) {
  if (image.bytes.length === 0) return { reason: "file is empty" };
  try {
    const missing = await refusePage(image);
    if (missing) return missing;
    const metadata = await openSharp(image).metadata();
    const refusal = refuseSamples(metadata);
    if (refusal) return refusal;
    const hasMore = image.page === undefined && (metadata.pages ?? 1) > 1;
    return { ...(await bandsOfFile(image, metadata)), hasMore };
  } catch (error) {
    return { reason: decodingReason(error) };
  }
}

function numbersPrepared(image: NumberImage, form: InputForm, before: readonly PixelRemark[]): PreparedFile {
  const prepared = prepareNumbers(image, form);
  if ("reason" in prepared) return prepared;
  const remarks = [...before];
  if (image.pixels instanceof Float32Array) remarks.push("sample-range");
  else if (form.deepRange) remarks.push("deep-range");
  else if (form.sampleBits !== 16) remarks.push("sample-bits");
  return { ...prepared, stored: storedForm(image, image.channels === 1), remarks };
}

function storedForm({ width, height }: Pick<RawImage, "height" | "width">, grey: boolean): StoredForm {
  return { width, height, grey };
}

function finish(shrunk: RawImage, form: InputForm, stored: StoredForm, remarks: readonly PixelRemark[]): PreparedFile {
  const refusal = refuseChannels(shrunk.channels, form);
  if (refusal) return refusal;
  return { ...finishImage(shrunk, form), stored, remarks };
}

/**
 * 1 if all images are grey, 3 if some are of colour, the number of bands where images have others, judged by 16 of them. Unreadable images have no say; files of two and four
 * channels are taken for grey and colour with transparency.
 */
export async function detectChannels({ length, read }: Pick<ImageCatalogue, "length" | "read">): Promise<number> {
  const sample = Math.min(length, 16);
  let grey = 0;
  for (let number = 0; number < sample; number++) {
    const channels = await channelsOf(await read(Math.floor((number * length) / sample)).catch(() => undefined));
    if (channels === 1) grey++;
    else if (channels !== undefined) return channels;
  }
  return grey > 0 ? 1 : 3;
}

async function channelsOf(image: StoredImage | undefined): Promise<number | undefined> {
  const here = image && (await decodeHere(image));
  if (here) return "reason" in here ? undefined : here.image.channels === 1 ? 1 : 3;
  if (image === undefined) return undefined;
  if (image.kind !== "encoded") return image.channels;
  const plain = plainPngChannels(image.bytes);
  if (plain !== undefined) return plain;
  if (image.bytes.length === 0) return undefined;
  const metadata = await openSharp(image)
    .metadata()
    .catch(() => undefined);
  if (metadata === undefined) return undefined;
  return metadata.space === "cmyk" ? 3 : colourChannels(metadata);
}

async function decode(image: EncodedImage, form: InputForm): Promise<PreparedFile> {
  if (image.bytes.length === 0) return { reason: "file is empty" };
  const small = (image.page ?? 1) === 1 ? await decodeSmall(image.bytes, form) : undefined;
  if (small) return small;
  try {
    const missing = await refusePage(image);
    if (missing) return missing;
    const metadata = await openSharp(image).metadata();
    const upright = metadata.autoOrient;
    const refusal = refuseKind(metadata) ?? refuseSmall(upright, form);
    if (refusal) return refusal;
    const stored = storedForm(upright, colourChannels(metadata) === 1);
    const remarks: PixelRemark[] = [];
    if (image.page === undefined && (metadata.pages ?? 1) > 1) remarks.push("first-page");
    if (metadata.hasAlpha) remarks.push("background");
    if (isFloat(metadata)) return numbersPrepared(await floatImage(image, metadata), form, remarks);
    if (metadata.depth === "ushort" && (form.sampleBits !== 16 || form.deepRange)) {
      const deep = await decodeDeep(image, metadata, form);
      if (deep !== undefined) {
        const shrunk = "reason" in deep ? deep : await shrinkRaw(deep, form);
        return "reason" in shrunk
          ? shrunk
          : finish(shrunk, form, stored, [...remarks, form.deepRange ? "deep-range" : "sample-bits"]);
      }
    }
    const background = form.background ?? defaultBackground;
    const colour = openSharp(image).autoOrient().flatten({ background }).toColourspace("srgb");
    // libvips shrinks a small image in more time than it takes to decode it: only 8 bits are the same before and after.
    const isPlain = metadata.depth === "uchar" && metadata.space === "srgb" && isSmall(upright, form);
    const shrunk = isPlain
      ? shrinkTriangle(await toPlanes(colour), form.height, form.width)
      : await shrink(colour, upright, form);
    return finish(shrunk, form, stored, remarks);
  } catch (error) {
    return { reason: decodingReason(error) };
  }
}

/** A small plain file, decoded on the calling thread; undefined for whatever sharp shall decode or refuse. */
async function decodeSmall(bytes: Uint8Array, form: InputForm): Promise<PreparedFile | undefined> {
  const jpeg = decodePlainJpeg(bytes, (size) => isSmall(size, form));
  if (jpeg) {
    const shrunk = await shrinkRaw(jpeg, form);
    return "reason" in shrunk ? shrunk : finish(shrunk, form, storedForm(jpeg, jpeg.grey), []);
  }
  const png = await decodePlainPng(bytes, (size) => isSmall(size, form));
  if (!png) return undefined;
  const prepared = prepareDecoded(png, form);
  if ("reason" in prepared) return prepared;
  return { ...prepared, stored: storedForm(png, png.channels === 1), remarks: [] };
}

async function shrinkRaw(image: RawImage, specification: ImageShape): Promise<RawImage | ImageRefusal> {
  const refusal = refuseChannels(image.channels, specification) ?? refuseSmall(image, specification);
  if (refusal) return refusal;
  const { height, width } = specification;
  if (isSmall(image, specification)) return shrinkTriangle(image, height, width);
  // libvips refuses some extreme proportions.
  return shrink(openRaw(image.pixels, image), image, specification).catch((error: unknown) => ({
    reason: decodingReason(error),
  }));
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
