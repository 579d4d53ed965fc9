/** The rows of a shard as a Parquet file, and back. */
import { basename, dirname } from "node:path";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import { z } from "zod";
import { FormatError, isUserError, messageOf } from "../base/index.ts";
import { type ColumnTable, tableInBytes } from "../data/index.ts";
import { ruleLabel, unitOf } from "../score/index.ts";
import type { JobRecord } from "./job-files.ts";
import { placeOf } from "./job-place.ts";

/** What is said of one image of a job. Where it could not be read, there is an error and no score. */
export interface JobRow {
  /** Its place in the job, from 0 on. */
  readonly image: number;
  readonly file: string;
  readonly score: number | null;
  readonly pValue: number | null;
  /** Null where it cannot be told without the other images. */
  readonly anomalous: boolean | null;
  readonly scores: Readonly<Record<string, number>>;
  /** What is said besides, as text: the strongest expert, a class, the columns of a list. */
  readonly texts: Readonly<Record<string, string>>;
  readonly error: string | null;
}

/** A table that is written piece by piece. */
export interface TableWriter {
  /** Adds rows, as one group of the file. Bytes that are ready come out. */
  add(rows: readonly JobRow[]): Uint8Array;
  /** The last bytes. */
  end(): Uint8Array;
}

const fixed = ["image", "file", "score", "p_value", "anomalous", "error"];

/** The names of further columns: scores by their own, texts under another where that is taken. */
export interface TableColumns {
  readonly scores: readonly string[];
  readonly texts: readonly string[];
}

/** The columns of rows. */
function columnsOfRows(rows: readonly JobRow[]): TableColumns {
  const scores = new Set<string>();
  const texts = new Set<string>();
  for (const row of rows) {
    for (const name of Object.keys(row.scores)) scores.add(name);
    for (const name of Object.keys(row.texts)) texts.add(name);
  }
  return { scores: [...scores], texts: [...texts] };
}

/** A name that no score and no column of ours has. */
function textName(name: string, scores: readonly string[]): string {
  return fixed.includes(name) || scores.includes(name) ? `list_${name}` : name;
}

/** Begins a table. Its metadata tell of units, score and rule. */
export function openTable(
  record: JobRecord,
  columns: TableColumns,
  about: Readonly<Record<string, string>>,
): TableWriter {
  const optional = (name: string, type: SchemaElement["type"], more: Partial<SchemaElement> = {}): SchemaElement =>
    ({ name, type, repetition_type: "OPTIONAL", ...more }) as SchemaElement;
  const text = { converted_type: "UTF8" } as const;
  const schema: SchemaElement[] = [
    { name: "root", num_children: fixed.length + columns.scores.length + columns.texts.length },
    { name: "image", type: "INT64", repetition_type: "REQUIRED" },
    { name: "file", type: "BYTE_ARRAY", repetition_type: "REQUIRED", ...text },
    optional("score", "DOUBLE"),
    optional("p_value", "DOUBLE"),
    optional("anomalous", "BOOLEAN"),
    optional("error", "BYTE_ARRAY", text),
    ...columns.scores.map((name) => optional(name, "DOUBLE")),
    ...columns.texts.map((name) => optional(textName(name, columns.scores), "BYTE_ARRAY", text)),
  ];
  const { decision, identity, id } = record;
  const units = Object.fromEntries([decision.score, ...columns.scores].map((name) => [name, unitOf(name)]));
  const metadata = {
    "outglow.job": id,
    "outglow.detector": identity,
    "outglow.score": decision.score,
    "outglow.rule": ruleLabel(decision.rule),
    "outglow.units": JSON.stringify({ score: unitOf(decision.score), p_value: "share of normal images", ...units }),
    "outglow.scores": JSON.stringify(columns.scores),
    "outglow.texts": JSON.stringify(columns.texts),
    ...about,
  };
  const writer = new ByteWriter();
  const table = new ParquetWriter({
    writer,
    schema,
    createdBy: "outglow",
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  return {
    add(rows) {
      const column = (name: string, data: unknown[]): ColumnSource => ({ name, data }) as ColumnSource;
      const columnData = [
        column(
          "image",
          rows.map(({ image }) => BigInt(image)),
        ),
        column(
          "file",
          rows.map(({ file }) => file),
        ),
        column(
          "score",
          rows.map(({ score }) => score),
        ),
        column(
          "p_value",
          rows.map(({ pValue }) => pValue),
        ),
        column(
          "anomalous",
          rows.map(({ anomalous }) => anomalous),
        ),
        column(
          "error",
          rows.map(({ error }) => error),
        ),
        ...columns.scores.map((name) =>
          column(
            name,
            rows.map(({ scores }) => scores[name] ?? null),
          ),
        ),
        ...columns.texts.map((name) =>
          column(
            textName(name, columns.scores),
            rows.map(({ texts }) => texts[name] ?? null),
          ),
        ),
      ];
      void table.write({ columnData, rowGroupSize: Math.max(1, rows.length) });
      return taken();
    },
    end() {
      table.finish();
      return taken();
    },
  };
}

/** A whole table. */
export function writeTable(
  record: JobRecord,
  rows: readonly JobRow[],
  about: Readonly<Record<string, string>>,
): Uint8Array {
  const table = openTable(record, columnsOfRows(rows), about);
  const body = table.add(rows);
  return Buffer.concat([body, table.end()]);
}

/** A table that was read. */
export interface ReadTable {
  readonly rows: readonly JobRow[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** A table that is open: what it says of itself; its rows are decoded when they are asked for. */
export interface ShardTable {
  readonly count: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly columns: TableColumns;
  /** All rows, in order. Throws FormatError where the table is damaged. */
  rows(): Promise<JobRow[]>;
  /** The p-values alone, null where an image could not be read. Throws as `rows`. */
  pValues(): Promise<(number | null)[]>;
}

/** Bytes of the largest table that is read: thousands for each row of the largest shard. */
const largestTable = 2 ** 30;

/**
 * Opens the table of a shard, which may have been damaged or written by anybody. Throws FormatError where it is none, and where it has another number of rows
 * than the shard has images.
 */
export async function openShardTable(path: string, images?: number): Promise<ShardTable> {
  const guard = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw isUserError(error) ? error : damagedTable(path, messageOf(error));
    }
  };
  return guard(async () => {
    const bytes = await placeOf(dirname(path)).read(basename(path), largestTable);
    if (!bytes) throw new Error("nothing");
    const table = await tableInBytes(bytes);
    if (images !== undefined && table.rows !== images) throw new Error(`${table.rows} rows of ${images} images`);
    const metadata = Object.fromEntries(table.notes);
    const columns = { scores: namesIn(metadata["outglow.scores"]), texts: namesIn(metadata["outglow.texts"]) };
    return {
      count: table.rows,
      metadata,
      columns,
      rows: () => guard(() => rowsOf(table, columns)),
      pValues: () => guard(() => shares(table)),
    };
  });
}

/** Reads the table of a shard. Throws FormatError where it is damaged. */
export async function readTable(path: string): Promise<ReadTable> {
  const { rows, metadata } = await openShardTable(path);
  return { rows: await rows(), metadata };
}

/** The error of a table that is no shard's. */
export function damagedTable(path: string, got: string): FormatError {
  return new FormatError({
    code: "damaged",
    subject: `'${path}'`,
    expected: "the table of a shard",
    got,
    remedy: { key: "other", text: "delete it: a worker writes it again" },
  });
}

const namesSchema = z.array(z.string());

function namesIn(text = "[]"): string[] {
  const names = namesSchema.parse(JSON.parse(text));
  if (new Set(names).size < names.length) throw new Error("a column comes twice");
  return names;
}

/** p-values: what is no share would put all others out of order. */
async function shares(table: ColumnTable): Promise<(number | null)[]> {
  const values = await table.numbers("p_value");
  if (values.some((value) => value !== null && !(value >= 0 && value <= 1))) throw new Error("a p-value is no share");
  return values;
}

async function rowsOf(table: ColumnTable, columns: TableColumns): Promise<JobRow[]> {
  const images = await table.numbers("image");
  const files = await table.texts("file");
  const own = await table.numbers("score");
  const pValues = await shares(table);
  const anomalous = await table.numbers("anomalous");
  const errors = await table.texts("error");
  if (own.some((value) => value !== null && Number.isNaN(value))) throw new Error("a score is not a number");
  const scores = await columnsBy(columns.scores, (name) => table.numbers(name));
  const texts = await columnsBy(columns.texts, (name) => table.texts(textName(name, columns.scores)));
  return images.map((image, row) => ({
    image: image ?? -1,
    file: files[row] ?? "",
    score: own[row]!,
    pValue: pValues[row]!,
    anomalous: anomalous[row] === null ? null : anomalous[row] === 1,
    error: errors[row]!,
    scores: valuesAt(scores, row),
    texts: valuesAt(texts, row),
  }));
}

type NamedColumn<T> = readonly [name: string, values: readonly (T | null)[]];

async function columnsBy<T>(
  names: readonly string[],
  read: (name: string) => Promise<(T | null)[]>,
): Promise<NamedColumn<T>[]> {
  const columns: NamedColumn<T>[] = [];
  for (const name of names) columns.push([name, await read(name)]);
  return columns;
}

function valuesAt<T>(columns: readonly NamedColumn<T>[], row: number): Record<string, T> {
  const values: Record<string, T> = {};
  for (const [name, column] of columns) {
    const value = column[row];
    if (value !== null && value !== undefined) values[name] = value;
  }
  return values;
}
