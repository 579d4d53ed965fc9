/** An image as it is stored, and its pixels within a size: what is looked at where images are checked and not yet trained on. */
import { isColoured } from "../../base/index.ts";
import type { ImageRefusal, InputForm, RawImage } from "../../pixels/index.ts";
import type { StoredImage } from "../image-source.ts";
import { colourChannels, decodingReason, openSharp, refuseKind, refusePage, refuseSamples } from "./encoded-images.ts";
import { decodeHere } from "./file-formats.ts";
import { prepareImage } from "./preparation.ts";

/** What an image is like in its file. */
export interface StoredProperties {
  /** In pixels, upright. */
  readonly height: number;
  readonly width: number;
  /** With transparency. */
  readonly channels: number;
  /** Channels that are looked at: 1 for grey, 3 for colour, or so many bands. */
  readonly seen: number;
  readonly transparent: boolean;
  /** Bits a sample; 32 and 64 are floating point. */
  readonly bits: number;
  readonly pages: number;
}

/** An image that was looked at: grey or colour, its longer side no more than was asked for. */
export interface InspectedImage {
  readonly image: RawImage;
  readonly stored: StoredProperties;
}

/** How images of deep samples are read, as in `InputForm`. */
type SampleForm = Pick<InputForm, "sampleBits" | "sampleRange" | "background">;

const bitsOf: Readonly<Record<string, number>> = { uchar: 8, ushort: 16, float: 32, double: 64 };

/** Reads an image's properties and pixels, shrunk to a longer side of `mostSide` where it is larger; or says why it cannot be used. */
export async function inspectImage(
  stored: StoredImage,
  samples: SampleForm,
  mostSide: number,
): Promise<InspectedImage | ImageRefusal> {
  try {
    const here = await decodeHere(stored);
    if (here && "reason" in here) return here;
    const image = here?.image ?? stored;
    const properties = await propertiesOf(image);
    if ("reason" in properties) return properties;
    const scale = Math.min(1, mostSide / Math.max(properties.height, properties.width));
    const height = Math.max(1, Math.round(properties.height * scale));
    const width = Math.max(1, Math.round(properties.width * scale));
    const channels = properties.seen;
    const prepared = await prepareImage(image, { ...samples, channels, height, width });
    if ("reason" in prepared) return prepared;
    return { image: { kind: "raw", pixels: prepared.pixels, channels, height, width }, stored: properties };
  } catch (error) {
    return { reason: decodingReason(error) };
  }
}

async function propertiesOf(image: StoredImage): Promise<StoredProperties | ImageRefusal> {
  if (image.kind !== "encoded") {
    const { channels, height, width, pixels } = image;
    return {
      height,
      width,
      channels,
      seen: channels,
      transparent: false,
      bits: 8 * pixels.BYTES_PER_ELEMENT,
      pages: 1,
    };
  }
  if (image.bytes.length === 0) return { reason: "file is empty" };
  const missing = await refusePage(image);
  if (missing) return missing;
  const metadata = await openSharp(image).metadata();
  const seen = metadata.space === "cmyk" ? 3 : colourChannels(metadata);
  const refusal = isColoured(seen) ? refuseKind(metadata) : refuseSamples(metadata);
  if (refusal) return refusal;
  return {
    ...metadata.autoOrient,
    channels: metadata.channels,
    seen,
    transparent: metadata.hasAlpha && isColoured(seen),
    bits: bitsOf[metadata.depth] ?? 8,
    pages: metadata.pages ?? 1,
  };
}
