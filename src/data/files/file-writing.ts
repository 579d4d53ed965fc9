/** Files written whole or not at all. */
import { type FileHandle, link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError, messageOf, RunError } from "../../base/index.ts";
import { removeLeftovers, temporaryName } from "./temporary-names.ts";

/** A file that appears under its name when it is complete. Every function throws RunError where the disk refuses. */
export interface AtomicFile {
  /** Where it is written until then. */
  readonly temporary: string;
  /** Adds a line, or several. */
  write(lines: string): Promise<void>;
  /**
   * Puts the file in its place. With `replace` false it throws ConfigError where a file has come there meanwhile, and leaves that one.
   */
  commit(options?: { readonly replace: boolean }): Promise<void>;
  /** Leaves what was there before; does nothing after `commit`. */
  discard(): Promise<void>;
}

/**
 * Opens a file to be written bit by bit, so that its name always holds either the old content or all of the new: a temporary name in
 * the same folder, then fsync, rename, fsync of the folder. Takes away what writers that were killed left there.
 * Throws RunError where the disk refuses; the old file is untouched then.
 */
export async function openAtomicFile(path: string): Promise<AtomicFile> {
  const { write, ...rest } = await openTemporary(path);
  return { ...rest, write: (lines) => write(`${lines}\n`) };
}

/** As `openAtomicFile`, of bytes, readable as the mode says. */
export async function openAtomicBytes(path: string, mode: number) {
  return openTemporary(path, mode);
}

/**
 * Writes a file whole or not at all, as `openAtomicFile`. Throws RunError where the disk refuses; the old file is untouched then.
 * With `replace` false it throws ConfigError where there is a file already.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  options: { readonly replace: boolean } = { replace: true },
): Promise<void> {
  const file = await openTemporary(path);
  await file.write(content);
  await file.commit(options);
}

async function openTemporary(path: string, mode = 0o666) {
  await removeLeftovers(path);
  const temporary = temporaryName(path);
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await discard();
      throw error instanceof ConfigError ? error : unwritable(path, error);
    }
  };
  let file: FileHandle | undefined;
  const discard = async (): Promise<void> => {
    const opened = file;
    file = undefined;
    await opened?.close().catch(() => undefined);
    if (opened) await rm(temporary, { force: true }).catch(() => undefined);
  };
  const handle = await guard(() => open(temporary, "wx", mode));
  file = handle;
  return {
    temporary,
    discard,
    write: (content: Uint8Array | string) => guard(() => handle.writeFile(content)),
    commit: ({ replace }: { readonly replace: boolean } = { replace: true }) =>
      guard(async () => {
        await handle.sync();
        await handle.close();
        if (replace) await rename(temporary, path);
        else await placeNew(temporary, path);
        file = undefined;
        await syncFolder(dirname(path));
      }),
  };
}

/** Gives a finished file its name unless that is taken. A second name for the file, then one less: no moment to come in between. */
async function placeNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
    await rm(temporary, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw taken(path);
    // Some file systems know no second names. An empty file takes the name then, and is replaced.
    const placeholder = await open(path, "wx").catch((problem: NodeJS.ErrnoException) => {
      throw problem.code === "EEXIST" ? taken(path) : problem;
    });
    await placeholder.close();
    await rename(temporary, path);
  }
}

function taken(path: string): ConfigError {
  return new ConfigError({
    code: "exists",
    subject: `'${path}'`,
    expected: "a new file",
    got: "one that came there meanwhile",
    remedy: { key: "unchanged" },
  });
}

function unwritable(path: string, error: unknown): RunError {
  return new RunError({
    code: "unwritable",
    subject: `'${path}'`,
    expected: "a file that can be written",
    got: messageOf(error),
    remedy: { key: "unchanged" },
  });
}

/** Makes the rename itself durable. Some file systems refuse to open folders; the rename is atomic there all the same. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
