/**
 * The journal of a watch: one line of JSON an image, appended and synced before the image counts as seen. It is the output and the memory in
 * one, so that a process may be killed at any moment: a line that is not whole is cut off, and its image is scored again.
 */
import { type FileHandle, mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { ConfigError, FormatError, messageOf, RunError, setting } from "../../base/index.ts";
import { takeLock, writeFileAtomic } from "../../data/index.ts";

const rowSchema = z.object({
  /** Path below the folder that is watched. */
  file: z.string(),
  /** Bytes and time of last change: with the path, what makes the file one image. */
  size: z.number(),
  modified: z.number(),
  /** When it was scored, ISO 8601. */
  time: z.string(),
  /** Which models and calibration scored it. */
  detector: z.string(),
  /** Null where it is no image that can be read, or where a score is not finite. */
  score: z.number().nullable(),
  pValue: z.number().nullable(),
  anomalous: z.boolean(),
  rule: z.string(),
  scores: z.record(z.string(), z.number().nullable()),
  /** Why it has no score. */
  problem: z.string().optional(),
});

/** What is said of one file that arrived. */
export type WatchedRow = z.infer<typeof rowSchema>;

const toldSchema = z.object({ rows: z.number().int().min(0), drifted: z.array(z.string()) });

/** What somebody was told of already: anomalies among the first rows, columns that drifted. */
export type Told = z.infer<typeof toldSchema>;

/** A journal that is open. */
export interface Journal {
  /** The rows of earlier processes. */
  readonly rows: readonly WatchedRow[];
  readonly told: Told;
  append(rows: readonly WatchedRow[]): Promise<void>;
  /** Keeps what was told, after it was. */
  tell(told: Told): Promise<void>;
  close(): Promise<void>;
}

/** Opens a journal, or begins one. Throws ConfigError where another watch writes it, FormatError where it is another file, RunError where the disk refuses. */
export async function openJournal(path: string): Promise<Journal> {
  const guard = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw new RunError({
        code: "unwritable",
        subject: `'${path}'`,
        expected: "a file that can be written",
        got: messageOf(error),
        remedy: { key: "other", text: "watch again once it can: no image is lost" },
      });
    });
  await guard(mkdir(dirname(path), { recursive: true }));
  const outcome = await guard(takeLock(`${path}.lock`));
  if ("holder" in outcome) {
    throw new ConfigError({
      code: "busy",
      subject: setting("out"),
      expected: "a file that no other watch writes",
      got: `'${path}', which process ${outcome.holder.pid ?? "unknown"} writes`,
      remedy: { key: "choose-another" },
    });
  }
  const { lock } = outcome;
  try {
    const rows = await readRows(path, guard);
    const told = await readTold(`${path}.told`);
    const file: FileHandle = await guard(open(path, "a"));
    return {
      rows,
      told,
      append: (added) =>
        guard(file.appendFile(added.map((row) => `${JSON.stringify(row)}\n`).join("")).then(() => file.sync())),
      tell: (next) => writeFileAtomic(`${path}.told`, `${JSON.stringify(next)}\n`),
      async close() {
        await file.close().catch(() => undefined);
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** All whole rows. What a killed process left after them is cut off. */
async function readRows(path: string, guard: <T>(work: Promise<T>) => Promise<T>): Promise<WatchedRow[]> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    return guard(Promise.reject<Buffer>(error));
  });
  const end = bytes.lastIndexOf(0x0a) + 1;
  const rows: WatchedRow[] = [];
  let start = 0;
  while (start < end) {
    const stop = bytes.indexOf(0x0a, start);
    rows.push(parseRow(bytes.toString("utf8", start, stop), path, rows.length + 1));
    start = stop + 1;
  }
  // Nothing is cut off a file that holds no row: it may be somebody's.
  if (end === 0 && bytes.length > 0 && bytes[0] !== 0x7b) throw foreign(path, 1);
  if (end < bytes.length) await guard(truncate(path, end));
  return rows;
}

function parseRow(line: string, path: string, number: number): WatchedRow {
  try {
    return rowSchema.parse(JSON.parse(line));
  } catch {
    throw foreign(path, number);
  }
}

function foreign(path: string, line: number): FormatError {
  return new FormatError({
    code: "unsupported",
    subject: `'${path}', line ${line}`,
    expected: "a row of a watch",
    got: "something else",
    remedy: { key: "choose-another" },
  });
}

async function readTold(path: string): Promise<Told> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return { rows: 0, drifted: [] };
  try {
    return toldSchema.parse(JSON.parse(text));
  } catch {
    throw foreign(path, 1);
  }
}
