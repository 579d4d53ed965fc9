/**
 * One table of a whole job. Rules that take the p-values of all images take two passes over the shards' tables: p-values of one calibration
 * take few values, so that how often each comes decides exactly, whatever the number of images.
 */
import { extname } from "node:path";
import { asCell, asPath, asText, ConfigError, quote, setting } from "../base/index.ts";
import { openAtomicBytes } from "../data/index.ts";
import { ruleLabel } from "../score/index.ts";
import type { Decision } from "../workflow/index.ts";
import { type Job, type JobRecord, tableName, tablePath, tablesThere } from "./job-files.ts";
import { columnsOfRows, type JobRow, openTable, readTable, type TableColumns } from "./shard-tables.ts";

/** What was merged. */
export interface MergeOutcome {
  readonly images: number;
  readonly unreadable: number;
  readonly marked: number;
  /** The most anomalous images, as many as were asked for; the earlier ones first among equals. */
  readonly top: readonly JobRow[];
}

/** Where a merged table goes, and how many of the most anomalous images are told. */
export interface MergeRequest {
  /** A name that ends in .csv or .parquet. Default: no table. */
  readonly out?: string | undefined;
  readonly replace?: boolean;
  readonly top?: number | undefined;
}

/**
 * Merges the tables of all shards, in the order of the images. Throws ConfigError for shards that are missing and for another kind of file, FormatError for
 * a damaged table, RunError where the disk refuses.
 */
export async function mergeJob(
  job: Job,
  { out, replace = false, top: wished = 0 }: MergeRequest,
): Promise<MergeOutcome> {
  const kind = out === undefined ? undefined : extname(out);
  if (kind !== undefined && kind !== ".csv" && kind !== ".parquet") {
    const expected = "a name that ends in .csv or .parquet";
    throw new ConfigError({ code: "unsupported", subject: setting("out"), expected, got: `'${out}'` });
  }
  await refuseMissing(job);
  const { record } = job;
  const marks = record.decision.together ? await marksOfAll(job, record.decision) : undefined;
  let columns: TableColumns | undefined;
  const file = out === undefined ? undefined : await openAtomicBytes(out, 0o666);
  try {
    columns = file && (await allColumns(job));
    const table = columns && (kind === ".csv" ? csvTable(record, columns) : parquetTable(record, columns));
    let [images, unreadable, marked] = [0, 0, 0];
    let top: JobRow[] = [];
    for await (const rows of tablesOf(job)) {
      const judged = marks ? rows.map((row) => ({ ...row, anomalous: row.error === null ? marks(row) : null })) : rows;
      images += judged.length;
      unreadable += judged.filter(({ error }) => error !== null).length;
      marked += judged.filter(({ anomalous }) => anomalous === true).length;
      if (wished > 0) top = keepMost(top, judged, wished);
      if (table) await file?.write(table.rows(judged));
    }
    if (table) await file?.write(table.end());
    await file?.commit({ replace });
    return { images, unreadable, marked, top };
  } finally {
    await file?.discard();
  }
}

async function refuseMissing({ folder, shards }: Job): Promise<void> {
  const there = await tablesThere(folder);
  const missing = shards.filter((shard) => !there.has(tableName(shard)));
  if (missing.length === 0) return;
  throw new ConfigError({
    code: "not-found",
    subject: "job",
    expected: "the tables of all shards",
    got: `${missing.length} of ${shards.length} missing`,
    remedy: { key: "other", text: `run a worker on '${folder}' to its end` },
  });
}

/** The rows of every shard, in order. */
export async function* tablesOf({ folder, shards }: Job): AsyncGenerator<readonly JobRow[]> {
  for (const shard of shards) yield (await readTable(tablePath(folder, shard))).rows;
}

/** The columns of all shards: a class or an expert may be there in some only. */
async function allColumns(job: Job): Promise<TableColumns> {
  const scores = new Set<string>();
  const texts = new Set<string>();
  for await (const rows of tablesOf(job)) {
    const found = columnsOfRows(rows);
    for (const name of found.scores) scores.add(name);
    for (const name of found.texts) texts.add(name);
  }
  return { scores: [...scores], texts: [...texts] };
}

/** Which rows a rule about all images marks, after a pass over them. */
async function marksOfAll(job: Job, decision: Decision): Promise<(row: JobRow) => boolean> {
  const { rule, most, falseAlarm } = decision;
  if (rule.kind === "false-discovery") {
    const largest = largestDiscovery(await countPValues(job), rule.share);
    return ({ pValue }) => pValue !== null && pValue <= largest;
  }
  let top: JobRow[] = [];
  for await (const rows of tablesOf(job)) {
    const able = rows.filter(({ pValue }) => pValue !== null && pValue <= falseAlarm!);
    top = keepMost(top, able, most!);
  }
  const chosen = new Set(top.map(({ image }) => image));
  return ({ image }) => chosen.has(image);
}

async function countPValues(job: Job): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for await (const rows of tablesOf(job)) {
    for (const { pValue } of rows) if (pValue !== null) counts.set(pValue, (counts.get(pValue) ?? 0) + 1);
  }
  return counts;
}

/**
 * The largest p-value that Benjamini-Hochberg marks (see `score/calibrating/false-discovery.ts`), from how often each comes; less than all where none is marked. Among
 * images with one p-value the last place decides, as for single images.
 */
export function largestDiscovery(counts: ReadonlyMap<number, number>, share: number): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  let place = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (const [pValue, count] of [...counts].sort(([a], [b]) => a - b)) {
    place += count;
    if ((pValue * total) / place <= share) largest = pValue;
  }
  return largest;
}

/** The rows with the highest scores, the earlier ones first among equals. */
export function keepMost(top: readonly JobRow[], rows: readonly JobRow[], count: number): JobRow[] {
  const least = top.length < count ? undefined : top.at(-1)?.score;
  const able = rows.filter(({ score }) => score !== null && (least == null || score > least));
  if (able.length === 0) return [...top];
  // Not a difference: infinity less infinity is no order.
  const order = (a: JobRow, b: JobRow): number =>
    a.score === b.score ? a.image - b.image : a.score! > b.score! ? -1 : 1;
  return [...top, ...able].sort(order).slice(0, count);
}

interface MergedTable {
  rows(rows: readonly JobRow[]): Uint8Array | string;
  end(): Uint8Array | string;
}

function parquetTable(record: JobRecord, columns: TableColumns): MergedTable {
  const table = openTable(record, columns, {});
  return { rows: table.add, end: table.end };
}

function csvTable({ decision }: JobRecord, { scores, texts }: TableColumns): MergedTable {
  const own = ["file", "score", "p_value", "anomalous", "rule", "error", ...scores];
  const head = [...own, ...texts.map((name) => quote(asText(own.includes(name) ? `list_${name}` : name)))].join(",");
  const label = ruleLabel(decision.rule);
  let before = `${head}\n`;
  return {
    rows(rows) {
      const lines = rows.map((row) =>
        [
          quote(asPath(row.file)),
          row.score ?? "",
          row.pValue ?? "",
          row.anomalous ?? "",
          label,
          quote(asText(row.error ?? "")),
          ...scores.map((name) => row.scores[name] ?? ""),
          ...texts.map((name) => quote(asCell(row.texts[name] ?? ""))),
        ].join(","),
      );
      const text = `${before}${lines.join("\n")}\n`;
      before = "";
      return text;
    },
    end: () => "",
  };
}
