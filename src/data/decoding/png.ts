/** Small plain PNG files, decoded and encoded on the calling thread: libvips builds a pipeline of objects for every image. */
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { type ImageShape, imageSizeOf, internalError } from "../../base/index.ts";
import { type DecodedImage, decodePng, pngHeader } from "../../pixels/index.ts";
import type { Size } from "./jpeg.ts";

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Chunks that leave the samples as they are stored: whatever another says, libvips shall take into account. */
const plainChunks = ["IHDR", "IDAT", "IEND", "pHYs", "tIME", "gAMA", "cHRM", "sRGB"];

/** A 64x64 file. Larger ones are decoded sooner by the threads of libvips, for as much processor time. */
const mostPixels = 2 ** 12;

/** Channels by colour type: grey and RGB. */
const channelsOfType: Readonly<Record<number, 1 | 3>> = { 0: 1, 2: 3 };

/**
 * Decodes a PNG of 8 bits, grey or RGB. Sharp needs five times as long to prepare a 16x16 one, twice as long for a 64x64 one, and gives the same pixels.
 *
 * @param isWanted asked before decoding, which keeps the calling thread for 0.1 ms at most.
 * @returns undefined for whatever sharp shall decode or refuse: other formats, more than 4096 pixels or unwanted sizes, EXIF blocks, colour profiles, texts,
 * transparency, palettes, other depths, damage.
 */
export async function decodePlainPng(
  bytes: Uint8Array,
  isWanted: (size: Size) => boolean,
): Promise<DecodedImage | undefined> {
  const header = isPlain(bytes) ? pngHeader(bytes) : undefined;
  if (header === undefined) return undefined;
  const { height, width } = header;
  if (height * width === 0 || height * width > mostPixels || !isWanted(header)) return undefined;
  const length = height * (1 + width * channelsOfType[bytes[25]!]!);
  try {
    return await decodePng(bytes, async (data) => {
      const rows = inflateSync(data, { maxOutputLength: length });
      if (rows.length !== length) throw new RangeError("png: the rows end early");
      return rows;
    });
  } catch {
    return undefined;
  }
}

/** The channels of what `decodePlainPng` takes, by its header; undefined for everything else. */
export function plainPngChannels(bytes: Uint8Array): 1 | 3 | undefined {
  return isPlain(bytes) ? channelsOfType[bytes[25]!] : undefined;
}

/** Whether all chunks of a file are whole and plain, from its header of 8 bits a sample to its end. */
function isPlain(bytes: Uint8Array): boolean {
  if (bytes.length < 57 || signature.some((byte, at) => bytes[at] !== byte)) return false;
  // 8 bits, a known colour type, and the only ways there are to compress, to filter and not to interlace.
  if (bytes[24] !== 8 || !(bytes[25]! in channelsOfType) || bytes[26] || bytes[27] || bytes[28]) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const types: string[] = [];
  let at = 8;
  while (at + 12 <= bytes.length) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) return false;
    types.push(String.fromCharCode(...bytes.subarray(at + 4, at + 8)));
    at = end + 4;
  }
  const [first, last] = [types.indexOf("IDAT"), types.lastIndexOf("IDAT")];
  return (
    at === bytes.length &&
    types.every((type) => plainChunks.includes(type)) &&
    types.lastIndexOf("IHDR") === 0 &&
    types.indexOf("IEND") === types.length - 1 &&
    // The data lies in one piece.
    first > 0 &&
    types.slice(first, last).every((type) => type === "IDAT")
  );
}

/** The PNG of pixels uint8 [C, H, W], grey (C = 1) or RGB (C = 3), its rows unfiltered. */
export function encodePng(pixels: Uint8Array, specification: ImageShape): Uint8Array {
  const { channels, height, width } = specification;
  if (pixels.length !== imageSizeOf(specification) || (channels !== 1 && channels !== 3)) {
    throw internalError(`encode PNG: ${pixels.length} bytes of ${channels}x${height}x${width}`);
  }
  const area = height * width;
  const rows = new Uint8Array(height * (1 + width * channels));
  let at = 0;
  for (let row = 0; row < height; row++) {
    at++;
    for (let pixel = row * width; pixel < (row + 1) * width; pixel++) {
      for (let channel = 0; channel < channels; channel++) rows[at++] = pixels[channel * area + pixel]!;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 1 ? 0 : 2], 8);
  return Buffer.concat([
    signature,
    chunkOf("IHDR", header),
    chunkOf("IDAT", deflateSync(rows)),
    chunkOf("IEND", Buffer.alloc(0)),
  ]);
}

function chunkOf(type: string, data: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}
