/**
 * Prepared images in one file: blocks of pixels as they came, the SHA-256 of each block, a row for every image, a word about them with the reasons why some have no pixels, and an
 * end of fixed size with the SHA-256 of all that follows the pixels. Nothing of it is believed before its checksum was compared.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { type PixelRemark, type PreparedFile, pixelRemarks } from "../decoding/preparation.ts";
import { openAtomicBytes } from "../files/file-writing.ts";

/** Rises when the same images would be prepared or written otherwise. */
export const cacheFormat = 2;

/** A file of prepared images that is being written. */
export interface CacheWriter {
  /** Adds the next image. Throws RunError where the disk refuses. */
  add(prepared: PreparedFile): Promise<void>;
  /** Puts the file in its place. Throws RunError where the disk refuses. */
  finish(): Promise<void>;
  /** Leaves what was there before; does nothing after `finish`. */
  discard(): Promise<void>;
}

/** A file of prepared images that is being read. */
export interface CacheReader {
  readonly count: number;
  /** As they were written (`CacheContents`). */
  readonly stamps: Buffer;
  /** An image of the block that was read last, or one without pixels; undefined for others. */
  image(index: number): PreparedFile | undefined;
  /** Reads the block of an image, and gives the image; undefined where the file is damaged. */
  next(index: number): Promise<PreparedFile | undefined>;
  close(): Promise<void>;
}

const magic = Buffer.from(`outglow images ${cacheFormat}`.padEnd(16));
const [rowBytes, hashBytes, endBytes] = [12, 32, 64] as const;

/** Pixels that have a checksum of their own: few enough to wait for, many enough to be read at the disk's speed. */
const blockBytes = 2 ** 20;

const blockImages = (size: number): number => Math.max(1, Math.floor(blockBytes / size));

/** Bytes of a file of so many images of a size. */
export function cacheFileBytes({ count, size, stamps }: CacheContents): number {
  return count * (size + rowBytes) + 2 * stamps.length + Math.ceil(count / blockImages(size)) * hashBytes + endBytes;
}

/** What a file of prepared images is to hold. */
export interface CacheContents {
  readonly count: number;
  /** Bytes of an image. */
  readonly size: number;
  /** A word about them for who looks at the cache. */
  readonly about: string;
  /** What the files were like that the images were read from (`FileStamp`). */
  readonly stamps: Buffer;
}

/** Begins a file of images. Only this user may read it. Throws RunError where the disk refuses. */
export async function writeCacheFile(
  path: string,
  { count, size, about, stamps }: CacheContents,
): Promise<CacheWriter> {
  const file = await openAtomicBytes(path, 0o600);
  const block = Buffer.allocUnsafe(blockImages(size) * size);
  const hashes: Buffer[] = [];
  const rows = Buffer.alloc(count * rowBytes);
  const reasons: string[] = [];
  let [filled, added] = [0, 0];
  const flush = async (): Promise<void> => {
    if (filled === 0) return;
    const bytes = block.subarray(0, filled);
    hashes.push(sha256(bytes));
    await file.write(bytes);
    filled = 0;
  };
  return {
    discard: file.discard,
    async add(prepared) {
      writeRow(rows.subarray(rowBytes * added++), prepared);
      if ("reason" in prepared) {
        reasons.push(prepared.reason);
        return;
      }
      block.set(prepared.pixels, filled);
      filled += size;
      if (filled === block.length) await flush();
    },
    async finish() {
      await flush();
      const written = Buffer.from(JSON.stringify([about, stamps.toString("base64"), ...reasons]));
      const end = Buffer.alloc(endBytes - hashBytes);
      magic.copy(end);
      end.writeUInt32LE(size, 16);
      end.writeUInt32LE(count, 20);
      end.writeUInt32LE(hashes.length, 24);
      end.writeUInt32LE(written.length, 28);
      const rest = Buffer.concat([...hashes, rows, written, end]);
      await file.write(Buffer.concat([rest, sha256(rest)]));
      await file.commit();
    },
  };
}

/** Opens a file of prepared images; undefined where there is none, or one that is damaged or not of `count` images of `size` bytes. */
export async function readCacheFile(
  path: string,
  { count, size }: Pick<CacheContents, "count" | "size">,
): Promise<CacheReader | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return undefined;
  const contents = await readContents(file).catch(() => undefined);
  if (contents?.count !== count || contents.size !== size) {
    await file.close();
    return undefined;
  }
  return { count, stamps: contents.stamps, ...imageReader(file, contents), close: () => file.close() };
}

/** What was said about the images of a file when it was written; undefined where it is damaged. */
export async function aboutCacheFile(path: string): Promise<string | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return undefined;
  const contents = await readContents(file).catch(() => undefined);
  await file.close();
  return contents?.about;
}

interface Contents extends CacheContents {
  readonly hashes: Buffer;
  readonly rows: Buffer;
  readonly reasons: readonly string[];
  /** Of each image, how many before it have pixels. */
  readonly ranks: Uint32Array;
}

async function readContents(file: FileHandle): Promise<Contents | undefined> {
  const { size: total } = await file.stat();
  if (total < endBytes) return undefined;
  const end = await readExactly(file, total - endBytes, endBytes);
  if (!end.subarray(0, magic.length).equals(magic)) return undefined;
  const told = [16, 20, 24, 28].map((at) => end.readUInt32LE(at)) as [number, number, number, number];
  const [size, count, blocks, wordBytes] = told;
  const restBytes = blocks * hashBytes + count * rowBytes + wordBytes;
  if (restBytes + endBytes > total) return undefined;
  const rest = await readExactly(file, total - endBytes - restBytes, restBytes);
  const summed = Buffer.concat([rest, end.subarray(0, endBytes - hashBytes)]);
  if (!sha256(summed).equals(end.subarray(endBytes - hashBytes))) return undefined;
  const rows = rest.subarray(blocks * hashBytes, restBytes - wordBytes);
  const ranks = new Uint32Array(count);
  let usable = 0;
  for (let image = 0; image < count; image++) {
    ranks[image] = usable;
    if (rows[image * rowBytes + 8] !== 0) usable++;
  }
  if (usable * size + restBytes + endBytes !== total) return undefined;
  const words = JSON.parse(rest.subarray(restBytes - wordBytes).toString()) as string[];
  const [about = "", stamps = "", ...reasons] = words;
  const hashes = rest.subarray(0, blocks * hashBytes);
  return { count, size, about, stamps: Buffer.from(stamps, "base64"), hashes, rows, reasons, ranks };
}

function imageReader(file: FileHandle, { size, hashes, rows, reasons, ranks }: Contents) {
  const perBlock = blockImages(size);
  const last = ranks.length - 1;
  const usable = ranks[last]! + (rows[last * rowBytes + 8] === 0 ? 0 : 1);
  let current = -1;
  let pixels: Buffer = Buffer.alloc(0);
  const image = (index: number): PreparedFile | undefined => {
    const rank = ranks[index]!;
    const row = index * rowBytes;
    if (rows[row + 8] === 0) return { reason: reasons[index - rank] ?? "" };
    if (Math.floor(rank / perBlock) !== current) return undefined;
    const start = (rank % perBlock) * size;
    const stored = { width: rows.readUInt32LE(row), height: rows.readUInt32LE(row + 4), grey: rows[row + 8] === 1 };
    return {
      pixels: pixels.subarray(start, start + size),
      stored,
      remarks: remarksIn(rows.readUInt16LE(row + 10)),
    };
  };
  return {
    image,
    async next(index: number): Promise<PreparedFile | undefined> {
      const block = Math.floor(ranks[index]! / perBlock);
      const images = Math.min(perBlock, usable - block * perBlock);
      const bytes = await readExactly(file, block * perBlock * size, images * size).catch(() => undefined);
      const sum = hashes.subarray(block * hashBytes, (block + 1) * hashBytes);
      if (!bytes || !sha256(bytes).equals(sum)) return undefined;
      [current, pixels] = [block, bytes];
      return image(index);
    },
  };
}

/** Width, height, what there is (0 nothing, 1 grey, 2 colour), and remarks as bits. */
function writeRow(row: Buffer, prepared: PreparedFile): void {
  if ("reason" in prepared) return;
  const { stored, remarks } = prepared;
  row.writeUInt32LE(stored.width, 0);
  row.writeUInt32LE(stored.height, 4);
  row[8] = stored.grey ? 1 : 2;
  row.writeUInt16LE(
    pixelRemarks.reduce((bits, remark, bit) => bits + (remarks.includes(remark) ? 2 ** bit : 0), 0),
    10,
  );
}

const none: readonly PixelRemark[] = [];

function remarksIn(bits: number): readonly PixelRemark[] {
  return bits === 0 ? none : pixelRemarks.filter((_, bit) => (bits >> bit) & 1);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

async function readExactly(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  if (bytesRead < length) throw new Error("it ends early");
  return bytes;
}
