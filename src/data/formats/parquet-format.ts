/**
 * Parquet files with a column of images, as Hugging Face publishes data sets: `image{bytes, path}`, a label, a split by the name of the file, several
 * shards. Read page by page, so that memory does not grow with the file.
 */
import { FormatError, messageOf } from "../../base/index.ts";
import { baseName, foldersOf } from "../files/path-names.ts";
import { type ImageFormat, isReadError, type Opening, type StoredFile } from "../image-source.ts";
import { damagedFile, tooLarge } from "../limits.ts";
import {
  openParquet,
  type PageCache,
  type ParquetColumn,
  type ParquetFile,
  type PlacedPage,
  pageCache,
  pagesOf,
  readerFor,
  readValues,
} from "./parquet-file.ts";
import { type ColumnValue, valueTypes } from "./parquet-pages.ts";
import { joinParts, type RawPart, rawCatalogue } from "./raw-parts.ts";
import { ThriftDamage } from "./thrift.ts";

export const parquetFormat: ImageFormat = {
  name: "parquet",
  members: ({ files }) => files.filter(({ path }) => /\.parquet$/i.test(path)),
  concerns: (path) => /\.parquet$/i.test(path),
  async open(tree, opening) {
    const parts: RawPart[] = [];
    const remarks = new Set<string>();
    let rows = 0;
    const cache = pageCache(keptPages);
    for (const file of parquetFormat.members(tree)) {
      const { part, remark } = await openShard(file, opening, cache).catch((error: unknown) => {
        if (error instanceof ThriftDamage || isReadError(error)) throw damaged(file, messageOf(error), opening);
        throw error;
      });
      rows += part.count;
      if (rows > opening.limits.files) throw tooLarge(opening.subject, "data", file.shown, "files", opening.limits);
      parts.push(part);
      remarks.add(remark);
    }
    return { ...rawCatalogue("parquet", joinParts(parts)), remarks: [...remarks] };
  },
};

/** Decoded pages that are kept of all shards: a page may hold a thousand images. */
const keptPages = 4;

async function openShard(
  file: StoredFile,
  { subject, limits }: Opening,
  cache: PageCache,
): Promise<{ part: RawPart; remark: string }> {
  const size = await file.size();
  if (!file.readAt && size > limits.fileBytes) throw tooLarge(subject, "a file", file.shown, "fileBytes", limits);
  const parquet = await openParquet(await readerFor(file), size);
  const image = imageColumn(parquet);
  if (!image) {
    const names = [...new Set(parquet.columns.map(({ path }) => path[0]!))].join(", ");
    throw new FormatError({
      code: "unsupported",
      subject,
      expected: `a column of images in '${file.shown}'`,
      got: names === "" ? "no columns that are read" : `columns ${names}`,
    });
  }
  const pages = await pagesOf(parquet, image);
  const label = labelColumn(parquet, image);
  const labels = label && (await readLabels(parquet, label));
  const shown = `image column '${image.path.join(".")}'${label ? `, class by '${label.path[0]}'` : ""}`;
  return {
    remark: shown,
    part: {
      shown: file.shown,
      splits: splitsOf(file.path),
      count: parquet.rows,
      className: (index) => labels?.[index],
      async read(index) {
        const bytes = await valueAt(parquet, pages, index, cache);
        if (!(bytes instanceof Uint8Array)) throw new Error("the row has no image");
        return { kind: "encoded", bytes };
      },
    },
  };
}

async function valueAt(
  { read }: ParquetFile,
  pages: readonly PlacedPage[],
  row: number,
  cache: PageCache,
): Promise<ColumnValue> {
  let [low, high] = [0, pages.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (pages[middle]!.firstRow <= row) low = middle;
    else high = middle - 1;
  }
  const place = pages[low]!;
  const values = await cache.get(place.page, () => readValues(read, place, cache));
  return values[row - place.firstRow] ?? null;
}

/** The column of images: a structure with `bytes`, or bytes of a telling name. */
function imageColumn({ columns }: ParquetFile): ParquetColumn | undefined {
  const bytes = columns.filter(({ type, isText }) => type === valueTypes.bytes && !isText);
  const structures = bytes.filter(({ path }) => path.length === 2 && path[1] === "bytes");
  const isNamed = ({ path }: ParquetColumn): boolean => /^(image|img|picture|photo)s?$/i.test(path[0]!);
  return (
    structures.find(isNamed) ??
    structures[0] ??
    bytes.find(({ path }) => path.length === 1 && /^(image|img|picture|photo|bytes|jpe?g|png|webp)/i.test(path[0]!))
  );
}

/** What Hugging Face writes of a column. */
type Feature = { readonly _type?: unknown; readonly names?: unknown };

function featuresOf({ notes }: ParquetFile): Readonly<Record<string, Feature>> {
  try {
    const { info } = JSON.parse(notes.get("huggingface") ?? "{}") as { info?: { features?: unknown } };
    return typeof info?.features === "object" && info.features !== null
      ? (info.features as Record<string, Feature>)
      : {};
  } catch {
    return {};
  }
}

const labelNames = ["label", "labels", "fine_label", "class", "category", "target"];

function labelColumn(file: ParquetFile, image: ParquetColumn): ParquetColumn | undefined {
  const features = featuresOf(file);
  const single = file.columns.filter(
    (column) => column.path.length === 1 && column.type !== valueTypes.double && column !== image,
  );
  return (
    single.find(({ path }) => features[path[0]!]?._type === "ClassLabel") ??
    labelNames.flatMap((name) => single.filter(({ path }) => path[0]!.toLowerCase() === name))[0]
  );
}

/** All labels, as names where the file has them. */
async function readLabels(file: ParquetFile, column: ParquetColumn): Promise<(string | undefined)[]> {
  const given = featuresOf(file)[column.path[0]!]?.names;
  const names = Array.isArray(given) ? given : [];
  const labels: (string | undefined)[] = [];
  const cache = pageCache(1);
  // Few of them are different: equal texts are kept once.
  const known = new Map<string, string>();
  for (const place of await pagesOf(file, column)) {
    for (const value of await readValues(file.read, place, cache)) {
      const label = typeof value === "number" ? nameOf(names[value], value) : value && new TextDecoder().decode(value);
      if (label && !known.has(label)) known.set(label, label.normalize("NFC"));
      labels.push(label ? known.get(label) : undefined);
    }
  }
  return labels;
}

function nameOf(name: unknown, label: number): string | undefined {
  // Hugging Face writes -1 where there is none.
  return typeof name === "string" ? name : label === -1 ? undefined : String(label);
}

/** `train` of `data/train-00000-of-00002.parquet` and of `train/0000.parquet`, and all folders. */
function splitsOf(path: string): string[] {
  const name = baseName(path).replace(/\.parquet$/i, "");
  const split =
    /^(.+?)[-_.]\d+[-_.]of[-_.]\d+/.exec(name)?.[1] ?? /^(train|test|validation|valid|val|dev)\b/i.exec(name)?.[1];
  return [...new Set([...(split ? [split] : []), ...foldersOf(path)])];
}

function damaged({ shown }: StoredFile, reason: string, { subject }: Opening): FormatError {
  return damagedFile(subject, "a Parquet file", shown, reason);
}
