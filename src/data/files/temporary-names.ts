/** Names of files that are still being written, and the removal of those whose writer has ended. */
import { randomBytes } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fateOf, isRunning, machineName, ownMark } from "./process-mark.ts";

/** A file that nobody has written to for so long has no writer any more, ms. For writers on machines that cannot be asked. */
const longestPause = 24 * 3600 * 1000;

/** Most file systems take names of 255 bytes. */
const longestName = 255;

/**
 * A name of its own in the same folder: no two writes share one, be it in one process or in several. It tells who writes:
 * NAME.MACHINE-PID-START-RANDOM.tmp.
 */
export function temporaryName(path: string): string {
  const mark = ownMark();
  const id = [machineName(mark), mark.pid, mark.start ?? "", randomBytes(6).toString("hex")].join("-");
  const ending = `.${id}.tmp`;
  return join(dirname(path), `${shorten(basename(path), longestName - ending.length)}${ending}`);
}

/** As many whole characters of a name as fit into a number of bytes. */
function shorten(name: string, bytes: number): string {
  let short = "";
  let length = 0;
  for (const character of name) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    short += character;
  }
  return short;
}

const pattern = /\.([0-9a-f]{8})-(\d+)-(\d*)-[0-9a-f]{12}\.tmp$/;

/** What has become of the maker of an entry with such a name; undefined where nobody here made it. */
export function makerOf(entry: string): "ended" | "running" | "unknown" | undefined {
  const match = pattern.exec(entry);
  if (!match) return undefined;
  const [, machine, pid, start] = match;
  const here = ownMark();
  return machine === machineName(here) ? fateOf({ ...here, pid: Number(pid), start: start || null }) : "unknown";
}

/**
 * Gives the largest unfinished file of `path` whose writer has certainly ended another name, to be gone on with, and removes the others. Says whether there was one. Of two processes
 * that ask at once one gets it.
 */
export async function adoptUnfinished(path: string, name: string): Promise<boolean> {
  const folder = dirname(path);
  const entries = await readdir(folder).catch((): string[] => []);
  const ended = entries.filter((entry) => entry.startsWith(`${basename(path)}.`) && makerOf(entry) === "ended");
  const sized = await Promise.all(
    ended.map(async (entry) => ({
      entry,
      bytes: (await stat(join(folder, entry)).catch(() => undefined))?.size ?? -1,
    })),
  );
  let adopted = false;
  for (const { entry } of sized.sort((a, b) => b.bytes - a.bytes)) {
    const left = join(folder, entry);
    if (adopted) await rm(left, { force: true }).catch(() => undefined);
    else {
      adopted = await rename(left, name).then(
        () => true,
        () => false,
      );
    }
  }
  return adopted;
}

/** Removes unfinished files and folders of `path` whose writers have certainly ended. */
export async function removeUnfinished(path: string): Promise<void> {
  for (const entry of await readdir(dirname(path)).catch((): string[] => [])) {
    if (entry.startsWith(`${basename(path)}.`) && makerOf(entry) === "ended") {
      await rm(join(dirname(path), entry), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/**
 * Removes the unfinished files in the folder of `path` whose writers have certainly ended, and those of the same name that earlier
 * versions left, NAME.PID.tmp. Whatever cannot be removed stays.
 */
export async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const entries = await readdir(folder).catch((): string[] => []);
  for (const entry of entries) {
    if (entry.endsWith(".tmp") && (await isLeftover(folder, entry, basename(path)))) {
      await rm(join(folder, entry), { force: true }).catch(() => undefined);
    }
  }
}

async function isLeftover(folder: string, entry: string, name: string): Promise<boolean> {
  const maker = makerOf(entry);
  if (maker !== undefined) {
    if (maker !== "unknown") return maker === "ended";
    const status = await stat(join(folder, entry)).catch(() => undefined);
    return status !== undefined && Date.now() - status.mtimeMs > longestPause;
  }
  const former = entry.startsWith(`${name}.`) ? /^\.(\d+)\.tmp$/.exec(entry.slice(name.length)) : null;
  return former !== null && !isRunning(Number(former[1]), null);
}
