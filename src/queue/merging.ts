/**
 * One table of a whole job. Rules that take the p-values of all images take two passes over the shards' tables: p-values of one calibration
 * take few values, so that how often each comes decides exactly, whatever the number of images.
 */
import { extname } from "node:path";
import { ConfigError, setting } from "../base/index.ts";
import { mapInOrder } from "../data/index.ts";
import { type Job, type Shard, tableName, tablePath, tablesThere } from "./job-files.ts";
import { mergedTable } from "./merged-table.ts";
import { partitionedTables } from "./partitioned-tables.ts";
import type { RowSink } from "./row-sink.ts";
import { damagedTable, type JobRow, openShardTable, type ShardTable, type TableColumns } from "./shard-tables.ts";

/** What was merged. */
export interface MergeOutcome {
  readonly images: number;
  readonly unreadable: number;
  readonly marked: number;
  /** The most anomalous images, as many as were asked for; the earlier ones first among equals. */
  readonly top: readonly JobRow[];
}

/** Where the rows of a job go, and how many of the most anomalous images are told. */
export interface MergeRequest {
  /** A name that ends in .csv or .parquet. Default: no table. */
  readonly out?: string | undefined;
  /** A folder of tables in Parquet, one folder in it for every value of a column (`partitionedTables`). Default: none. */
  readonly partitioned?: string | undefined;
  /** That column. Default: the decision. */
  readonly by?: string | undefined;
  readonly replace?: boolean;
  readonly top?: number | undefined;
}

/**
 * Merges the tables of all shards, in the order of the images. Throws ConfigError for shards that are missing, for another kind of file and for a column that
 * parts into too many, FormatError for a damaged table, RunError where the disk refuses.
 */
export async function mergeJob(job: Job, request: MergeRequest, signal?: AbortSignal): Promise<MergeOutcome> {
  const { out, partitioned, by, replace = false, top: wished = 0 } = request;
  const kind = out === undefined ? undefined : kindOf(out);
  if (by !== undefined && partitioned === undefined) {
    const needs = { code: "missing-setting", expected: `${setting("partitioned")} with it`, got: "none" } as const;
    throw new ConfigError({ subject: setting("by"), ...needs });
  }
  await refuseMissing(job);
  const { record } = job;
  const isWritten = out !== undefined || partitioned !== undefined;
  const survey = isWritten || record.decision.together ? await surveyOf(job, signal) : undefined;
  const sinks: RowSink[] = [];
  try {
    if (out !== undefined) sinks.push(await mergedTable(out, kind!, record, survey!.columns, replace));
    if (partitioned !== undefined) {
      sinks.push(await partitionedTables(partitioned, { record, columns: survey!.columns, by, replace }));
    }
    const marks = survey?.marks;
    let [images, unreadable, marked] = [0, 0, 0];
    let top: JobRow[] = [];
    for await (const rows of rowsOfShards(job)) {
      signal?.throwIfAborted();
      const judged = marks ? rows.map((row) => ({ ...row, anomalous: row.error === null ? marks(row) : null })) : rows;
      images += judged.length;
      for (const { error, anomalous } of judged) {
        if (error !== null) unreadable++;
        if (anomalous === true) marked++;
      }
      if (wished > 0) top = keepMost(top, judged, wished);
      for (const sink of sinks) await sink.add(judged);
    }
    for (const sink of sinks) await sink.commit();
    return { images, unreadable, marked, top };
  } finally {
    for (const sink of sinks) await sink.discard();
  }
}

function kindOf(out: string): ".csv" | ".parquet" {
  const kind = extname(out);
  if (kind === ".csv" || kind === ".parquet") return kind;
  const expected = "a name that ends in .csv or .parquet";
  throw new ConfigError({ code: "unsupported", subject: setting("out"), expected, got: `'${out}'` });
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

/** Shards that are read ahead of the one at hand. */
const readAhead = 2;

/** What every shard's table gives, in order. Throws FormatError for a table of other rows than the shard's. */
function fromTables<T>({ folder, shards }: Job, read: (table: ShardTable, shard: Shard) => Promise<T>) {
  const readOne = async (index: number): Promise<T> => {
    const shard = shards[index]!;
    const table = await openShardTable(tablePath(folder, shard), shard.count);
    return read(table, shard);
  };
  return mapInOrder(shards.length, readOne, { concurrency: readAhead, ahead: readAhead });
}

/** The rows of every shard, in order. Throws FormatError for those of another place in the job. */
function rowsOfShards({ folder, ...job }: Job): AsyncGenerator<readonly JobRow[]> {
  return fromTables({ folder, ...job }, async (table, shard) => {
    const rows = await table.rows();
    if (rows.every(({ image }, place) => image === shard.start + place)) return rows;
    throw damagedTable(tablePath(folder, shard), "rows of other images");
  });
}

/** What has to be known of all tables before the first row is written. */
interface Survey {
  /** A class or an expert may be there in some tables only. */
  readonly columns: TableColumns;
  /** Which rows the rule about all images marks; undefined where each row tells. */
  readonly marks: ((row: JobRow) => boolean) | undefined;
}

/** One pass over all tables: their columns, and what a rule about all images takes. */
async function surveyOf(job: Job, signal?: AbortSignal): Promise<Survey> {
  const { rule, most, falseAlarm, together } = job.record.decision;
  const scores = new Set<string>();
  const texts = new Set<string>();
  const note = ({ columns }: ShardTable): void => {
    signal?.throwIfAborted();
    for (const name of columns.scores) scores.add(name);
    for (const name of columns.texts) texts.add(name);
  };
  const columns = (): TableColumns => ({ scores: [...scores], texts: [...texts] });
  if (!together) {
    for await (const table of fromTables(job, async (one) => one)) note(table);
    return { columns: columns(), marks: undefined };
  }
  if (rule.kind === "false-discovery") {
    const counts = new Map<number, number>();
    for await (const { table, pValues } of fromTables(job, async (one) => ({
      table: one,
      pValues: await one.pValues(),
    }))) {
      note(table);
      for (const one of pValues) if (one !== null) counts.set(one, (counts.get(one) ?? 0) + 1);
    }
    const largest = largestDiscovery(counts, rule.share);
    return { columns: columns(), marks: ({ pValue }) => pValue !== null && pValue <= largest };
  }
  let top: JobRow[] = [];
  for await (const { table, rows } of fromTables(job, async (one) => ({ table: one, rows: await one.rows() }))) {
    note(table);
    top = keepMost(
      top,
      rows.filter(({ pValue }) => pValue !== null && pValue <= falseAlarm!),
      most!,
    );
  }
  const chosen = new Set(top.map(({ image }) => image));
  return { columns: columns(), marks: ({ image }) => chosen.has(image) };
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
