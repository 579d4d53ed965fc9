/** Encoded images as sharp opens them: what is taken, and the reasons for what is not, in plain words. */
import type { Metadata, Sharp } from "sharp";
import { isColoured, messageOf, mostChannels } from "../../base/index.ts";
import { type ImageRefusal, jpegHeader, type NumberImage, pngHeader, type RawImage } from "../../pixels/index.ts";
import type { EncodedImage } from "../image-source.ts";
import { formatHere } from "./file-formats.ts";
import { sharpLibrary } from "./sharp-library.ts";

/** What sharp calls the formats we accept. It would draw SVG and PDF as well, but those are documents, not images. */
const acceptedFormats = ["png", "jpeg", "webp", "tiff", "heif", "gif"];

/** `error`: a file that ends early is refused, one with odd metadata is not. */
export function openSharp({ bytes, page = 1 }: EncodedImage): Sharp {
  const options = { failOn: "error", limitInputChannels: mostChannels } as const;
  return sharpLibrary()(bytes, page === 1 ? options : { ...options, page: page - 1 });
}

/** Numbers of samples that have no range of their own. */
const rangeless: Readonly<Record<string, string>> = {
  char: "signed numbers of 8 bits",
  short: "signed numbers of 16 bits",
  int: "signed numbers of 32 bits",
  uint: "numbers of 32 bits",
  complex: "complex numbers",
  dpcomplex: "complex numbers",
};

/** Why a file of these samples is not read; undefined where it is. */
export function refuseSamples({ format, depth }: Metadata): ImageRefusal | undefined {
  if (!acceptedFormats.includes(format)) return { reason: `file is ${format}, not a pixel image` };
  const kind = rangeless[depth];
  if (kind)
    return { reason: `samples are ${kind}, whose darkest and brightest nobody says; save it with 8 or 16 bits` };
  return undefined;
}

/** Why an image of these properties is not taken as one of grey or colour; undefined where it is. */
export function refuseKind(metadata: Metadata): ImageRefusal | undefined {
  const refusal = refuseSamples(metadata);
  if (refusal) return refusal;
  const { depth } = metadata;
  const channels = colourChannels(metadata);
  if (isColoured(channels) && metadata.hasAlpha && (depth === "float" || depth === "double")) {
    return { reason: "image has transparency beside samples of floating point" };
  }
  if (!isColoured(channels) && metadata.space !== "cmyk") {
    return { reason: `image has ${channels} channels, neither grey nor colour` };
  }
  return undefined;
}

/** Channels but transparency: of more than four none is that. */
export function colourChannels({ channels, hasAlpha, space }: Metadata): number {
  if (channels > 4 && space !== "cmyk") return channels;
  return channels - (hasAlpha ? 1 : 0);
}

/**
 * All channels of a file as they are stored, upright; transparency is one of them. Rejects where it cannot be decoded. Whatever libvips says of their colours, they are not
 * converted: of grey it repeats the first channel.
 */
export async function bandsOfFile(image: EncodedImage, metadata: Metadata): Promise<RawImage | NumberImage> {
  const { depth, space } = metadata;
  const opened = openSharp(image).autoOrient();
  const kept = depth === "ushort" ? opened.toColourspace(space === "grey16" ? "grey16" : "rgb16") : opened;
  const kind = depth === "ushort" ? "ushort" : depth === "uchar" ? "uchar" : "float";
  const { data, info } = await kept.raw({ depth: kind }).toBuffer({ resolveWithObject: true });
  const repeated = info.channels - metadata.channels;
  if (repeated !== 0 && repeated !== 2) throw new Error(`its ${metadata.channels} channels are no bands`);
  const { height, width } = info;
  const size = { channels: metadata.channels, height, width };
  const planesIn = <Kind extends Uint8Array | Uint16Array | Float32Array>(samples: Kind): Kind => {
    const area = height * width;
    const planes = samples.slice(0, size.channels * area) as Kind;
    for (let channel = 0; channel < size.channels; channel++) {
      const from = channel + repeated;
      for (let pixel = 0; pixel < area; pixel++)
        planes[channel * area + pixel] = samples[pixel * info.channels + from]!;
    }
    return planes;
  };
  if (kind === "uchar") return { kind: "raw", pixels: planesIn(new Uint8Array(data)), ...size };
  const numbers = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const pixels = kind === "ushort" ? planesIn(new Uint16Array(numbers)) : planesIn(new Float32Array(numbers));
  return { kind: "numbers", pixels, ...size };
}

/** Why a page is not there; undefined where it is. */
export async function refusePage(image: EncodedImage): Promise<ImageRefusal | undefined> {
  const { page = 1, ...file } = image;
  if (page === 1) return undefined;
  const { pages = 1 } = await openSharp(file).metadata();
  if (page <= pages) return undefined;
  return { reason: `file has ${pages} ${pages === 1 ? "page" : "pages"}, none of number ${page}` };
}

/** The reason in what a decoder threw. */
export function decodingReason(error: unknown): string {
  const line = firstLine(messageOf(error));
  if (/exceeds pixel limit/.test(line)) return "image has more than 268 million pixels; shrink or cut it";
  return `cannot be decoded: ${line}`;
}

function firstLine(text: string): string {
  const line = text.split("\n")[0]!;
  return line.charAt(0).toLowerCase() + line.slice(1);
}

/** Height and width of an encoded image as its header says, before anything is decoded; undefined where it says none. */
export async function imageSizeIn(bytes: Uint8Array): Promise<{ height: number; width: number } | undefined> {
  const header = jpegHeader(bytes) ?? pngHeader(bytes);
  if (header) return { height: header.height, width: header.width };
  const format = formatHere(bytes);
  if (format) return format.sizeOf(bytes);
  try {
    const { height, width } = await openSharp({ kind: "encoded", bytes }).metadata();
    return { height, width };
  } catch {
    return undefined;
  }
}
