/** Gzip: recognised by content, unpacked within limits, with errors a person understands. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type FormatError, messageOf } from "../../base/index.ts";
import type { Opening, StoredFile } from "../image-source.ts";
import { damagedFile, tooLarge } from "../limits.ts";

const unpack = promisify(gunzip);

/** Whether bytes begin like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The content of a file, unpacked if its name ends in .gz. Throws FormatError where that does not work, ConfigError where it would be larger
 * than the limit.
 */
export async function readUnpacked(file: StoredFile, { subject, limits }: Opening): Promise<Uint8Array> {
  if ((await file.size()) > limits.fileBytes) throw tooLarge(subject, "a file", file.shown, "fileBytes", limits);
  const bytes = await file.read();
  if (!file.path.toLowerCase().endsWith(".gz")) return bytes;
  if (!isGzip(bytes)) throw damagedGzip(subject, file.shown, bytes.length === 0 ? "it is empty" : "it is not gzip");
  try {
    return await unpack(bytes, { maxOutputLength: limits.fileBytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(subject, "an unpacked file", file.shown, "fileBytes", limits);
    throw damagedGzip(subject, file.shown, messageOf(error));
  }
}

/** The error for a gzip file that cannot be unpacked. */
export function damagedGzip(subject: string, shown: string, reason: string): FormatError {
  const plain = reason === "unexpected end of file" ? "it is cut off" : reason;
  return damagedFile(subject, "a gzip file", shown, plain);
}
