/**
 * Shards handed out by locks in the job's folder: several processes on one machine or on a shared disk, no server. The lock of a process that has
 * ended is taken over at once on the same machine, after some minutes without a sign of life on another.
 */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type FileLock, lockHolder, takeLock } from "../data/index.ts";
import type { Backend, Lease } from "./backend.ts";
import { type Job, jobNames, type Shard } from "./job-files.ts";

/** Opens the backend that needs nothing but the folder. */
export async function openFolderBackend({ folder, shards }: Job): Promise<Backend> {
  const leases = join(folder, jobNames.leases);
  await mkdir(leases, { recursive: true });
  /** Where to go on: behind what this process had last. */
  let next = 0;
  return {
    name: "folder",
    publish: async () => undefined,
    async lease(wanted) {
      for (let looked = 0; looked < shards.length; looked++) {
        const shard = shards[next]!;
        next = (next + 1) % shards.length;
        if (!wanted(shard)) continue;
        const outcome = await takeLock(join(leases, `${shard.id}.lock`));
        if ("lock" in outcome) return leaseOf(shard, outcome.lock);
      }
      return undefined;
    },
    async status() {
      const locks = (await readdir(leases)).filter((name) => name.endsWith(".lock"));
      const holders = await Promise.all(locks.map((name) => lockHolder(join(leases, name))));
      const leased = holders.filter((holder) => holder !== undefined).length;
      return { leased, waiting: shards.length - leased };
    },
    close: async () => undefined,
  };
}

/** A lock beats by itself. */
function leaseOf(shard: Shard, lock: FileLock): Lease {
  return { shard, heartbeat: () => lock.isHeld(), complete: () => lock.release(), fail: () => lock.release() };
}
