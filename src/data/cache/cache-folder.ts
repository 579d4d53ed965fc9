/** The folder of a cache: what is in it, room for more, and its clearing. Several processes may work in it at once. */
import { mkdir, readdir, rm, stat, statfs, utimes } from "node:fs/promises";
import { join } from "node:path";
import { removeLeftovers } from "../files/temporary-names.ts";
import { aboutCacheFile } from "./cache-file.ts";

/** A file of a cache. */
export interface CacheEntry {
  readonly path: string;
  readonly bytes: number;
  /** When it was used last, ms since 1970. */
  readonly used: number;
}

/** What is in a cache, and how much more may be. */
export interface CacheRoom {
  readonly folder: string;
  /** Bytes of all files together. */
  readonly limit: number;
}

const entryName = /^[0-9a-f]{64}\.images$/;

/** The place of the images of a key. */
export function entryPath(folder: string, key: string): string {
  return join(folder, `${key}.images`);
}

/** What was said about a file's images when it was written. */
export interface DescribedEntry extends CacheEntry {
  readonly about: string;
}

/** The files of a cache with what they are about, used last first. */
export async function describeCache(folder: string): Promise<DescribedEntry[]> {
  const entries = await listCache(folder);
  return Promise.all(
    entries.map(async (entry) => ({ ...entry, about: (await aboutCacheFile(entry.path)) ?? "damaged" })),
  );
}

/** The files of a cache, used last first. Those that another process takes away meanwhile are left out. */
async function listCache(folder: string): Promise<CacheEntry[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const found: CacheEntry[] = [];
  for (const name of names) {
    if (!entryName.test(name)) continue;
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status) found.push({ path, bytes: status.size, used: status.mtimeMs });
  }
  return found.sort((a, b) => b.used - a.used || (a.path < b.path ? -1 : 1));
}

/** Notes that a file was used. */
export async function touchEntry(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/**
 * Makes room for so many bytes by taking away what was not used for longest. False where they are more than the limit, or than a disk has that is to keep a
 * twentieth of itself free.
 */
export async function makeRoom({ folder, limit }: CacheRoom, bytes: number): Promise<boolean> {
  if (bytes > limit) return false;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeLeftovers(entryPath(folder, ""));
  let total = bytes;
  for (const entry of await listCache(folder)) {
    total += entry.bytes;
    if (total > limit) await rm(entry.path, { force: true });
  }
  const { bavail, blocks, bsize } = await statfs(folder);
  return bavail * bsize - bytes > (blocks * bsize) / 20;
}

/** Takes all files of a cache away, those that killed processes left included. Gives what was there. */
export async function clearCache(folder: string): Promise<readonly DescribedEntry[]> {
  const entries = await describeCache(folder);
  for (const { path } of entries) await rm(path, { force: true });
  await removeLeftovers(entryPath(folder, ""));
  return entries;
}
