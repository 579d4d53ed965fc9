/**
 * Shards handed out by BullMQ on Redis or Valkey, for workers on many machines. What is done is told by the tables on the shared disk: a broker that
 * loses everything is told again by the first worker that finds it empty.
 */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { ConfigError, messageOf, setting } from "../base/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import { type Backend, type Lease, oldestOf } from "./backend.ts";
import type { Job, Shard } from "./job-files.ts";

/** What a broker is asked, and who asks. */
export interface BrokerSettings {
  /** `redis://HOST:PORT` or `rediss://`, without a password. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** A lease without a heartbeat for so long is given to another, ms. Default: half a minute. */
  readonly lease?: number | undefined;
}

/** Keys of all jobs begin so. */
const prefix = "outglow";

/** Shards that are made known in one go. */
const publishedAtOnce = 1000;

const usualLease = 30_000;

/** Leases that are looked at for the oldest. */
const mostLooked = 999;

/** What the broker knows of a shard: its place. */
interface ShardMessage {
  readonly index: number;
}

/** Opens the packages and a connection. Throws ConfigError where the packages are not installed or nobody answers. */
async function connect({ url, user, password }: BrokerSettings) {
  checkAddress(url);
  const packages = await Promise.all([import("bullmq"), import("ioredis")]).catch(() => {
    throw new ConfigError({
      code: "unsupported",
      subject: setting("queue"),
      expected: "the packages bullmq and ioredis",
      got: "none",
      remedy: { key: "other", text: "npm install bullmq ioredis" },
    });
  });
  const [bullmq, { Redis }] = packages;
  // Workers outlive a broker that is away for a while.
  const options = {
    maxRetriesPerRequest: null,
    lazyConnect: true,
    retryStrategy: (tries: number) => Math.min(1000, 50 * tries),
  };
  const open = () => {
    const redis = new Redis(url, {
      ...options,
      ...(user === undefined ? {} : { username: user }),
      ...(password === undefined ? {} : { password }),
    });
    // It connects again by itself.
    redis.on("error", () => undefined);
    return redis;
  };
  const first = open();
  try {
    await first.connect();
  } catch (error) {
    first.disconnect();
    throw new ConfigError({
      code: "not-found",
      subject: setting("queue"),
      expected: "a Redis or Valkey that answers",
      got: `'${url}': ${messageOf(error)}`,
    });
  }
  return { bullmq, first, open };
}

function checkAddress(url: string): void {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    parsed = undefined;
  }
  if (parsed && ["redis:", "rediss:"].includes(parsed.protocol) && parsed.password === "") return;
  throw new ConfigError({
    code: "out-of-range",
    subject: setting("queue"),
    expected: "an address such as redis://localhost:6379, without a password",
    got: parsed?.password ? "one with a password" : `'${url}'`,
    remedy: { key: "other", text: "passwords come from the environment" },
  });
}

/** Where jobs are noted for workers that know the broker only: their folders by id. */
const jobsKey = `${prefix}:jobs`;

/** Opens the backend of a job on a broker. Throws ConfigError as `connect`. */
export async function openRedisBackend(job: Job, settings: BrokerSettings): Promise<Backend> {
  const { folder, record, shards } = job;
  const { bullmq, first, open } = await connect(settings);
  const lease = settings.lease ?? usualLease;
  const name = record.id;
  const second = open();
  const queue = new bullmq.Queue<ShardMessage>(name, { connection: first, prefix });
  const worker = new bullmq.Worker<ShardMessage>(name, null, {
    connection: second,
    prefix,
    autorun: false,
    lockDuration: lease,
    stalledInterval: lease,
    // A shard that ends its processes is looked at image by image, not given up.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  queue.on("error", done);
  worker.on("error", done);
  await worker.waitUntilReady();
  await worker.startStalledCheckTimer();
  return {
    name: "redis",
    beat: lease / 3,
    async publish(some) {
      await first.hset(jobsKey, record.id, isStoreAddress(folder) ? folder : resolve(folder));
      for (let from = 0; from < some.length; from += publishedAtOnce) {
        await queue.addBulk(
          some.slice(from, from + publishedAtOnce).map(({ id, index }) => ({
            name: "shard",
            data: { index },
            // Numbers are no ids of jobs there.
            opts: { jobId: `shard-${id}`, removeOnComplete: true, removeOnFail: true },
          })),
        );
      }
    },
    async lease(wanted) {
      for (;;) {
        const token = randomUUID();
        const next = await worker.getNextJob(token, { block: false });
        if (!next) return undefined;
        // Whatever else is in the broker is no shard.
        const { index } = next.data;
        const shard = Number.isInteger(index) ? shards[index] : undefined;
        if (shard && wanted(shard)) return leaseOf(shard, next, token, lease);
        // Done already, or refused by this worker: it is made known again as long as it is missing.
        await next.moveToCompleted("done", token, false).catch(() => undefined);
      }
    },
    async status() {
      const { wait = 0, active = 0 } = await queue.getJobCounts("wait", "active");
      const at = active === 0 ? [] : await queue.getActive(0, mostLooked);
      const begun = at.flatMap((one) => (one?.processedOn === undefined ? [] : [one.processedOn]));
      return { waiting: wait, leased: active, oldestLease: oldestOf(begun) };
    },
    async close() {
      await worker.close(true).catch(() => undefined);
      await queue.close().catch(() => undefined);
      first.disconnect();
      second.disconnect();
    },
  };
}

/** What BullMQ knows of a shard that is leased. */
interface ActiveShard {
  extendLock(token: string, duration: number): Promise<number>;
  moveToCompleted(value: string, token: string, fetchNext: boolean): Promise<unknown>;
  moveToFailed(error: Error, token: string, fetchNext: boolean): Promise<unknown>;
}

function leaseOf(shard: Shard, active: ActiveShard, token: string, duration: number): Lease {
  return {
    shard,
    heartbeat: () => active.extendLock(token, duration).then((held) => held === 1),
    // A lease that was lost meanwhile is another's to end; the table is there.
    complete: () => active.moveToCompleted("done", token, false).then(done, done),
    fail: (reason) => active.moveToFailed(new Error(reason), token, false).then(done, done),
  };
}

const done = (): void => undefined;

/** The folders of the jobs that a broker knows. Throws ConfigError as `openRedisBackend`. */
export async function jobsAt(settings: BrokerSettings): Promise<readonly string[]> {
  const { first } = await connect(settings);
  try {
    return Object.values(await first.hgetall(jobsKey));
  } finally {
    first.disconnect();
  }
}
