/** Jobs whose tables are there without an engine. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { idOfShard, type Job, type JobRecord, jobNames, openJob, type Shard, tablePath } from "./job-files.ts";
import { type JobRow, writeTable } from "./shard-tables.ts";

/** What is said of an image, but for its place and its name. */
export type SaidRow = Omit<JobRow, "image" | "file">;

/** A job in a temporary folder, and what removes it. */
export interface ExampleJob {
  readonly job: Job;
  readonly rows: readonly (readonly JobRow[])[];
  readonly remove: () => Promise<void>;
}

/** The row of an image that could be read. */
export function scored(score: number, pValue: number, more: Partial<SaidRow> = {}): SaidRow {
  return { score, pValue, anomalous: null, scores: {}, texts: {}, error: null, ...more };
}

/** Writes a job of such shards, decided over all images at a false-discovery rate of a half where nothing is said. */
export async function exampleJob(
  shards: readonly (readonly SaidRow[])[],
  decision: Partial<JobRecord["decision"]> = {},
): Promise<ExampleJob> {
  const folder = await mkdtemp(join(tmpdir(), "outglow-job-"));
  await mkdir(join(folder, jobNames.scores));
  const record: JobRecord = {
    format: "outglow-job",
    version: 1,
    id: "0123456789abcdef",
    locations: ["/archive"],
    detector: "/detector",
    identity: "one",
    decision: {
      score: "log-likelihood",
      rule: { kind: "false-discovery", share: 0.5 },
      falseAlarm: null,
      threshold: null,
      together: true,
      words: "",
      ...decision,
    },
    images: shards.reduce((sum, { length }) => sum + length, 0),
    shards: shards.length,
    shardSize: Math.max(...shards.map(({ length }) => length)),
    queue: null,
    problems: [],
  };
  const lines: string[] = [];
  const all: JobRow[][] = [];
  let start = 0;
  for (const [index, said] of shards.entries()) {
    const rows = said.map((row, place) => ({ ...row, image: start + place, file: `/archive/${start + place}.png` }));
    const about = { index, location: "/archive", isList: false, first: start };
    const id = idOfShard(
      record,
      about,
      rows.map(({ file }) => file),
    );
    const shard: Shard = { ...about, id, count: rows.length, start };
    await writeFile(tablePath(folder, shard), writeTable(record, rows, { "outglow.shard": id }));
    lines.push(JSON.stringify(shard));
    all.push(rows);
    start += rows.length;
  }
  await writeFile(join(folder, jobNames.shards), `${lines.join("\n")}\n`);
  await writeFile(join(folder, jobNames.job), JSON.stringify(record));
  return { job: await openJob(folder), rows: all, remove: () => rm(folder, { recursive: true, force: true }) };
}
