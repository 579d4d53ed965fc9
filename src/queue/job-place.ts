/** Where a job lies: a folder that workers reach. All that jobs ask of it, so that a place need not be a disk. */
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openAtomicFile, syncFolder, takeLock, unfinishedName, writeFileAtomic } from "../data/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import { storePlace } from "./store-place.ts";

/** A job's place. Names are paths in it, `/` between their parts. What throws, throws an Error with a reason, or one that a person can act on. */
export interface JobPlace {
  /** The whole content; undefined where nothing has the name. Throws for more bytes than `most`, before it reads them. */
  read(name: string, most?: number): Promise<Uint8Array | undefined>;
  has(name: string): Promise<boolean>;
  /** The names in a folder of it, in no order; none where it is not there. */
  names(folder: string): Promise<string[]>;
  /** When something came there, ms since 1970. */
  changed(name: string): Promise<number | undefined>;
  /** Writes content that appears whole or not at all, and stays. */
  write(name: string, content: Uint8Array | string): Promise<void>;
  /** As `write`, for one of many small things: the disk is not waited for. */
  writeSoon(name: string, content: string): Promise<void>;
  /** Writes files of a new folder, the last one of them last: where it is there, all are. */
  writeFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** Begins content that is written line by line and appears with `commit`. */
  openLines(name: string): Promise<LineWriter>;
  /** Adds to what is there, for notes. */
  append(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Takes the right to make a job there; undefined where another process, whose id is told, has it. */
  claim(): Promise<{ readonly release: () => Promise<void> } | { readonly holder: string }>;
}

/** Lines on their way. `discard` does nothing after `commit`. */
export interface LineWriter {
  write(line: string): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** How many small files of a place are read at a time. */
export const atOnce = { concurrency: 16, ahead: 64 } as const;

/** The place of a job. Throws ConfigError for an address of a store that cannot be asked. */
export function placeOf(folder: string): JobPlace {
  return isStoreAddress(folder) ? storePlace(folder) : folderPlace(folder);
}

/** A folder of this machine, or of a disk that several share. */
function folderPlace(folder: string): JobPlace {
  const at = (name: string): string => join(folder, name);
  return {
    async read(name, most = Number.POSITIVE_INFINITY) {
      try {
        const { size } = await stat(at(name));
        if (size > most) throw new Error(`${size} bytes, of ${most} at most`);
        return await readFile(at(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    has: (name) => stat(at(name)).then(Boolean, () => false),
    names: (inside) => readdir(at(inside)).catch((): string[] => []),
    changed: (name) =>
      stat(at(name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      ),
    async write(name, content) {
      await mkdir(dirname(at(name)), { recursive: true });
      await writeFileAtomic(at(name), content);
    },
    async writeSoon(name, content) {
      await mkdir(dirname(at(name)), { recursive: true });
      const temporary = unfinishedName(at(name));
      await writeFile(temporary, content);
      await rename(temporary, at(name));
    },
    async writeFolder(inside, files) {
      const temporary = unfinishedName(at(inside));
      try {
        await mkdir(temporary);
        for (const [name, bytes] of files) await writeFileAtomic(join(temporary, name), bytes);
        await rename(temporary, at(inside));
        await syncFolder(folder);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
    openLines: (name) => openAtomicFile(at(name)),
    async append(name, text) {
      await mkdir(dirname(at(name)), { recursive: true });
      await appendFile(at(name), text);
    },
    remove: (name) => rm(at(name), { force: true }),
    async claim() {
      await mkdir(folder, { recursive: true });
      const outcome = await takeLock(join(folder, "job.lock"));
      if ("holder" in outcome) return { holder: String(outcome.holder.pid ?? "unknown") };
      return { release: () => outcome.lock.release() };
    },
  };
}
