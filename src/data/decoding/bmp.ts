/**
 * Windows bitmaps: 1 to 32 bits, palettes, masks, run lengths, rows from the bottom or the top. Of our own because libvips reads none and small
 * libraries swap channels or turn images over.
 */
import type { ImageRefusal, RawImage } from "../../pixels/index.ts";
import { type FileFormat, mostPixels, refuseLater } from "./file-format.ts";

export const bmpFormat: FileFormat = {
  name: "bmp",
  endings: ["bmp", "dib"],
  recognises: (bytes) => bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length >= 26,
  async sizeOf(bytes) {
    const header = readHeader(bytes);
    return "reason" in header ? undefined : { height: header.height, width: header.width };
  },
  async decode(bytes, page) {
    const refusal = refuseLater(page, 1);
    if (refusal) return refusal;
    const image = decodeBmp(bytes);
    return "reason" in image ? image : { image, pages: 1 };
  },
};

interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the palette and the rows begin. */
  readonly palette: number;
  readonly entrySize: number;
  readonly colours: number;
  readonly rows: number;
  readonly masks: readonly [red: number, green: number, blue: number];
}

/** Pixels that run lengths may tell of whatever their file has, and beyond that for each of its bytes: a run has 128 a byte, only what is skipped has more. */
const freePixels = 1 << 22;
const mostPixelsPerByte = 1000;

const cutOff: ImageRefusal = { reason: "cannot be decoded: it is cut off" };

function decodeBmp(bytes: Uint8Array): RawImage | ImageRefusal {
  const header = readHeader(bytes);
  if ("reason" in header) return header;
  const { width, height, bits } = header;
  if (bits > 8) return decodeDirect(bytes, header);
  const indices = header.compression === 0 ? unpackIndices(bytes, header) : unpackRuns(bytes, header);
  if ("reason" in indices) return indices;
  const count = Math.min(header.colours, 1 << bits);
  if (header.palette + count * header.entrySize > bytes.length) return cutOff;
  const colour = (index: number, channel: number): number =>
    index < count ? bytes[header.palette + index * header.entrySize + 2 - channel]! : 0;
  const isGrey = Array.from({ length: count }, (_, index) => index).every(
    (index) => colour(index, 0) === colour(index, 1) && colour(index, 0) === colour(index, 2),
  );
  const channels = isGrey ? 1 : 3;
  const pixels = new Uint8Array(channels * width * height);
  for (let channel = 0; channel < channels; channel++) {
    const levels = Uint8Array.from({ length: 256 }, (_, index) => colour(index, channel));
    const start = channel * width * height;
    for (let at = 0; at < width * height; at++) pixels[start + at] = levels[indices[at]!]!;
  }
  return { kind: "raw", pixels, channels, height, width };
}

function readHeader(bytes: Uint8Array): BmpHeader | ImageRefusal {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(14, true);
  const isCore = size === 12;
  if (!isCore && (size < 40 || bytes.length < 54)) return cutOff;
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const signed = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signed);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? 0 : view.getUint32(30, true);
  if (width < 1 || height < 1) return { reason: `cannot be decoded: it is ${width}x${height}` };
  if (width * height > mostPixels) return { reason: "image has more than 268 million pixels; shrink or cut it" };
  // No packing, run lengths of 8 and 4 bits, masks with and without transparency.
  const fits = [
    [1, 4, 8, 16, 24, 32].includes(bits),
    bits === 8 && signed > 0,
    bits === 4 && signed > 0,
    bits === 16 || bits === 32,
    false,
    false,
    bits === 16 || bits === 32,
  ][compression];
  if (!fits) return { reason: `file is a bitmap of ${bits} bits and kind ${compression}, which is not read` };
  const hasMasks = compression === 3 || compression === 6;
  if (hasMasks && bytes.length < 66) return cutOff;
  // Masks follow a header of 40 bytes and are part of a longer one, at the same place.
  const maskAt = (at: number): number => view.getUint32(54 + 4 * at, true);
  const usual = bits === 16 ? ([0x7c00, 0x3e0, 0x1f] as const) : ([0xff0000, 0xff00, 0xff] as const);
  const maskBytes = size === 40 && hasMasks ? (compression === 6 ? 16 : 12) : 0;
  const told = isCore ? 0 : view.getUint32(46, true);
  return {
    ...{ width, height, bits, compression, isTopDown: signed < 0, entrySize: isCore ? 3 : 4 },
    colours: told > 0 && told <= 256 ? told : 1 << Math.min(8, bits),
    palette: 14 + size + maskBytes,
    rows: view.getUint32(10, true),
    masks: hasMasks ? [maskAt(0), maskAt(1), maskAt(2)] : usual,
  };
}

/** Bytes of a row, which is filled up to four. */
function rowSize({ width, bits }: BmpHeader): number {
  return 4 * Math.ceil((width * bits) / 32);
}

/** Where row `y` from the top begins. */
function rowAt(header: BmpHeader, y: number): number {
  return header.rows + (header.isTopDown ? y : header.height - 1 - y) * rowSize(header);
}

function decodeDirect(bytes: Uint8Array, header: BmpHeader): RawImage | ImageRefusal {
  const { width, height, bits, masks } = header;
  if (header.rows + rowSize(header) * height > bytes.length) return cutOff;
  const area = width * height;
  const pixels = new Uint8Array(3 * area);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scales = masks.map((mask) => (mask === 0 ? [0, 0] : [mask & -mask, mask / (mask & -mask)]).map((n) => n >>> 0));
  for (let y = 0; y < height; y++) {
    const row = rowAt(header, y);
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (bits === 24) {
        for (let channel = 0; channel < 3; channel++) pixels[channel * area + at] = bytes[row + 3 * x + 2 - channel]!;
        continue;
      }
      const value = bits === 16 ? view.getUint16(row + 2 * x, true) : view.getUint32(row + 4 * x, true);
      for (let channel = 0; channel < 3; channel++) {
        const [unit = 0, most = 0] = scales[channel]!;
        const level = most === 0 ? 0 : ((value & masks[channel]!) >>> 0) / unit / most;
        pixels[channel * area + at] = Math.round(255 * level);
      }
    }
  }
  return { kind: "raw", pixels, channels: 3, height, width };
}

function unpackIndices(bytes: Uint8Array, header: BmpHeader): Uint8Array | ImageRefusal {
  const { width, height, bits } = header;
  if (header.rows + rowSize(header) * height > bytes.length) return cutOff;
  const indices = new Uint8Array(width * height);
  const mask = (1 << bits) - 1;
  for (let y = 0; y < height; y++) {
    const row = rowAt(header, y);
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      indices[y * width + x] = (bytes[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask;
    }
  }
  return indices;
}

/** Run lengths: pairs of count and index; a count of 0 ends a row or the image, moves on, or is followed by plain indices. */
function unpackRuns(bytes: Uint8Array, { width, height, bits, rows }: BmpHeader): Uint8Array | ImageRefusal {
  if (width * height > Math.max(freePixels, mostPixelsPerByte * bytes.length)) {
    return { reason: `cannot be decoded: ${width}x${height} pixels cannot lie in ${bytes.length} bytes` };
  }
  const indices = new Uint8Array(width * height);
  const half = bits === 4;
  let [x, y, at] = [0, height - 1, rows];
  const put = (index: number): void => {
    if (x < width && y >= 0) indices[y * width + x] = index;
    x++;
  };
  const part = (byte: number, place: number): number => (half ? (place % 2 === 0 ? byte >> 4 : byte & 15) : byte);
  while (at + 1 < bytes.length && y >= 0) {
    const [count, value] = [bytes[at]!, bytes[at + 1]!];
    at += 2;
    if (count > 0) for (let place = 0; place < count; place++) put(part(value, place));
    else if (value === 0) [x, y] = [0, y - 1];
    else if (value === 1) return indices;
    else if (value === 2) {
      [x, y] = [x + (bytes[at] ?? 0), y - (bytes[at + 1] ?? 0)];
      at += 2;
    } else {
      const length = half ? Math.ceil(value / 2) : value;
      if (at + length > bytes.length) return cutOff;
      for (let place = 0; place < value; place++) put(part(bytes[at + (half ? place >> 1 : place)]!, place));
      at += length + (length & 1);
    }
  }
  return y < 0 ? indices : cutOff;
}
