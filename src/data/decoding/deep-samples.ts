/** Files of 16 bits a sample, of which cameras often use 10, 12 or 14. */

import type { Metadata } from "sharp";
import { isColoured } from "../../base/index.ts";
import {
  bitsFor,
  greatestOf,
  type ImageRefusal,
  type InputForm,
  planesOf,
  type RawImage,
  readDeep,
} from "../../pixels/index.ts";
import type { EncodedImage, ImageCatalogue, StoredImage } from "../image-source.ts";
import { mapInOrder } from "../ordered.ts";
import { bandsOfFile, colourChannels, openSharp } from "./encoded-images.ts";
import { numbersOf } from "./float-files.ts";
import { plainPngChannels } from "./png.ts";

/** An image of 16 bits brought to 8 by the bits that the form says it uses (`readDeep` in `pixels/`). */
export async function decodeDeep(
  image: EncodedImage,
  metadata: Metadata,
  form: InputForm,
): Promise<RawImage | ImageRefusal | undefined> {
  const { samples, ...size } = await deepSamples(image, metadata);
  return readDeep(planesOf(samples, size), metadata.hasAlpha, form);
}

/** The samples of an image of 16 bits as they are stored, upright, without its alpha channel. */
async function deepSamples(image: EncodedImage, metadata: Metadata) {
  const opened = openSharp(image).autoOrient();
  const grey = colourChannels(metadata) === 1;
  const { data, info } = await (metadata.hasAlpha ? opened.removeAlpha() : opened)
    .toColourspace(grey ? "grey16" : "rgb16")
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  return { samples, channels: info.channels, height: info.height, width: info.width };
}

/** The samples of an image of 16 bits, whatever it is stored in; undefined for other images and unreadable ones. */
export async function deepNumbers(image: StoredImage | undefined): Promise<Uint16Array | undefined> {
  const numbers = await numbersOf(image);
  if (numbers) return numbers.pixels instanceof Uint16Array ? numbers.pixels : undefined;
  if (image?.kind !== "encoded" || plainPngChannels(image.bytes) !== undefined) return undefined;
  try {
    const metadata = await openSharp(image).metadata();
    if (metadata.depth !== "ushort") return undefined;
    if (isColoured(colourChannels(metadata))) return (await deepSamples(image, metadata)).samples;
    const { pixels } = await bandsOfFile(image, metadata);
    return pixels instanceof Uint16Array ? pixels : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Bits that a source's files of 16 bits use, over all of them; null where a sample of 16 images has none. Files of other depths and unreadable ones
 * have no say.
 */
export async function sampleBitsOf({ length, read }: Pick<ImageCatalogue, "length" | "read">): Promise<number | null> {
  const greatest = async (index: number): Promise<number | undefined> => {
    const samples = await deepNumbers(await read(index).catch(() => undefined));
    return samples && greatestOf(samples);
  };
  const sample = Math.min(length, 16);
  let found = false;
  for (let number = 0; number < sample && !found; number++) {
    found = (await greatest(Math.floor((number * length) / sample))) !== undefined;
  }
  if (!found) return null;
  let most = 0;
  const options = { concurrency: 4, ahead: 8 };
  for await (const value of mapInOrder(length, greatest, options)) most = Math.max(most, value ?? 0);
  return bitsFor(most);
}
