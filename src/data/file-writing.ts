/** Files written whole or not at all. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, RunError } from "../base/index.ts";

/** A file that appears under its name when it is complete. Every function throws RunError where the disk refuses. */
export interface AtomicFile {
  /** Where it is written until then. */
  readonly temporary: string;
  /** Adds a line, or several. */
  write(lines: string): Promise<void>;
  /** Puts the file in its place. */
  commit(): Promise<void>;
  /** Leaves what was there before; does nothing after `commit`. */
  discard(): Promise<void>;
}

/**
 * Opens a file to be written bit by bit, so that its name always holds either the old content or all of the new: a temporary name in
 * the same folder, then fsync, rename, fsync of the folder. Throws RunError where the disk refuses; the old file is untouched then.
 */
export async function openAtomicFile(path: string): Promise<AtomicFile> {
  const { write, ...rest } = await openTemporary(path);
  return { ...rest, write: (lines) => write(`${lines}\n`) };
}

/** Writes a file whole or not at all, as `openAtomicFile`. Throws RunError where the disk refuses; the old file is untouched then. */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const file = await openTemporary(path);
  await file.write(content);
  await file.commit();
}

async function openTemporary(path: string) {
  const temporary = `${path}.${process.pid}.tmp`;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await discard();
      throw new RunError(`write: could not write '${path}': ${messageOf(error)}; what was there before is unchanged`);
    }
  };
  let file: FileHandle | undefined;
  const discard = async (): Promise<void> => {
    const opened = file;
    file = undefined;
    await opened?.close().catch(() => undefined);
    if (opened) await rm(temporary, { force: true }).catch(() => undefined);
  };
  const handle = await guard(() => open(temporary, "w"));
  file = handle;
  return {
    temporary,
    discard,
    write: (content: Uint8Array | string) => guard(() => handle.writeFile(content)),
    commit: () =>
      guard(async () => {
        await handle.sync();
        await handle.close();
        await rename(temporary, path);
        file = undefined;
        await syncFolder(dirname(path));
      }),
  };
}

/** Makes the rename itself durable. Some file systems refuse to open folders; the rename is atomic there all the same. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
