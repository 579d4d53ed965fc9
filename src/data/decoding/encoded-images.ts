/** Encoded images as sharp opens them: what is taken, and the reasons for what is not, in plain words. */
import type { Metadata, Sharp } from "sharp";
import { messageOf } from "../../base/index.ts";
import { type ImageRefusal, jpegHeader, pngHeader } from "../../pixels/index.ts";
import type { EncodedImage } from "../image-source.ts";
import { formatHere } from "./file-formats.ts";
import { sharpLibrary } from "./sharp-library.ts";

/** What sharp calls the formats we accept. It would draw SVG and PDF as well, but those are documents, not images. */
const acceptedFormats = ["png", "jpeg", "webp", "tiff", "heif", "gif"];

/** `error`: a file that ends early is refused, one with odd metadata is not. */
export function openSharp({ bytes, page = 1 }: EncodedImage): Sharp {
  return sharpLibrary()(bytes, page === 1 ? { failOn: "error" } : { failOn: "error", page: page - 1 });
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

/** Why an image of these properties is not taken; undefined where it is. */
export function refuseKind({ format, depth, ...metadata }: Metadata): ImageRefusal | undefined {
  if (!acceptedFormats.includes(format)) return { reason: `file is ${format}, not a pixel image` };
  const kind = rangeless[depth];
  if (kind)
    return { reason: `samples are ${kind}, whose darkest and brightest nobody says; save it with 8 or 16 bits` };
  const channels = colourChannels({ format, depth, ...metadata });
  if (metadata.hasAlpha && (depth === "float" || depth === "double")) {
    return { reason: "image has transparency beside samples of floating point" };
  }
  if (channels !== 1 && channels !== 3 && metadata.space !== "cmyk") {
    return { reason: `image has ${channels} channels, neither grey nor colour` };
  }
  return undefined;
}

/** Channels but transparency. */
export function colourChannels({ channels, hasAlpha }: Metadata): number {
  return channels - (hasAlpha ? 1 : 0);
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
