/** Tar archives as file trees: plain ones are indexed once and read by position, compressed ones are held in memory. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Extract, extract } from "tar-stream";
import { FormatError, messageOf } from "../base/index.ts";
import { damagedGzip, isGzip } from "./gzip.ts";
import type { FileContainer, StoredFile } from "./image-source.ts";
import { readerOf } from "./lazy-file.ts";
import { compareNames, isHidden, showPath } from "./path-names.ts";

/** A .tar, .tar.gz or .tgz archive. Whether it is compressed is read from its first bytes, not from its name. */
export const tarContainer: FileContainer = {
  name: "tar",
  matches: (path, isFolder) => !isFolder && isArchiveName(path),
  async open(path, where) {
    const start = await firstBytes(path);
    if (start.length === 0) throw damagedTar(where, path, "it is empty");
    const files = isGzip(start) ? await unpackTar(path, where) : await indexTar(path, where);
    files.sort((a, b) => compareNames(a.path, b.path));
    return { location: path, container: "archive", files, companions: async () => files };
  },
};

/** Whether a path has the name of a tar archive. */
export function isArchiveName(path: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(path);
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(2), 0, 2, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function indexTar(path: string, where: string): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  const read = readerOf(path);
  await walkTar(path, where, false, (inside, content) => {
    const start = content.offset + headerSize;
    const { size } = content.header;
    content.resume();
    files.push({ path: inside, shown: showPath(path, inside), read: () => read(start, size) });
  });
  return files;
}

async function unpackTar(path: string, where: string): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  await walkTar(path, where, true, (inside, content) => {
    const chunks: Uint8Array[] = [];
    content.on("data", (chunk) => chunks.push(chunk as Uint8Array));
    content.on("end", () => {
      const bytes = Buffer.concat(chunks);
      files.push({ path: inside, shown: showPath(path, inside), read: async () => bytes });
    });
  });
  return files;
}

/** A file's content on its way, with its header and where that header begins in the archive. */
type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

type Visit = (path: string, content: Entry) => void;

/** Bytes of the header before a file's content. */
const headerSize = 512;

/** Goes through an archive once and shows every file that is not hidden. The visitor has to use up the content. */
async function walkTar(path: string, where: string, compressed: boolean, visit: Visit): Promise<void> {
  const walker = extract();
  walker.on("entry", (header, content, next) => {
    content.on("end", () => next());
    // A damaged archive ends the content with the error that the pipeline reports below.
    content.on("error", () => undefined);
    const parts = header.name.split("/").filter((part) => part !== "" && part !== ".");
    const isFile = header.type === "file" || header.type === "contiguous-file";
    if (isFile && parts.length > 0 && !parts.some(isHidden)) visit(parts.join("/"), content);
    else content.resume();
  });
  const input = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    await (compressed ? pipeline(input, createGunzip(), walker) : pipeline(input, walker));
  } catch (error) {
    if (isZlibError(error)) throw damagedGzip(where, path, messageOf(error));
    throw damagedTar(where, path, reasonOf(error));
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  if (message === "Unexpected end of data") return "it is cut off";
  return message.startsWith("Invalid tar header") ? "its header is invalid" : message;
}

function damagedTar(where: string, path: string, reason: string): FormatError {
  return new FormatError(
    `${where} expects a tar archive, got a damaged one in '${path}' (${reason}); copy or download it again`,
  );
}
