/**
 * The members of a tar archive, one after another: ustar, GNU long names, pax (POSIX.1-2001), base-256 sizes. Of our own because names have to
 * come as bytes, links with their targets, and no header may ask for more memory than it is worth.
 */
import type { Buffer } from "node:buffer";
import { nameOfBytes } from "../files/path-bytes.ts";
import { ArchiveDamage, type ArchiveMember } from "./archive-tree.ts";

/** Bytes of an archive in order. */
export interface ByteCursor {
  /** Bytes that were taken or skipped. */
  readonly position: number;
  /** The next `size` bytes, fewer where the archive ends. */
  take(size: number): Promise<Buffer>;
  /** Passes over bytes. Throws ArchiveDamage where the archive ends before. */
  skip(size: number): Promise<void>;
}

/** One member. */
export interface TarMember extends ArchiveMember {
  readonly path: string;
  /** Where its content begins. */
  readonly start: number;
  /** The content, only until the next member is asked for. Throws ArchiveDamage where the archive ends before. */
  read(): Promise<Buffer>;
}

const block = 512;

/** Long names and pax records beyond this are no names. */
const longestRecord = 1 << 20;

/** What records before a header say in its place. */
interface Records {
  path?: string;
  target?: string;
  size?: number;
  sparse?: boolean;
}

/** Goes through an archive once. Throws ArchiveDamage where it is none or is cut off. */
export async function* readMembers(cursor: ByteCursor): AsyncGenerator<TarMember, void, void> {
  const everywhere: Records = {};
  let next: Records = {};
  for (;;) {
    const header = await cursor.take(block);
    if (header.length === 0) return;
    if (header.length < block) throw new ArchiveDamage("it is cut off");
    if (isEmpty(header)) continue;
    checkHeader(header);
    const type = String.fromCharCode(header[156]!);
    if ("xgLK".includes(type)) {
      const content = await takeRecord(cursor, sizeOf(header));
      if (type === "L") next.path = nameOfBytes(untilZero(content));
      else if (type === "K") next.target = nameOfBytes(untilZero(content));
      else readRecords(content, type === "g" ? everywhere : next);
      continue;
    }
    const records = { ...everywhere, ...next };
    next = {};
    const kind = records.sparse ? "other" : kindOf(type);
    const size = kind === "file" || kind === "other" ? (records.size ?? sizeOf(header)) : 0;
    const start = cursor.position;
    const member: TarMember = {
      path: records.path ?? pathOf(header),
      kind,
      target: records.target ?? nameOfBytes(untilZero(header.subarray(157, 257))),
      size,
      start,
      async read() {
        const content = await cursor.take(size);
        if (content.length < size) throw new ArchiveDamage("it is cut off");
        return content;
      },
    };
    yield member;
    await cursor.skip(start + size - cursor.position);
    await cursor.skip((block - (size % block)) % block);
  }
}

async function takeRecord(cursor: ByteCursor, size: number): Promise<Buffer> {
  if (size > longestRecord) throw new ArchiveDamage("its header is invalid");
  const content = await cursor.take(size);
  if (content.length < size) throw new ArchiveDamage("it is cut off");
  await cursor.skip((block - (size % block)) % block);
  return content;
}

function kindOf(type: string): TarMember["kind"] {
  if (type === "0" || type === "\0" || type === "7") return "file";
  if (type === "1") return "hard link";
  if (type === "2") return "symbolic link";
  return type === "5" ? "folder" : "other";
}

function isEmpty(header: Buffer): boolean {
  return header.every((byte) => byte === 0);
}

/** The sum of a header's bytes, its own field taken as spaces, as unsigned or, in some old archives, signed numbers. */
function checkHeader(header: Buffer): void {
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < block; at++) {
    const byte = at >= 148 && at < 156 ? 32 : header[at]!;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const sum = numberAt(header, 148, 8);
  if (sum !== unsigned && sum !== signed) throw new ArchiveDamage("its header is invalid");
}

function sizeOf(header: Buffer): number {
  return numberAt(header, 124, 12);
}

/** Octal digits, or base 256 where the first bit is set. */
function numberAt(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  let value = 0;
  if (field[0]! >= 0x80) {
    for (const [index, byte] of field.entries()) value = value * 256 + (index === 0 ? byte & 0x7f : byte);
  } else {
    const text = untilZero(field).toString("latin1").trim();
    if (!/^[0-7]*$/.test(text)) throw new ArchiveDamage("its header is invalid");
    value = text === "" ? 0 : Number.parseInt(text, 8);
  }
  if (!Number.isSafeInteger(value)) throw new ArchiveDamage("its header is invalid");
  return value;
}

function pathOf(header: Buffer): string {
  const name = nameOfBytes(untilZero(header.subarray(0, 100)));
  const isPosix = header.subarray(257, 263).toString("latin1") === "ustar\0";
  const prefix = isPosix ? nameOfBytes(untilZero(header.subarray(345, 500))) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Pax records: `LENGTH KEY=VALUE\n`, the length counting itself. */
function readRecords(content: Buffer, records: Records): void {
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? Number.NaN : Number(content.subarray(at, space).toString("latin1"));
    if (!Number.isInteger(length) || length <= space - at || at + length > content.length) {
      throw new ArchiveDamage("its header is invalid");
    }
    const record = content.subarray(space + 1, at + length - 1);
    at += length;
    const equals = record.indexOf(61);
    if (equals < 0) continue;
    const key = record.subarray(0, equals).toString("latin1");
    const value = record.subarray(equals + 1);
    if (key === "path") records.path = nameOfBytes(value);
    else if (key === "linkpath") records.target = nameOfBytes(value);
    else if (key.startsWith("GNU.sparse.")) records.sparse = true;
    else if (key === "size") {
      const size = Number(value.toString("latin1"));
      if (!Number.isSafeInteger(size) || size < 0) throw new ArchiveDamage("its header is invalid");
      records.size = size;
    }
  }
}
