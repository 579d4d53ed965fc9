/**
 * A list of image files as a location: CSV or TSV with a header, JSON lines, or a text with a path a line. Paths begin at the list's folder. A label is
 * the class, a split with it stands for MVTec's folders, and every further column is carried through to what is said of the image.
 */
import { dirname, isAbsolute, join } from "node:path";
import { ConfigError, FormatError, messageOf } from "../../base/index.ts";
import { addressBeside, isStoreAddress, storeOf } from "../../storage/index.ts";
import { listedFile } from "../containers/folder-tree.ts";
import { storeFile } from "../containers/store-tree.ts";
import { readableName } from "../files/path-bytes.ts";
import { foldersOf } from "../files/path-names.ts";
import type { ImageFormat, Opening, StoredFile } from "../image-source.ts";
import { tooLarge } from "../limits.ts";
import {
  type Manifest,
  type ManifestRefusal,
  manifestOfJsonLines,
  manifestOfPaths,
  manifestOfTable,
} from "./manifest.ts";

/** Endings of lists. */
export const listName = /\.(csv|tsv|jsonl|ndjson|txt|lst)$/i;

/** Bytes of a list. A text of more is more than JavaScript holds in one piece. */
const longestList = 2 ** 28;

export const manifestFormat: ImageFormat = {
  // Files that are images, as in a folder: pages, sides and masks are chosen in the same way.
  name: "images",
  members: ({ container, files }) => (container === "file" ? files.filter(({ path }) => listName.test(path)) : []),
  // Beside images a list is no image.
  concerns: () => false,
  async open(tree, opening) {
    const [file] = manifestFormat.members(tree);
    const manifest = await readManifest(file!, opening);
    if ("reason" in manifest) throw refused(file!, manifest, opening);
    const { rows, columns } = manifest;
    if (rows.length > opening.limits.files) {
      throw tooLarge(opening.subject, "a list", file!.shown, "files", opening.limits);
    }
    if (rows.length === 0) throw refused(file!, { reason: "a list without rows" }, opening);
    const placeOf = (index: number): string => listedPlace(tree.location, rows[index]!.path);
    // Whether somebody may ask is known before the first image is read.
    if (rows.some(({ path }) => isStoreAddress(path))) storeOf(opening.subject);
    const foldersAt = (index: number): string[] =>
      foldersOf(rows[index]!.path.replaceAll("\\", "/")).filter((part) => !/^(|\.|\.\.)$/.test(part));
    const hasSplits = rows.some(({ split }) => split !== undefined);
    const hasLabels = rows.some(({ label }) => label !== undefined);
    return {
      format: "images",
      length: rows.length,
      name: (index) => readableName(placeOf(index)),
      className: (index) => (hasLabels ? rows[index]!.label : foldersAt(index).at(-1)),
      splitNames: (index) => {
        const { split, label } = rows[index]!;
        return hasSplits ? [split, label].filter((name) => name !== undefined) : foldersAt(index);
      },
      fileOf: (index) => ({ name: rows[index]!.path, place: placeOf(index) }),
      read: async (index) => {
        const place = placeOf(index);
        const file = isStoreAddress(place) ? storeFile(place, opening.limits) : listedFile(place, opening.limits);
        return { kind: "encoded", bytes: await file.read() };
      },
      ...(columns.length > 0 ? { columns: { names: columns, of: (index: number) => rows[index]!.others } } : {}),
    };
  },
};

/**
 * Where an image of a list lies: another address, or a path from the list's folder on. What a list on a store says of this machine's files stays a part
 * of the store's names, under which nothing is found.
 */
export function listedPlace(list: string, path: string): string {
  if (isStoreAddress(path)) return path;
  if (isStoreAddress(list)) return addressBeside(list, path) ?? `${list}/../${path}`;
  return isAbsolute(path) ? path : join(dirname(list), path);
}

async function readManifest(file: StoredFile, { subject, limits }: Opening): Promise<Manifest | ManifestRefusal> {
  if ((await file.size()) > Math.min(longestList, limits.fileBytes)) {
    throw tooLarge(subject, "a list", file.shown, "fileBytes", {
      ...limits,
      fileBytes: Math.min(longestList, limits.fileBytes),
    });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.read());
  } catch (error) {
    if (error instanceof TypeError) return { reason: "a text that is no UTF-8" };
    throw error;
  }
  const ending = listName.exec(file.path)![1]!.toLowerCase();
  if (ending === "jsonl" || ending === "ndjson") return manifestOfJsonLines(text);
  if (ending === "txt" || ending === "lst") return manifestOfPaths(text.split("\n"));
  // Loaded when it is needed: a command reads few lists.
  const { parse } = await import("csv-parse/sync");
  try {
    return manifestOfTable(parse(text, { ...tableOptions, delimiter: delimiterOf(text, ending) }) as string[][]);
  } catch (error) {
    return { reason: `a damaged table (${messageOf(error)})` };
  }
}

/** How tables are read. */
export const tableOptions = { relax_column_count: true, skip_empty_lines: true, bom: true, max_record_size: 2 ** 20 };

/** What stands between columns: a tab in .tsv, else what the header has most of, as spreadsheets of some countries write `;`. */
export function delimiterOf(text: string, ending: string): string {
  if (ending === "tsv") return "\t";
  const [header = ""] = text.split("\n", 1);
  const count = (sign: string): number => header.split(sign).length;
  return [",", ";", "\t"].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}

function refused({ path, shown }: StoredFile, { reason }: ManifestRefusal, { subject }: Opening): Error {
  const remedy = { key: "other", text: "a list holds a path a line, or columns 'path', 'label' and 'split'" } as const;
  const fault = {
    code: "unsupported",
    subject,
    expected: "images",
    got: `'${shown}', which holds ${reason}`,
    remedy,
  } as const;
  // Any text may lie among images.
  return /\.(txt|lst)$/i.test(path) ? new ConfigError(fault) : new FormatError(fault);
}
