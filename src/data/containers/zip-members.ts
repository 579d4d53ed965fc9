/**
 * The directory of a zip archive (PKWARE APPNOTE.TXT 6.3.10): zip64, data before the archive, names as bytes, links of Unix. Of our own because names
 * have to come as bytes and no record may ask for more than the file holds.
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { nameOfBytes } from "../files/path-bytes.ts";
import { ArchiveDamage } from "./archive-tree.ts";
import type { PositionReader } from "./lazy-file.ts";

/** One member, as the directory says. */
export interface ZipMember {
  readonly path: string;
  readonly kind: "file" | "symbolic link" | "folder" | "other";
  readonly isEncrypted: boolean;
  /** How it is compressed: 0 is stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  /** Bytes as they are stored, and unpacked. */
  readonly packedSize: number;
  readonly size: number;
  /** Where the header before its content begins, and how long the directory says its name and fields are. */
  readonly start: number;
  readonly headerSize: number;
}

const endSize = 22;
const locatorSize = 20;
const end64Size = 56;
const recordSize = 46;
const localSize = 30;
const longestComment = 0xffff;

/** Bytes of the directory read at a time. A record is never longer than a fifth of it. */
const window = 1 << 20;

/** The members of an archive of `size` bytes, in the order of its directory. Throws ArchiveDamage where it is none or is cut off. */
export async function* readZipMembers(read: PositionReader, size: number): AsyncGenerator<ZipMember, void, void> {
  const { count, start, end, shift } = await findDirectory(read, size);
  let bytes: Buffer = Buffer.alloc(0);
  let bytesAt = start;
  let at = start;
  const take = async (wanted: number): Promise<Buffer> => {
    if (at + wanted > end) throw new ArchiveDamage("its directory is cut off");
    if (at + wanted > bytesAt + bytes.length) {
      const length = Math.min(window, end - at);
      bytes = bufferOf(await read(at, length));
      bytesAt = at;
    }
    at += wanted;
    return bytes.subarray(at - wanted - bytesAt, at - bytesAt);
  };
  let packed = 0;
  for (let index = 0; index < count; index++) {
    const header = await take(recordSize);
    if (header.readUInt32LE(0) !== 0x02014b50) throw new ArchiveDamage("its directory is invalid");
    const rest = await take(header.readUInt16LE(28) + header.readUInt16LE(30) + header.readUInt16LE(32));
    const member = memberOf(header, rest, shift);
    packed += member.packedSize;
    if (member.start + localSize + member.packedSize > start) throw new ArchiveDamage("a member lies outside of it");
    // Members that share bytes are how a small archive unpacks to a hundred thousand times its size (Fifield 2019).
    if (packed > size) throw new ArchiveDamage("its members lie over each other");
    yield member;
  }
}

/** Where the content of a member begins. Throws ArchiveDamage where no member is there. */
export function contentStart(header: Uint8Array): number {
  const view = bufferOf(header);
  if (view.length < localSize || view.readUInt32LE(0) !== 0x04034b50) {
    throw new ArchiveDamage("its header is invalid");
  }
  return localSize + view.readUInt16LE(26) + view.readUInt16LE(28);
}

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly end: number;
  /** Bytes before the archive, which its offsets don't count: a program that unpacks itself. */
  readonly shift: number;
}

async function findDirectory(read: PositionReader, size: number): Promise<Directory> {
  if (size === 0) throw new ArchiveDamage("it is empty");
  const length = Math.min(size, endSize + locatorSize + longestComment);
  const tailAt = size - length;
  const tail = bufferOf(await read(tailAt, length));
  for (let at = length - endSize; at >= 0; at--) {
    // The record and its comment end with the file.
    if (tail.readUInt32LE(at) !== 0x06054b50 || at + endSize + tail.readUInt16LE(at + 20) !== length) continue;
    const locator = at - locatorSize;
    if (locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50) {
      return findDirectory64(read, numberAt(tail, locator + 8), tailAt + locator);
    }
    const record = tail.subarray(at);
    return directoryOf({
      disk: record.readUInt16LE(4),
      count: record.readUInt16LE(10),
      bytes: record.readUInt32LE(12),
      start: record.readUInt32LE(16),
      end: tailAt + at,
    });
  }
  const isOne = tail.subarray(0, 4).equals(Buffer.from("PK\u0003\u0004"));
  throw new ArchiveDamage(isOne ? "it is cut off" : "it has no directory");
}

/** The directory by its zip64 record, which lies where it is said to, or right before what says so. */
async function findDirectory64(read: PositionReader, said: number, end: number): Promise<Directory> {
  for (const at of [said, end - end64Size]) {
    if (at < 0 || at + end64Size > end) continue;
    const record = bufferOf(await read(at, end64Size));
    if (record.readUInt32LE(0) !== 0x06064b50) continue;
    return directoryOf({
      disk: record.readUInt32LE(16),
      count: numberAt(record, 32),
      bytes: numberAt(record, 40),
      start: numberAt(record, 48),
      end: at,
    });
  }
  throw new ArchiveDamage("its directory is cut off");
}

function directoryOf(found: { disk: number; count: number; bytes: number; start: number; end: number }): Directory {
  const { disk, count, bytes, end } = found;
  if (disk !== 0) throw new ArchiveDamage("it is one of several parts");
  const start = end - bytes;
  const shift = start - found.start;
  if (start < 0 || shift < 0) throw new ArchiveDamage("its directory is cut off");
  if (count * recordSize > bytes) throw new ArchiveDamage("its directory is invalid");
  return { count, start, end, shift };
}

/** Little-endian 64 bits, where they are a number that a file can have. */
function numberAt(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
  if (!Number.isSafeInteger(value)) throw new ArchiveDamage("its directory is invalid");
  return value;
}

function memberOf(header: Buffer, rest: Buffer, shift: number): ZipMember {
  const flags = header.readUInt16LE(8);
  const nameSize = header.readUInt16LE(28);
  const name = rest.subarray(0, nameSize);
  const fields = fieldsOf(rest.subarray(nameSize, nameSize + header.readUInt16LE(30)));
  const [size, packedSize, start] = sizesOf(header, fields.get(0x0001));
  const path = pathOf(name, (flags & 0x800) !== 0, fields.get(0x7075));
  return {
    path,
    kind: kindOf(header, path),
    isEncrypted: (flags & 0x41) !== 0,
    method: header.readUInt16LE(10),
    crc: header.readUInt32LE(16),
    packedSize,
    size,
    start: start + shift,
    headerSize: localSize + rest.length,
  };
}

/** Sizes and place of a member: those of 32 bits, or the zip64 field's where they say that it has them. */
function sizesOf(header: Buffer, field: Buffer | undefined): [size: number, packedSize: number, start: number] {
  let at = 0;
  const [size, packedSize, start] = [24, 20, 42].map((offset) => {
    const value = header.readUInt32LE(offset);
    if (value !== 0xffffffff) return value;
    if (field === undefined || at + 8 > field.length) throw new ArchiveDamage("its directory is invalid");
    at += 8;
    return numberAt(field, at - 8);
  });
  return [size!, packedSize!, start!];
}

/** Extra fields by their numbers; what is cut off is left out. */
function fieldsOf(bytes: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt16LE(at + 2);
    if (end > bytes.length) break;
    fields.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** The name, or Info-ZIP's of the Unicode field where that belongs to it. Some programs of Windows write `\`. */
function pathOf(name: Buffer, isUtf8: boolean, unicode: Buffer | undefined): string {
  const fits = !isUtf8 && unicode !== undefined && unicode.length > 5 && unicode[0] === 1;
  const bytes = fits && unicode.readUInt32LE(1) === crc32(name) ? unicode.subarray(5) : name;
  const path = nameOfBytes(bytes);
  return path.includes("/") ? path : path.replaceAll("\\", "/");
}

/** What a member is: by the mode that Unix leaves, else by its name. */
function kindOf(header: Buffer, path: string): ZipMember["kind"] {
  if (path.endsWith("/")) return "folder";
  const isUnix = [3, 19].includes(header[5]!);
  const type = isUnix ? (header.readUInt16LE(40) & 0o170000) >> 12 : 0;
  if (type === 0 || type === 0o10) return "file";
  if (type === 0o12) return "symbolic link";
  return type === 0o04 ? "folder" : "other";
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
