/** Lists of images, piece by piece: one of a hundred million lines never has to be in memory. */
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { ConfigError, FormatError, messageOf } from "../../base/index.ts";
import { isStoreAddress } from "../../storage/index.ts";
import { type ByteSource, bytesOf } from "../containers/lazy-file.ts";
import { openObjectAt } from "../containers/store-tree.ts";
import {
  type Manifest,
  type ManifestRefusal,
  manifestOfJsonLines,
  manifestOfPaths,
  manifestOfTable,
} from "./manifest.ts";
import { delimiterOf, listedPlace, listName, tableOptions } from "./manifest-format.ts";

/** An image as a list names it, its path whole, with what the list says of it. */
export type ListedImage = { readonly path: string } & Readonly<Record<string, string>>;

/** Whether a location is a list, which can be read piece by piece. */
export function isLongList(path: string): boolean {
  return listName.test(path);
}

/** How much of a table is looked at to tell what stands between its columns. */
const looked = 1 << 16;

/**
 * The images of a list, up to `size` at a time, as many in memory. Throws FormatError for what is no list, ConfigError where nothing is there, and the error of the
 * file system.
 */
export async function* listInPieces(path: string, size: number, subject: string): AsyncGenerator<ListedImage[]> {
  const whole = isStoreAddress(path) ? path : resolve(path);
  const source = isStoreAddress(path) ? await openObjectAt(path, subject) : await bytesOf(path);
  if (!source) throw new ConfigError({ code: "not-found", subject, expected: "images", got: `nothing at '${path}'` });
  const refuse = (reason: string): FormatError => {
    const got = `'${path}', which holds ${reason}`;
    return new FormatError({ code: "unsupported", subject, expected: "a list of images", got });
  };
  const ending = listName.exec(path)![1]!.toLowerCase();
  const pieces =
    ending === "csv" || ending === "tsv" ? tablePieces(source, ending, size) : linePieces(source, ending, size);
  try {
    for await (const manifest of pieces) {
      if ("reason" in manifest) throw refuse(manifest.reason);
      if (manifest.rows.length === 0) continue;
      yield manifest.rows.map(({ path: own, label, split, others }) => ({
        path: listedPlace(whole, own),
        ...(label === undefined ? {} : { label }),
        ...(split === undefined ? {} : { split }),
        ...Object.fromEntries(manifest.columns.map((name, column) => [name, others[column] ?? ""])),
      }));
    }
  } catch (error) {
    if (error instanceof TypeError) throw refuse("a text that is no UTF-8");
    if (error instanceof Error && "code" in error && String(error.code).startsWith("CSV_")) {
      throw refuse(`a damaged table (${messageOf(error)})`);
    }
    throw error;
  }
}

type Piece = Manifest | ManifestRefusal;

/** A path or a JSON object a line. */
async function* linePieces(source: ByteSource, ending: string, size: number): AsyncGenerator<Piece> {
  const isJson = ending === "jsonl" || ending === "ndjson";
  const read = (piece: readonly string[]): Piece =>
    isJson ? manifestOfJsonLines(piece.join("\n")) : manifestOfPaths(piece);
  let piece: string[] = [];
  for await (const line of linesOf(source)) {
    if (line.length > longestLine) yield { reason: `a line of more than ${longestLine} signs` };
    if (line.trim() === "" || (!isJson && line.startsWith("#"))) continue;
    piece.push(line);
    if (piece.length < size) continue;
    yield read(piece);
    piece = [];
  }
  if (piece.length > 0) yield read(piece);
}

/** Longer lines name no image. */
const longestLine = 1 << 20;

/** All lines; the last one may be cut off where it is too long. */
async function* linesOf(source: ByteSource): AsyncGenerator<string> {
  let rest = "";
  for await (const text of decoded(source)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
    if (rest.length > longestLine) break;
  }
  yield rest;
}

/** A table, whose first row says what its columns are, unless it is a single column of paths. */
async function* tablePieces(source: ByteSource, ending: string, size: number): AsyncGenerator<Piece> {
  // Loaded when it is needed: a command reads few lists.
  const { parse } = await import("csv-parse");
  const start = new TextDecoder().decode(await source.read(0, Math.min(looked, source.size)));
  const input = Readable.from(decoded(source), { objectMode: false });
  const parser = parse({ ...tableOptions, delimiter: delimiterOf(start.replace(/^\ufeff/, ""), ending) });
  input.once("error", (error) => parser.destroy(error));
  let header: readonly string[] | undefined;
  let piece: string[][] = [];
  const read = (): Piece =>
    header ? manifestOfTable([header, ...piece]) : manifestOfPaths(piece.map(([path]) => path!));
  let isFirst = true;
  try {
    for await (const row of input.pipe(parser) as AsyncIterable<string[]>) {
      if (isFirst) {
        isFirst = false;
        const alone = manifestOfTable([row]);
        if ("reason" in alone) yield alone;
        else if (alone.rows.length === 0) {
          header = row;
          continue;
        }
      }
      piece.push(row);
      if (piece.length < size) continue;
      yield read();
      piece = [];
    }
    if (piece.length > 0) yield read();
  } finally {
    input.destroy();
    parser.destroy();
  }
}

/** The content as text. Throws TypeError where it is no UTF-8. */
async function* decoded(source: ByteSource): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const bytes of source.stream() as AsyncIterable<Uint8Array>) {
    yield decoder.decode(bytes, { stream: true });
  }
  yield decoder.decode();
}
