/**
 * Shards handed out by locks in the job's folder: several processes on one machine or on a shared disk, no server. The lock of a process that has
 * ended is taken over at once on the same machine, after some minutes without a sign of life on another.
 */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type FileLock, lockHolder, takeLock } from "../data/index.ts";
import { type Backend, type Lease, oldestOf } from "./backend.ts";
import { type Job, jobNames, type Shard } from "./job-files.ts";
import { refuseFolderLeases } from "./store-place.ts";

/** Opens the backend that needs nothing but the folder. Throws ConfigError for a job on an object store. */
export async function openFolderBackend({ folder, shards }: Job): Promise<Backend> {
  refuseFolderLeases(folder, undefined);
  const leases = join(folder, jobNames.leases);
  await mkdir(leases, { recursive: true });
  /** Where to go on: behind what this process had last. */
  let next = 0;
  /** When the leases of this process began, by the names of their locks, which do not tell their own process. */
  const own = new Map<string, number>();
  return {
    name: "folder",
    publish: async () => undefined,
    async lease(wanted) {
      for (let looked = 0; looked < shards.length; looked++) {
        const shard = shards[next]!;
        next = (next + 1) % shards.length;
        if (!wanted(shard)) continue;
        const name = `${shard.id}.lock`;
        const outcome = await takeLock(join(leases, name));
        if (!("lock" in outcome)) continue;
        own.set(name, Date.now());
        return leaseOf(shard, outcome.lock, () => own.delete(name));
      }
      return undefined;
    },
    async status() {
      const locks = (await readdir(leases)).filter((name) => name.endsWith(".lock"));
      const holders = await Promise.all(locks.map((name) => lockHolder(join(leases, name))));
      const leased = holders.filter((holder) => holder !== undefined).length;
      const begun = holders.flatMap((holder, index) => {
        const since = own.get(locks[index]!) ?? Date.parse(holder?.since ?? "");
        return holder === undefined || Number.isNaN(since) ? [] : [since];
      });
      return { leased, waiting: shards.length - leased, oldestLease: oldestOf(begun) };
    },
    close: async () => undefined,
  };
}

/** A lock beats by itself. */
function leaseOf(shard: Shard, lock: FileLock, ended: () => void): Lease {
  const end = (): Promise<void> => lock.release().finally(ended);
  return { shard, heartbeat: () => lock.isHeld(), complete: end, fail: end };
}
