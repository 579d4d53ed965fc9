/** A Parquet file as a table of numbers and texts, read column by column, whatever its bytes are. */
import { openParquet, type ParquetFile, pageCache, pagesOf, readValues } from "./parquet-file.ts";

/** A table that is open: its bytes are in memory, its columns are decoded when they are asked for. */
export interface ColumnTable {
  readonly rows: number;
  /** What its writer left beside the rows. */
  readonly notes: ReadonlyMap<string, string>;
  /** A column of numbers, null where one is missing; of truths 0 and 1. Throws an Error where there is none of that name and kind. */
  numbers(name: string): Promise<(number | null)[]>;
  /** A column of texts, null where one is missing. Throws as `numbers`. */
  texts(name: string): Promise<(string | null)[]>;
}

/**
 * Opens a table in memory. Throws an Error that says in plain words what is wrong with it, before anything is allocated that its size does not justify.
 */
export async function tableInBytes(bytes: Uint8Array): Promise<ColumnTable> {
  const file = await openParquet(async (offset, size) => {
    if (offset + size > bytes.length) throw new Error("it ends early");
    return bytes.subarray(offset, offset + size);
  }, bytes.length);
  return {
    rows: file.rows,
    notes: file.notes,
    numbers: (name) => columnOf(file, name, (value) => (typeof value === "number" ? value : undefined)),
    texts(name) {
      // Texts of a dictionary are the same bytes again and again.
      const known = new Map<Uint8Array, string>();
      return columnOf(file, name, (value) => {
        if (!(value instanceof Uint8Array)) return undefined;
        const text = known.get(value) ?? Buffer.from(value.buffer, value.byteOffset, value.length).toString();
        known.set(value, text);
        return text;
      });
    },
  };
}

async function columnOf<T>(
  file: ParquetFile,
  name: string,
  take: (value: number | Uint8Array) => T | undefined,
): Promise<(T | null)[]> {
  const column = file.columns.find(({ path }) => path.length === 1 && path[0] === name);
  if (!column) throw new Error(`it has no column '${name}'`);
  const values: (T | null)[] = [];
  const cache = pageCache(1);
  for (const place of await pagesOf(file, column)) {
    for (const value of await readValues(file.read, place, cache)) {
      const own = value === null ? null : take(value);
      if (own === undefined) throw new Error(`its column '${name}' is of another kind`);
      values.push(own);
    }
  }
  return values;
}
