/** Lists of images, piece by piece: one of a hundred million lines never has to be in memory. */
import { createReadStream } from "node:fs";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { FormatError } from "../../base/index.ts";
import { systemPath } from "../files/path-bytes.ts";
import { type Manifest, type ManifestRefusal, manifestOfJsonLines, manifestOfPaths } from "./manifest.ts";

/** An image as a list names it, its path whole, with what the list says of it. */
export type ListedImage = { readonly path: string } & Readonly<Record<string, string>>;

const lines = /\.(jsonl|ndjson|txt|lst)$/i;

/** Whether a location is a list that can be read piece by piece: a path or a JSON object a line. */
export function isLongList(path: string): boolean {
  return lines.test(path);
}

/**
 * The images of such a list, up to `size` at a time, as many in memory. Throws FormatError for what is no list, and the error of the file system.
 */
export async function* listInPieces(path: string, size: number, subject: string): AsyncGenerator<ListedImage[]> {
  const folder = dirname(resolve(path));
  const isJson = /\.(jsonl|ndjson)$/i.test(path);
  const read = (piece: readonly string[]): ListedImage[] => {
    const manifest: Manifest | ManifestRefusal = isJson
      ? manifestOfJsonLines(piece.join("\n"))
      : manifestOfPaths(piece);
    if ("reason" in manifest) {
      const got = `'${path}', which holds ${manifest.reason}`;
      throw new FormatError({ code: "unsupported", subject, expected: "a list of images", got });
    }
    return manifest.rows.map(({ path: own, label, split, others }) => ({
      path: resolve(folder, own),
      ...(label === undefined ? {} : { label }),
      ...(split === undefined ? {} : { split }),
      ...Object.fromEntries(manifest.columns.map((name, column) => [name, others[column] ?? ""])),
    }));
  };
  const input = createReadStream(systemPath(path));
  let piece: string[] = [];
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() === "" || (!isJson && line.startsWith("#"))) continue;
      piece.push(line);
      if (piece.length < size) continue;
      yield read(piece);
      piece = [];
    }
    if (piece.length > 0) yield read(piece);
  } finally {
    input.destroy();
  }
}
