/** Files that commands write for a person: whole or not at all, and never over an existing one unasked. */
import { rmSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { ConfigError, setting } from "../base/index.ts";
import { type AtomicFile, entriesOf, locateImages, writeFileAtomic } from "../data/index.ts";
import { isStoreAddress } from "../storage/index.ts";
import { exitCodes } from "./exit-codes.ts";
import { onInterrupt } from "./interrupts.ts";

/** Images of a contact sheet where only its place is said. */
export const usualTop = 24;

/**
 * Throws ConfigError where a file exists and may not be replaced, or its folder cannot be written. To be called before the work that leads
 * to the file. `subject` is the setting that names it.
 */
export async function refuseExisting(path: string, force: boolean, subject: string): Promise<void> {
  const folder = dirname(path);
  if (!(await isWritable(folder))) {
    throw new ConfigError({
      code: "unwritable",
      subject,
      expected: "a file in a folder that can be written",
      got: `'${path}'`,
      remedy: { key: "other", text: `make '${folder}' first or choose another` },
    });
  }
  if (force || !(await exists(path))) return;
  throw new ConfigError({
    code: "exists",
    subject,
    expected: "a new file",
    got: `'${path}', which exists`,
    remedy: { key: "other", text: `choose another or give ${setting("force")}` },
  });
}

/**
 * Throws ConfigError where a contact sheet would lie in a folder that is scored, or beside several files that are, as from `*.png`: the next
 * scoring would take it for one of the images.
 */
export async function refuseAmongImages(sheet: string, locations: readonly string[]): Promise<void> {
  const onDisk = locations.filter((one) => !isStoreAddress(one));
  const paths = await Promise.all(onDisk.map(async (one) => resolve((await locateImages(one, "images")).path)));
  const place = resolve(sheet);
  const isFolder = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      ),
    ),
  );
  const folder = paths.find(
    (path, index) => isFolder[index] && place.startsWith(path.endsWith(sep) ? path : path + sep),
  );
  const beside = paths.filter((path, index) => !isFolder[index] && dirname(path) === dirname(place));
  if (folder === undefined && beside.length < 2) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting("sheet"),
    expected: "a place outside of the images that are scored, of which it would be one the next time",
    got: `'${sheet}'`,
    remedy: { key: "choose-another" },
  });
}

/** Throws ConfigError for a folder with something in it: what was made of other images would lie among the new files. */
export async function refuseFull(folder: string, subject: string): Promise<void> {
  const entries = await entriesOf(folder, subject);
  if (entries.length === 0) return;
  throw new ConfigError({
    code: "exists",
    subject,
    expected: "a new folder",
    got: `'${folder}' with files in it`,
    remedy: { key: "other", text: `choose another, or write over them with ${setting("force")}` },
  });
}

/** Writes a file after `refuseExisting`, never over one that has come there since. Throws RunError where the disk refuses. */
export async function writeOutput(
  path: string,
  content: Uint8Array | string,
  { force, subject }: { readonly force: boolean; readonly subject: string },
): Promise<void> {
  await refuseExisting(path, force, subject);
  await writeFileAtomic(path, content, { replace: force });
}

/** An interrupt takes an unfinished file away and ends the program, until the function that comes back is called. */
export function discardOnInterrupt(file: AtomicFile): () => void {
  return onInterrupt(() => {
    rmSync(file.temporary, { force: true });
    process.exit(exitCodes.interrupted);
  });
}

/** The first of name-1, name-2, ... that does not exist yet. */
export async function nextFreeName(name: (number: number) => string): Promise<string> {
  let number = 1;
  while (await exists(name(number))) number++;
  return name(number);
}

/** Writes a file under the first of such names that is free and tells which, whoever else does so at the same time. */
export async function writeNumbered(name: (number: number) => string, content: string): Promise<string> {
  const path = await nextFreeName(name);
  try {
    await writeFileAtomic(path, content, { replace: false });
    return path;
  } catch (error) {
    if (error instanceof ConfigError && error.fault?.code === "exists") return writeNumbered(name, content);
    throw error;
  }
}

/** Whether files can be made in a folder. */
export function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Whether there is something at a path. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
