/**
 * The rows of a job as a folder that engines of tables read in place, a folder in it for every value of a column, named as Hive does:
 * `decision=anomalous/part-00000.parquet`. Who asks for the anomalous images reads those alone.
 */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ConfigError, messageOf, RunError, setting } from "../base/index.ts";
import { removeUnfinished, syncFolder, unfinishedName } from "../data/index.ts";
import type { JobRecord } from "./job-files.ts";
import type { RowSink } from "./row-sink.ts";
import { type JobRow, openTable, type TableColumns, type TableWriter } from "./shard-tables.ts";

/** The column that parts rows where nothing is said: `anomalous`, `normal` or `unreadable`. */
const decisionColumn = "decision";

/** How much goes where. */
interface PartLimits {
  /** After so many rows a file is closed and another begun. */
  readonly file: number;
  /** Rows of a group in it. */
  readonly group: number;
  /** Rows in memory, of all parts together. */
  readonly waiting: number;
  /** Values of the column: each has a file that is open. */
  readonly parts: number;
}

const usualLimits: PartLimits = { file: 2 ** 20, group: 2 ** 16, waiting: 2 ** 18, parts: 256 };

/** What is parted, and where by. */
export interface Partitioning {
  readonly record: JobRecord;
  readonly columns: TableColumns;
  /** A column of texts, or `decision`. */
  readonly by?: string | undefined;
  readonly replace: boolean;
  readonly limits?: PartLimits;
}

interface Part {
  readonly folder: string;
  waiting: JobRow[];
  files: number;
  writing: { readonly file: FileHandle; readonly table: TableWriter; rows: number } | undefined;
}

/**
 * Begins such a folder beside its place; `commit` gives it its name. Throws ConfigError for a column that is none of texts or has too many values, and where
 * something has come there that is not to be replaced; RunError where the disk refuses.
 */
export async function partitionedTables(
  out: string,
  { record, columns, by, replace, limits = usualLimits }: Partitioning,
): Promise<RowSink> {
  const column = by ?? decisionColumn;
  if (column !== decisionColumn && !columns.texts.includes(column)) {
    throw new ConfigError({
      code: "unknown-name",
      subject: setting("by"),
      expected: [decisionColumn, ...columns.texts].join(", "),
      got: `'${column}'`,
    });
  }
  // The column is in the names of folders: in the files it would come twice.
  const kept = { ...columns, texts: columns.texts.filter((name) => name !== column) };
  const place = resolve(out);
  const temporary = unfinishedName(place);
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof ConfigError ? error : unwritable(out, error);
    }
  };
  const parts = new Map<string, Part>();
  let waiting = 0;

  const partOf = async (value: string): Promise<Part> => {
    const known = parts.get(value);
    if (known) return known;
    if (parts.size === limits.parts) throw tooMany(column, limits.parts);
    const part: Part = {
      folder: join(temporary, `${escapeName(column)}=${escapeName(value)}`),
      waiting: [],
      files: 0,
      writing: undefined,
    };
    await mkdir(part.folder);
    parts.set(value, part);
    return part;
  };
  const flush = async (part: Part): Promise<void> => {
    if (part.waiting.length === 0) return;
    part.writing ??= {
      file: await open(join(part.folder, `part-${String(part.files++).padStart(5, "0")}.parquet`), "wx"),
      table: openTable(record, kept, {}),
      rows: 0,
    };
    const { writing } = part;
    await writing.file.writeFile(writing.table.add(part.waiting));
    writing.rows += part.waiting.length;
    waiting -= part.waiting.length;
    part.waiting = [];
    if (writing.rows >= limits.file) await close(part);
  };
  const close = async (part: Part): Promise<void> => {
    const { writing } = part;
    part.writing = undefined;
    if (!writing) return;
    try {
      await writing.file.writeFile(writing.table.end());
      await writing.file.sync();
    } finally {
      await writing.file.close();
    }
  };

  await removeUnfinished(place);
  await guard(() => mkdir(temporary, { recursive: true }));
  let isThere = false;
  return {
    add: (rows) =>
      guard(async () => {
        for (const row of rows) {
          const part = await partOf(valueIn(row, column));
          part.waiting.push(row);
          waiting++;
          if (part.waiting.length >= limits.group) await flush(part);
          else if (waiting >= limits.waiting) await flush(fullest(parts.values()));
        }
      }),
    commit: () =>
      guard(async () => {
        for (const part of parts.values()) {
          await flush(part);
          await close(part);
          await syncFolder(part.folder);
        }
        await syncFolder(temporary);
        await giveName(temporary, place, replace);
        isThere = true;
      }),
    async discard() {
      if (isThere) return;
      for (const { writing } of parts.values()) await writing?.file.close().catch(() => undefined);
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

function valueIn({ anomalous, error, texts }: JobRow, column: string): string {
  if (column !== decisionColumn) return texts[column] ?? "";
  return error !== null ? "unreadable" : anomalous === true ? "anomalous" : "normal";
}

function fullest(parts: Iterable<Part>): Part {
  return [...parts].reduce((most, part) => (part.waiting.length > most.waiting.length ? part : most));
}

/** As Hive does: what a path takes for something else is a percent sign and two digits, and nothing is a word of its own. */
function escapeName(value: string): string {
  if (value === "") return "__HIVE_DEFAULT_PARTITION__";
  return encodeURIComponent(value).replaceAll(".", "%2E").replaceAll("*", "%2A");
}

/** A folder that is replaced is whole under one of two names at every moment. */
async function giveName(temporary: string, place: string, replace: boolean): Promise<void> {
  const former = `${temporary}.former`;
  // An empty folder makes room by itself.
  const moved = await rename(temporary, place).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(error.code ?? "")) return false;
      throw error;
    },
  );
  if (!moved) {
    if (!replace) {
      throw new ConfigError({
        code: "exists",
        subject: `'${place}'`,
        expected: "a new folder",
        got: "one that is there",
        remedy: { key: "unchanged" },
      });
    }
    await rename(place, former);
    await rename(temporary, place);
    await rm(former, { recursive: true, force: true });
  }
  await syncFolder(dirname(place));
}

function tooMany(column: string, most: number): ConfigError {
  return new ConfigError({
    code: "too-large",
    subject: setting("by"),
    expected: `a column of ${most} values at most`,
    got: `'${column}', which has more`,
    remedy: { key: "choose-another" },
  });
}

function unwritable(out: string, error: unknown): RunError {
  return new RunError({
    code: "unwritable",
    subject: setting("partitioned"),
    expected: `to write '${out}'`,
    got: messageOf(error),
    remedy: { key: "unchanged" },
  });
}
