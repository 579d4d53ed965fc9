/** The rows of a shard as a Parquet file, and back. */
import { basename, dirname } from "node:path";
import { parquetMetadata, parquetReadObjects, type SchemaElement } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import { FormatError, messageOf } from "../base/index.ts";
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
export function columnsOfRows(rows: readonly JobRow[]): TableColumns {
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

/** Reads the table of a shard. Throws FormatError where it is damaged. */
export async function readTable(path: string): Promise<ReadTable> {
  try {
    const bytes = await placeOf(dirname(path)).read(basename(path));
    if (!bytes) throw new Error("nothing");
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const parsed = parquetMetadata(buffer);
    const metadata = Object.fromEntries(parsed.key_value_metadata?.map(({ key, value }) => [key, value ?? ""]) ?? []);
    const objects = await parquetReadObjects({
      file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
      metadata: parsed,
    });
    const scores = JSON.parse(metadata["outglow.scores"] ?? "[]") as string[];
    const texts = JSON.parse(metadata["outglow.texts"] ?? "[]") as string[];
    return { metadata, rows: objects.map((object) => rowOf(object, scores, texts)) };
  } catch (error) {
    throw new FormatError({
      code: "damaged",
      subject: `'${path}'`,
      expected: "the table of a shard",
      got: messageOf(error),
      remedy: { key: "other", text: "delete it: a worker writes it again" },
    });
  }
}

function rowOf(object: Record<string, unknown>, scores: readonly string[], texts: readonly string[]): JobRow {
  const number = (name: string): number | null => (object[name] as number | null | undefined) ?? null;
  const text = (name: string): string | null => (object[name] as string | null | undefined) ?? null;
  return {
    image: Number(object.image),
    file: text("file") ?? "",
    score: number("score"),
    pValue: number("p_value"),
    anomalous: (object.anomalous as boolean | null | undefined) ?? null,
    error: text("error"),
    scores: Object.fromEntries(scores.flatMap((name) => (number(name) === null ? [] : [[name, number(name)!]]))),
    texts: Object.fromEntries(
      texts.flatMap((name) => {
        const value = text(textName(name, scores));
        return value === null ? [] : [[name, value]];
      }),
    ),
  };
}
