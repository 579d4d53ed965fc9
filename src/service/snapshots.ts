/**
 * Copies of detectors' files. A service scores with a copy of its own: whatever happens to the folder that it was given, engine processes that
 * start anew load the very detector that passed.
 */
import { createHash } from "node:crypto";
import { constants, copyFile, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, RunError } from "../base/index.ts";
import { openTemporaryFolder } from "../data/index.ts";
import { detectorFiles, type Manifest, manifestName, pendingName } from "../detector/index.ts";

/** Where the copies of one service are. */
export interface Snapshots {
  /** Copies a detector's files. Throws RunError where they cannot be read or the disk is full. */
  take(folder: string): Promise<string>;
  remove(copy: string): Promise<void>;
  close(): Promise<void>;
}

const names = [manifestName, ...detectorFiles.flatMap((name) => [name, pendingName(name)])];

/** Makes a place for copies, which only this user may read. */
export async function openSnapshots(): Promise<Snapshots> {
  const place = await openTemporaryFolder("outglow-serve");
  let count = 0;
  const remove = (path: string) => rm(path, { recursive: true, force: true });
  return {
    async take(folder) {
      const copy = join(place.path, String(count++));
      try {
        await mkdir(copy);
        for (const name of names) await copyIfThere(join(folder, name), join(copy, name));
      } catch (error) {
        await remove(copy);
        throw new RunError({
          code: "unreadable",
          subject: `detector '${folder}'`,
          expected: "files that can be copied",
          got: messageOf(error),
        });
      }
      return copy;
    },
    remove,
    close: () => place.close(),
  };
}

async function copyIfThere(from: string, to: string): Promise<void> {
  const found = await stat(from).catch(() => undefined);
  // A pipe or a device might never end.
  if (!found?.isFile()) return;
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** Gives the copied files the names that they were about to take when they were copied: those whose content the manifest names. */
export async function settleNames(copy: string, { files }: Manifest): Promise<void> {
  for (const name of detectorFiles) {
    const pending = join(copy, pendingName(name));
    const bytes = files[name] === undefined ? undefined : await readFile(pending).catch(() => undefined);
    if (bytes && createHash("sha256").update(bytes).digest("hex") === files[name])
      await rename(pending, join(copy, name));
  }
}

/** What changes when one of a detector's files does; undefined where there is no manifest. */
export async function signatureOf(folder: string): Promise<string | undefined> {
  const marks: string[] = [];
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (name === manifestName && !found?.isFile()) return undefined;
    if (found) marks.push(`${name} ${found.ino} ${found.size} ${found.mtimeMs}`);
  }
  return marks.join("\n");
}
