/**
 * PNG files decoded to the samples that they store, 16 bits and colours under transparency included, which a browser's own decoder does not
 * give. Pure: what inflates is handed in. The format: (W3C 2003, Portable Network Graphics, second edition).
 */
import { pngHeader } from "./image-header.ts";
import type { DecodedImage } from "./preparation.ts";

/** Decompresses a zlib stream. Rejects where it is damaged. */
export type Inflate = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** Channels by colour type: grey, RGB, grey and alpha, RGB and alpha. */
const channelsOfType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/**
 * The samples of a PNG. Undefined for whatever another decoder shall take or refuse: other formats, palettes, less than 8 bits, interlaced
 * rows, transparency by a colour, colour profiles. Rejects where the compressed data is damaged, throws where it is cut off.
 */
export async function decodePng(bytes: Uint8Array, inflate: Inflate): Promise<DecodedImage | undefined> {
  const header = pngHeader(bytes);
  const channels = channelsOfType[bytes[25]!];
  if (header === undefined || channels === undefined || header.depth < 8 || bytes[28] !== 0) return undefined;
  const chunks = chunksOf(bytes);
  if (chunks.some(({ type }) => type === "tRNS" || type === "iCCP")) return undefined;
  const data = chunks.flatMap((chunk) => (chunk.type === "IDAT" ? [chunk.data] : []));
  const { height, width, depth, orientation } = header;
  const pixelBytes = (channels * depth) / 8;
  const rows = unfilter(await inflate(joined(data)), height, width * pixelBytes, pixelBytes);
  const samples = depth === 16 ? bigEndian(rows) : rows;
  return { samples, channels, height, width, orientation };
}

function chunksOf(bytes: Uint8Array): { readonly type: string; readonly data: Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: { readonly type: string; readonly data: Uint8Array }[] = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, data: bytes.subarray(at + 8, at + 8 + view.getUint32(at)) });
  }
  return chunks;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** Rows without the filters that each is stored with: a sample is stored as its difference from neighbours on the left and above. */
function unfilter(filtered: Uint8Array, height: number, rowBytes: number, pixelBytes: number): Uint8Array {
  if (filtered.length < height * (rowBytes + 1)) throw new RangeError("png: the rows end early");
  const rows = new Uint8Array(height * rowBytes);
  for (let row = 0; row < height; row++) {
    const from = row * (rowBytes + 1) + 1;
    const to = row * rowBytes;
    const filter = filtered[from - 1]!;
    for (let at = 0; at < rowBytes; at++) {
      const left = at < pixelBytes ? 0 : rows[to + at - pixelBytes]!;
      const above = row === 0 ? 0 : rows[to + at - rowBytes]!;
      const corner = row === 0 || at < pixelBytes ? 0 : rows[to + at - rowBytes - pixelBytes]!;
      rows[to + at] = filtered[from + at]! + expectedOf(filter, left, above, corner);
    }
  }
  return rows;
}

/** What a filter (none, left, above, average, Paeth's choice) expects of a byte. */
function expectedOf(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4:
      return nearestOf(left, above, corner);
    default:
      throw new RangeError(`png: there is no filter ${filter}`);
  }
}

/** The neighbour that is nearest to left + above - corner, the earlier one of equals. */
function nearestOf(left: number, above: number, corner: number): number {
  const [byLeft, byAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const byCorner = Math.abs(left + above - 2 * corner);
  if (byLeft <= byAbove && byLeft <= byCorner) return left;
  return byAbove <= byCorner ? above : corner;
}

function bigEndian(bytes: Uint8Array): Uint16Array {
  return Uint16Array.from({ length: bytes.length / 2 }, (_, at) => bytes[2 * at]! * 256 + bytes[2 * at + 1]!);
}
