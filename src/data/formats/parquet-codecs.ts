/** Unpacking pages of Parquet: to the very size that they tell, and never to more. */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { decompress } from "fzstd";

/** Codecs by their numbers in a file. */
const codecs: Readonly<Record<number, (packed: Uint8Array, size: number) => Uint8Array>> = {
  0: (packed) => packed,
  1: unpackSnappy,
  2: (packed, size) => gunzipSync(packed, { maxOutputLength: Math.max(1, size) }),
  4: (packed, size) => brotliDecompressSync(packed, { maxOutputLength: Math.max(1, size) }),
  6: unpackZstd,
};

const names = ["none", "snappy", "gzip", "LZO", "brotli", "LZ4", "zstd", "LZ4_RAW"];

/** The content of a page of `size` bytes. Throws an Error that says in plain words why there is none. */
export function unpackPage(packed: Uint8Array, size: number, codec: number): Uint8Array {
  const unpack = codecs[codec];
  if (unpack === undefined)
    throw new Error(`it is compressed by ${names[codec] ?? `method ${codec}`}, which is not read`);
  let bytes: Uint8Array;
  try {
    bytes = unpack(packed, size);
  } catch {
    throw new Error("it is damaged (a page cannot be unpacked)");
  }
  if (bytes.length !== size) throw new Error("it is damaged (a page has another size than it tells)");
  return bytes;
}

/** Snappy (format description of 2011): a size, then literals and copies of what came before. */
function unpackSnappy(packed: Uint8Array, size: number): Uint8Array {
  let at = 0;
  while (at < packed.length && packed[at]! >= 0x80) at++;
  at++;
  const bytes = new Uint8Array(size);
  let filled = 0;
  const little = (length: number): number => {
    let value = 0;
    for (let byte = 0; byte < length; byte++) value += (packed[at + byte] ?? 0) * 2 ** (8 * byte);
    at += length;
    return value;
  };
  while (at < packed.length) {
    const tag = packed[at++]!;
    const high = tag >> 2;
    if ((tag & 3) === 0) {
      const length = (high < 60 ? high : little(high - 59)) + 1;
      if (at + length > packed.length || filled + length > size) throw new RangeError("snappy: a literal is too long");
      bytes.set(packed.subarray(at, at + length), filled);
      at += length;
      filled += length;
      continue;
    }
    const isShort = (tag & 3) === 1;
    const length = isShort ? (high & 7) + 4 : high + 1;
    const back = isShort ? ((tag >> 5) << 8) + little(1) : little((tag & 3) === 2 ? 2 : 4);
    if (back === 0 || back > filled || filled + length > size) throw new RangeError("snappy: a copy from nowhere");
    // Copies may overlap what they write, so byte by byte.
    for (let byte = 0; byte < length; byte++) bytes[filled + byte] = bytes[filled + byte - back]!;
    filled += length;
  }
  return bytes.subarray(0, filled);
}

/** Bytes that a block of Zstandard may unpack to. */
const largestBlock = 1 << 17;

/** Zstandard, after a look at what its blocks could unpack to: the library fills memory with whatever they say. */
function unpackZstd(packed: Uint8Array, size: number): Uint8Array {
  if (largestContent(packed) > 4 * size + 64 * largestBlock) throw new RangeError("zstd: more than it tells");
  return decompress(packed);
}

/** The most bytes that the frames of a Zstandard file can unpack to (RFC 8878, section 3.1.1). */
function largestContent(packed: Uint8Array): number {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let most = 0;
  let at = 0;
  while (at + 5 <= packed.length) {
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    if (magic !== 0xfd2fb528) throw new RangeError("zstd: no frame");
    const head = packed[at + 4]!;
    const isSingle = (head & 32) !== 0;
    const contentSize = [isSingle ? 1 : 0, 2, 4, 8][head >> 6]!;
    at += 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][head & 3]! + contentSize;
    for (let isLast = false; !isLast; ) {
      if (at + 3 > packed.length) throw new RangeError("zstd: cut off");
      const block = packed[at]! + packed[at + 1]! * 256 + packed[at + 2]! * 65536;
      const [type, length] = [(block >> 1) & 3, block >> 3];
      isLast = (block & 1) === 1;
      most += type === 2 ? largestBlock : length;
      at += 3 + (type === 1 ? 1 : length);
    }
    at += (head & 4) !== 0 ? 4 : 0;
  }
  return most;
}
