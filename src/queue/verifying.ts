/** Proof that a job is whole: one row for every image, and no table besides. */
import { messageOf } from "../base/index.ts";
import { idOfShard, type Job, type JobRecord, type Shard, tableName, tablePath, tablesThere } from "./job-files.ts";
import { type JobRow, openShardTable } from "./shard-tables.ts";

/** What is wrong with a job's tables: nothing where every image has one row. */
export interface JobVerification {
  readonly images: number;
  readonly unreadable: number;
  /** What is wrong, a line a shard. */
  readonly faults: readonly string[];
}

/** Proves that every image of a job has one row: counts rows, and compares their names and places with what the shards' ids were made of. */
export async function verifyJob(job: Job): Promise<JobVerification> {
  const { folder, record, shards } = job;
  const there = await tablesThere(folder);
  const faults: string[] = [];
  let [images, unreadable] = [0, 0];
  for (const shard of shards) {
    const name = tableName(shard);
    if (!there.delete(name)) {
      faults.push(`${name}: missing`);
      continue;
    }
    try {
      const table = await openShardTable(tablePath(folder, shard), shard.count);
      const rows = await table.rows();
      images += rows.length;
      unreadable += rows.filter(({ error }) => error !== null).length;
      if (idOfRows(record, shard, rows) !== shard.id) faults.push(`${name}: rows of other images`);
      else if (rows.some(({ image }, place) => image !== shard.start + place))
        faults.push(`${name}: rows out of order`);
      else if (table.metadata["outglow.detector"] !== record.identity) faults.push(`${name}: by another detector`);
      else if (rows.some(({ score, error }) => (score === null) === (error === null)))
        faults.push(`${name}: a row with neither a score nor an error, or with both`);
    } catch (error) {
      faults.push(`${name}: ${messageOf(error)}`);
    }
  }
  for (const name of there) faults.push(`${name}: of no shard of this job`);
  return { images, unreadable, faults };
}

function idOfRows(record: JobRecord, shard: Shard, rows: readonly JobRow[]): string {
  return idOfShard(
    record,
    shard,
    rows.map(({ file }) => file),
  );
}
