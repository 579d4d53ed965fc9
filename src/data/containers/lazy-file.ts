/** A file read by position, open only while somebody reads. */
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { systemPath } from "../files/path-bytes.ts";

/** Reads `size` bytes from `offset`. Throws an Error where the file ends before. */
export type PositionReader = (offset: number, size: number) => Promise<Uint8Array>;

/** Bytes of known length, wherever they are. */
export interface ByteSource {
  readonly size: number;
  readonly read: PositionReader;
  /** All of them in order. */
  stream(): Readable;
  /** Whether `read` itself brings more to who goes on, so that nobody needs to ask for more than is wanted. */
  readonly steps?: boolean;
}

/** The bytes of a file. */
export async function bytesOf(path: string): Promise<ByteSource> {
  const { size } = await stat(systemPath(path));
  const stream = () => createReadStream(systemPath(path), { highWaterMark: 1 << 20 });
  return { size, read: readerOf(path), stream };
}

/** Opens a file when the first of several overlapping reads begins and closes it when the last one ends, so that nobody has to close it. */
export function readerOf(path: string): PositionReader {
  let handle: Promise<FileHandle> | undefined;
  let readers = 0;
  return async (offset, size) => {
    readers++;
    handle ??= open(systemPath(path), "r");
    const current = handle;
    try {
      const bytes = new Uint8Array(size);
      const { bytesRead } = await (await current).read(bytes, 0, size, offset);
      if (bytesRead < size) throw new Error("it ends early: it has changed since it was opened");
      return bytes;
    } finally {
      readers--;
      if (readers === 0) {
        handle = undefined;
        await current.then((file) => file.close()).catch(() => undefined);
      }
    }
  };
}
