/** What hands shards out to workers, each to one at a time: the job's own folder, or a broker. */
import type { Shard } from "./job-files.ts";

/** A shard that this worker has. */
export interface Lease {
  readonly shard: Shard;
  /** Tells that it is worked at. False where it was given to another meanwhile: both may finish it, and write the same. */
  heartbeat(): Promise<boolean>;
  /** Its table is there. */
  complete(): Promise<void>;
  /** It could not be scored, or is given back. */
  fail(reason: string): Promise<void>;
}

/** What a backend knows of the shards that are not done. */
export interface QueueStatus {
  readonly waiting: number;
  readonly leased: number;
  /** Seconds since the oldest lease began; null where there is none. */
  readonly oldestLease: number | null;
}

/** The age of the oldest of leases, given when they began, ms. */
export function oldestOf(begun: readonly number[]): number | null {
  return begun.length === 0 ? null : Math.max(0, Date.now() - Math.min(...begun)) / 1000;
}

/** Hands out shards. The table of a shard decides whether it is done, so that nothing is lost with a backend. */
export interface Backend {
  readonly name: string;
  /** How often a lease wants a heartbeat, ms; undefined where it needs none. */
  readonly beat?: number;
  /** Makes shards known that are not; those that are stay as they are. */
  publish(shards: readonly Shard[]): Promise<void>;
  /** A shard of those that `wanted` takes; undefined where all are with others, or there is none. */
  lease(wanted: (shard: Shard) => boolean): Promise<Lease | undefined>;
  status(): Promise<QueueStatus>;
  close(): Promise<void>;
}
