/** TIFF files of floating-point numbers, which have no range of their own. */
import type { Metadata } from "sharp";
import type { NumberImage } from "../../pixels/index.ts";
import type { EncodedImage, StoredImage } from "../image-source.ts";
import { bandsOfFile, colourChannels, openSharp } from "./encoded-images.ts";
import { decodeHere } from "./file-formats.ts";

/** Whether the samples of a file are floating-point numbers. */
export function isFloat({ depth }: Pick<Metadata, "depth">): boolean {
  return depth === "float" || depth === "double";
}

/** The numbers of a file of floating point, upright. Rejects where it cannot be decoded. */
export async function floatImage(image: EncodedImage, metadata: Metadata): Promise<NumberImage> {
  const isGrey = colourChannels(metadata) === 1;
  const { data, info } = await openSharp(image)
    .autoOrient()
    .toColourspace(isGrey ? "b-w" : "scrgb")
    .raw({ depth: "float" })
    .toBuffer({ resolveWithObject: true });
  const { channels, height, width } = info;
  const numbers = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  const pixels = new Float32Array(numbers.length);
  const area = height * width;
  for (let at = 0; at < numbers.length; at++) pixels[(at % channels) * area + Math.floor(at / channels)] = numbers[at]!;
  return { kind: "numbers", pixels, channels, height, width };
}

/** The numbers of an image that has no range of its own, whatever it is stored in; undefined for other images and unreadable ones. */
export async function numbersOf(image: StoredImage | undefined): Promise<NumberImage | undefined> {
  if (image?.kind === "numbers") return image;
  if (image?.kind !== "encoded") return undefined;
  const here = await decodeHere(image);
  if (here) return "image" in here && here.image.kind === "numbers" ? here.image : undefined;
  if (!isTiff(image.bytes)) return undefined;
  try {
    const metadata = await openSharp(image).metadata();
    if (!isFloat(metadata)) return undefined;
    if (!metadata.hasAlpha) return await floatImage(image, metadata);
    const bands = await bandsOfFile(image, metadata);
    return bands.kind === "numbers" ? bands : undefined;
  } catch {
    return undefined;
  }
}

/** TIFF and BigTIFF, by their first bytes. */
function isTiff(bytes: Uint8Array): boolean {
  const [first, , third, fourth] = bytes;
  return (first === 0x49 && (third === 42 || third === 43)) || (first === 0x4d && (fourth === 42 || fourth === 43));
}
