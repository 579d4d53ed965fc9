/** What a Parquet file says of itself: its columns, its row groups, and what was written beside them. */
import type { PositionReader } from "../containers/lazy-file.ts";
import type { StoredFile } from "../image-source.ts";
import {
  type ColumnChunk,
  type ColumnValue,
  type PagePlace,
  readPage,
  readPageHeader,
  valueTypes,
} from "./parquet-pages.ts";
import {
  listIn,
  numberIn,
  readThrift,
  structIn,
  structsIn,
  ThriftDamage,
  type ThriftStruct,
  textIn,
  textOf,
} from "./thrift.ts";

/** A column that is no list, by its path. */
export interface ParquetColumn {
  readonly path: readonly string[];
  readonly type: number;
  readonly isText: boolean;
  readonly mostDefined: number;
}

/** What the end of a Parquet file says. */
export interface ParquetFile {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  /** Texts that its writer left, such as `huggingface`. */
  readonly notes: ReadonlyMap<string, string>;
  /** The row groups of a column, in order. */
  chunks(column: ParquetColumn): readonly ColumnChunk[];
  readonly read: PositionReader;
}

/** What a file says of itself is never longer than this. */
const longestFooter = 2 ** 27;

/** How a file is read: by position, or in memory where it cannot be. */
export async function readerFor(file: StoredFile): Promise<PositionReader> {
  if (file.readAt) return file.readAt;
  const whole = await file.read();
  return async (offset, size) => {
    if (offset + size > whole.length) throw new Error("it ends early");
    return whole.subarray(offset, offset + size);
  };
}

/** Reads what a file of `size` bytes says of itself. Throws ThriftDamage where that is wrong. */
export async function openParquet(read: PositionReader, size: number): Promise<ParquetFile> {
  if (size < 12) throw new ThriftDamage(size === 0 ? "it is empty" : "it is cut off");
  const tail = await read(size - 8, 8);
  if (new TextDecoder().decode(tail.subarray(4)) !== "PAR1") throw new ThriftDamage("it does not end like one");
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  if (length > size - 12 || length > longestFooter) throw new ThriftDamage("it is cut off");
  const { value: footer } = readThrift(await read(size - 8 - length, length));
  const rows = numberIn(footer, 3) ?? -1;
  const groups = structsIn(footer, 4);
  // A row of images takes some bytes: whoever tells of more wants the memory for them.
  const counts = groups.map((group) => numberIn(group, 3) ?? -1);
  if (
    rows < 0 ||
    rows > size ||
    counts.some((count) => count < 0) ||
    rows !== counts.reduce((sum, count) => sum + count, 0)
  ) {
    throw new ThriftDamage("its row count is wrong");
  }
  const columns = columnsOf(structsIn(footer, 2));
  const notes = new Map(structsIn(footer, 5).map((note) => [textIn(note, 1) ?? "", textIn(note, 2) ?? ""]));
  return {
    rows,
    columns,
    notes,
    read,
    chunks: (column) => groups.map((group) => chunkOf(group, column, size - 8 - length)),
  };
}

/** The leaves of a schema that are no lists and of a type that is read. */
function columnsOf(schema: readonly ThriftStruct[]): ParquetColumn[] {
  const columns: ParquetColumn[] = [];
  let at = 1;
  const walk = (path: readonly string[], children: number, defined: number, isList: boolean): void => {
    for (let child = 0; child < children && at < schema.length; child++) {
      const element = schema[at++]!;
      const here = [...path, textIn(element, 4) ?? ""];
      const repetition = numberIn(element, 3) ?? 0;
      const mostDefined = defined + Number(repetition !== 0);
      const inList = isList || repetition === 2;
      const inner = numberIn(element, 5) ?? 0;
      if (here.length > 16) throw new ThriftDamage("it is damaged");
      if (inner > 0) walk(here, inner, mostDefined, inList);
      else {
        const type = numberIn(element, 1) ?? -1;
        const isRead = Object.values(valueTypes).some((known) => known === type);
        const isText = numberIn(element, 6) === 0 || structIn(structIn(element, 10), 1) !== undefined;
        if (isRead && !inList) columns.push({ path: here, type, isText, mostDefined });
      }
    }
  };
  walk([], numberIn(schema[0], 5) ?? 0, 0, false);
  return columns;
}

function chunkOf(group: ThriftStruct, { path, type, mostDefined }: ParquetColumn, end: number): ColumnChunk {
  const rows = numberIn(group, 3)!;
  for (const column of structsIn(group, 1)) {
    const about = structIn(column, 3);
    const parts = listIn(about, 3).map(textOf);
    if (parts.length !== path.length || parts.some((part, index) => part !== path[index])) continue;
    const data = numberIn(about, 9) ?? -1;
    const dictionary = numberIn(about, 11) ?? 0;
    const start = dictionary > 0 ? Math.min(dictionary, data) : data;
    const length = numberIn(about, 7) ?? -1;
    if (textIn(column, 1)) throw new ThriftDamage("its columns lie in other files");
    if (start < 4 || length < 0 || start + length > end) throw new ThriftDamage("a column lies outside of it");
    return { type, mostDefined, codec: numberIn(about, 4) ?? -1, start, end: start + length, rows };
  }
  throw new ThriftDamage("a column is missing");
}

/** Bytes that hold most headers of pages. */
const usualHeader = 1 << 10;
const longestHeader = 1 << 20;

/** A data page with the rows before it, and its group's dictionary. */
export interface PlacedPage {
  readonly page: PagePlace;
  readonly chunk: ColumnChunk;
  readonly firstRow: number;
  readonly dictionary: PagePlace | undefined;
}

/** The pages of a column, in order, by their headers alone. Throws ThriftDamage where they hold other rows than the file tells. */
export async function pagesOf({ read, chunks }: ParquetFile, column: ParquetColumn): Promise<PlacedPage[]> {
  const pages: PlacedPage[] = [];
  let row = 0;
  for (const chunk of chunks(column)) {
    let dictionary: PagePlace | undefined;
    const end = row + chunk.rows;
    for (let at = chunk.start; at < chunk.end && row < end; ) {
      const [page, next] = await headerAt(read, at, chunk);
      at = next;
      if (page === undefined) continue;
      if (page.kind === "dictionary") dictionary = page;
      else {
        pages.push({ page, chunk, firstRow: row, dictionary });
        row += page.values;
      }
    }
    if (row !== end) throw new ThriftDamage("its row count is wrong");
  }
  return pages;
}

async function headerAt(
  read: PositionReader,
  at: number,
  chunk: ColumnChunk,
): Promise<readonly [PagePlace | undefined, number]> {
  for (let wanted = usualHeader; wanted <= longestHeader; wanted *= 32) {
    const bytes = await read(at, Math.min(wanted, chunk.end - at));
    const page = readPageHeader(bytes, at, chunk);
    if (page) return [page.kind === "skip" ? undefined : page, page.start + page.packedSize];
    if (wanted > chunk.end - at) break;
  }
  throw new ThriftDamage("it is cut off");
}

/** The values of a page. */
export async function readValues(
  read: PositionReader,
  { page, chunk, dictionary }: PlacedPage,
  known: PageCache,
): Promise<ColumnValue[]> {
  const words = dictionary && (await known.get(dictionary, () => load(read, dictionary, chunk, undefined)));
  return load(read, page, chunk, words);
}

async function load(
  read: PositionReader,
  page: PagePlace,
  chunk: ColumnChunk,
  dictionary: readonly ColumnValue[] | undefined,
): Promise<ColumnValue[]> {
  return readPage(await read(page.start, page.packedSize), page, chunk, dictionary);
}

/** What was decoded last, by the page. */
export interface PageCache {
  get(page: PagePlace, make: () => Promise<ColumnValue[]>): Promise<ColumnValue[]>;
}

/** Keeps the last few decoded pages, so that the images of one are unpacked once. */
export function pageCache(most: number): PageCache {
  const kept = new Map<PagePlace, Promise<ColumnValue[]>>();
  return {
    get(page, make) {
      const known = kept.get(page) ?? make();
      kept.delete(page);
      kept.set(page, known);
      if (kept.size > most) kept.delete(kept.keys().next().value!);
      return known;
    },
  };
}
