/** Files written whole or not at all. */
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, RunError } from "../base/index.ts";

/**
 * Writes a file so that its name always holds either the old content or all of the new: a temporary name in the same folder, fsync,
 * rename, fsync of the folder. Throws RunError where the disk refuses; the old file is untouched then.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new RunError(`write: could not write '${path}': ${messageOf(error)}; what was there before is unchanged`);
  }
}

/** Makes the rename itself durable. Some file systems refuse to open folders; the rename is atomic there all the same. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
