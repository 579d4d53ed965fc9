/**
 * What workers did, told by each in a small file of its own: so that anybody can say how long shards take, without asking who is there. Numbers to look at,
 * never to decide by: a worker that is killed has not told of its last shard.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { mapInOrder } from "../data/index.ts";
import { jobNames } from "./job-files.ts";
import { atOnce, placeOf } from "./job-place.ts";

/** Seconds of shards that are counted: up to the first, up to the second, and so on; longer ones last. */
export const shardSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 150, 300, 600, 1800, 3600] as const;

const count = z.number().int().min(0);

const reportSchema = z.object({
  shards: count,
  images: count,
  unreadable: count,
  /** Shards that could not be scored, by the kind of the reason. */
  failures: z.record(z.string().max(64), count),
  /** Of all shards together. */
  seconds: z.number().min(0),
  /** Shards that took so long (`shardSeconds`), and longer ones. */
  buckets: z.array(count).length(shardSeconds.length + 1),
});

/** What a worker did, or several together. */
export type WorkerReport = z.infer<typeof reportSchema>;

/** Bytes of a report at most. */
const longestReport = 2 ** 16;

function emptyReport(): WorkerReport {
  return {
    shards: 0,
    images: 0,
    unreadable: 0,
    failures: {},
    seconds: 0,
    buckets: Array(shardSeconds.length + 1).fill(0),
  };
}

/** A worker's own report. Nothing goes wrong with it: where it cannot be written, nobody is told. */
export interface OwnReport {
  done(shard: { readonly images: number; readonly unreadable: number; readonly seconds: number }): Promise<void>;
  failed(kind: string): Promise<void>;
}

/** Begins the report of a worker. */
export function openWorkerReport(folder: string): OwnReport {
  const name = `${jobNames.workers}/${randomBytes(8).toString("hex")}.json`;
  const report = emptyReport();
  // The shard's table is what counts: whatever happens here, work goes on.
  const write = (): Promise<void> =>
    placeOf(folder)
      .writeSoon(name, JSON.stringify(report))
      .catch(() => undefined);
  return {
    done({ images, unreadable, seconds }) {
      report.shards++;
      report.images += images;
      report.unreadable += unreadable;
      report.seconds += seconds;
      const found = shardSeconds.findIndex((most) => seconds <= most);
      report.buckets[found < 0 ? shardSeconds.length : found]!++;
      return write();
    },
    failed(kind) {
      report.failures[kind] = (report.failures[kind] ?? 0) + 1;
      return write();
    },
  };
}

/** What all workers told, together. Files that are no reports are left out. */
export async function sumOfReports(folder: string): Promise<WorkerReport> {
  const names = (await placeOf(folder).names(jobNames.workers)).filter((name) => name.endsWith(".json"));
  const sum = emptyReport();
  for await (const report of mapInOrder(names.length, (index) => readReport(folder, names[index]!), atOnce)) {
    if (!report) continue;
    for (const key of ["shards", "images", "unreadable", "seconds"] as const) sum[key] += report[key];
    for (const [kind, times] of Object.entries(report.failures)) sum.failures[kind] = (sum.failures[kind] ?? 0) + times;
    sum.buckets = sum.buckets.map((times, index) => times + report.buckets[index]!);
  }
  return sum;
}

async function readReport(folder: string, name: string): Promise<WorkerReport | undefined> {
  try {
    const bytes = await placeOf(folder).read(`${jobNames.workers}/${name}`, longestReport);
    return reportSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
