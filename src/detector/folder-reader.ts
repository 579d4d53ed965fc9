/** A folder on disk as the place of a detector's files. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, messageOf } from "../base/index.ts";
import type { FileReader } from "./file-reader.ts";

/** The files of a folder. Reads ordinary files only: a device or a pipe under one of their names might never end. */
export function folderReader(folder: string): FileReader {
  return {
    location: folder,
    describe: (name) => join(folder, name),
    async read(name, mostBytes) {
      const path = join(folder, name);
      try {
        return await readOrdinary(path, mostBytes);
      } catch (error) {
        if (error instanceof FormatError) throw error;
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        throw unreadable(path, "a file that can be read", messageOf(error));
      }
    },
  };
}

async function readOrdinary(path: string, mostBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  // Asked before the file is opened: opening a pipe waits for somebody who writes into it.
  const stats = await stat(path);
  if (!stats.isFile()) throw unreadable(path, "an ordinary file", "something else");
  if (stats.size > mostBytes) throw unreadable(path, `a file of at most ${mostBytes} bytes`, String(stats.size));
  return readFile(path);
}

function unreadable(path: string, expected: string, got: string): FormatError {
  return new FormatError({
    code: "unreadable",
    subject: `'${path}'`,
    expected,
    got,
    remedy: { key: "copy-detector-again" },
  });
}
