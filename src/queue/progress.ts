/** How far a job is: from the tables that lie there, whoever wrote them. */
import { attemptsOf, failuresOf } from "./attempts.ts";
import type { Backend } from "./backend.ts";
import { type Job, jobNames, type Shard, tableName, tablesThere } from "./job-files.ts";
import { placeOf } from "./job-place.ts";
import { shardSeconds, sumOfReports } from "./worker-reports.ts";

/** The state of a job: plain data. */
export interface JobStatus {
  readonly id: string;
  readonly images: number;
  readonly shards: number;
  readonly imagesDone: number;
  readonly shardsDone: number;
  /** Shards that workers have now, and those that nobody has: the depth of the queue. */
  readonly leased: number;
  readonly waiting: number;
  /** Seconds since the oldest of the leases began; null where there is none. */
  readonly oldestLease: number | null;
  /** Images a second, over the shards that were done last; null before two are. */
  readonly imagesPerSecond: number | null;
  /** Seconds; null where it cannot be told. */
  readonly timeLeft: number | null;
  /** Shards that were begun again because the process before ended, and images of theirs that may have been scored twice at most. */
  readonly begunAgain: number;
  readonly scoredTwiceAtMost: number;
  /** Why shards could not be scored, and how many for each reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** The same by the kinds of reasons, which are few. */
  readonly failureKinds: Readonly<Record<string, number>>;
  /** Images that workers could not read, and how long shards took them: without the last shard of those that were killed. */
  readonly unreadable: number;
  readonly shardSeconds: {
    readonly count: number;
    readonly sum: number;
    /** Shards by the seconds that they took: up to so many and more than those before, null for the longest. */
    readonly buckets: readonly { readonly upTo: number | null; readonly shards: number }[];
  };
}

/** Shards whose times tell the rate. */
const mostTimed = 200;

/** Asks the folder and the backend. */
export async function jobStatus({ folder, record, shards }: Job, backend: Backend): Promise<JobStatus> {
  const [there, attempts, failed, told, queue] = await Promise.all([
    tablesThere(folder),
    attemptsOf(folder),
    failuresOf(folder),
    sumOfReports(folder),
    backend.status(),
  ]);
  const done = shards.filter((shard) => there.has(tableName(shard)));
  const imagesDone = sum(done);
  const rate = await rateOf(folder, done);
  const again = shards.flatMap((shard) => {
    const times = (attempts.get(shard.id)?.begun ?? 1) - 1;
    return times > 0 ? [{ times, count: shard.count }] : [];
  });
  const failures: Record<string, number> = {};
  const failureKinds: Record<string, number> = {};
  for (const shard of shards) {
    const failure = there.has(tableName(shard)) ? undefined : failed.get(shard.id);
    if (!failure) continue;
    const { kind, reason } = failure;
    failures[reason] = (failures[reason] ?? 0) + 1;
    failureKinds[kind] = (failureKinds[kind] ?? 0) + 1;
  }
  const left = shards.length - done.length;
  const leased = Math.min(queue.leased, left);
  return {
    id: record.id,
    images: record.images,
    shards: shards.length,
    imagesDone,
    shardsDone: done.length,
    leased,
    waiting: left - leased,
    oldestLease: leased === 0 ? null : queue.oldestLease,
    imagesPerSecond: rate,
    timeLeft: imagesDone === record.images ? 0 : rate === null ? null : (record.images - imagesDone) / rate,
    begunAgain: again.reduce((total, { times }) => total + times, 0),
    scoredTwiceAtMost: again.reduce((total, { times, count }) => total + times * count, 0),
    failures,
    failureKinds,
    unreadable: told.unreadable,
    shardSeconds: {
      count: told.shards,
      sum: told.seconds,
      buckets: told.buckets.map((times, index) => ({ upTo: shardSeconds[index] ?? null, shards: times })),
    },
  };
}

function sum(shards: readonly Shard[]): number {
  return shards.reduce((total, { count }) => total + count, 0);
}

/** Images a second between the first and the last of the tables that came last. */
async function rateOf(folder: string, done: readonly Shard[]): Promise<number | null> {
  const place = placeOf(folder);
  const timed = await Promise.all(
    done.slice(-mostTimed).map(async (shard) => {
      return { count: shard.count, time: (await place.changed(`${jobNames.scores}/${tableName(shard)}`)) ?? 0 };
    }),
  );
  timed.sort((a, b) => a.time - b.time);
  const [first, ...rest] = timed;
  const seconds = first ? ((rest.at(-1)?.time ?? first.time) - first.time) / 1000 : 0;
  // The first one only says when the clock begins.
  return seconds > 0 ? rest.reduce((total, { count }) => total + count, 0) / seconds : null;
}
