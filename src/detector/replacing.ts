/**
 * A detector's files put into its folder, where another detector may work already. The new files are written beside the old ones, then the
 * manifest takes its name, at one moment: until then the old detector counts, from then on the new one. At last its files take their names.
 * Who reads a detector looks under both (`reading.ts`), so that a process killed at any point leaves one that works.
 */
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, RunError } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { checksumOf } from "./checksum.ts";
import { type DetectorFile, detectorFiles, manifestName, pendingName } from "./file-names.ts";
import { folderReader } from "./folder-reader.ts";
import { parseManifest } from "./manifest.ts";

/** What a detector's files hold. */
export type FileContents = { readonly [Name in DetectorFile]?: Uint8Array<ArrayBuffer> };

/** Writes the files of a detector and its manifest, and removes those of a former one that it lacks. Throws RunError where the disk refuses. */
export async function writeFiles(folder: string, files: FileContents, manifest: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = detectorFiles.filter((name) => files[name] !== undefined);
  const replaces = await finishReplacing(folder);
  const nameOf = replaces ? pendingName : (name: DetectorFile) => name;
  try {
    for (const name of names) await writeFileAtomic(join(folder, nameOf(name)), files[name]!);
    await writeFileAtomic(join(folder, manifestName), manifest);
  } catch (error) {
    if (replaces) await removePending(folder);
    throw error;
  }
  if (replaces) for (const name of names) await takeName(folder, name);
  for (const name of detectorFiles) if (!names.includes(name)) await removeFormer(join(folder, name));
}

/**
 * Gives the files of the detector in a folder their names where a killed process did not come to that, and removes those of one that never
 * counted. Says whether there is a detector, damaged or not.
 */
async function finishReplacing(folder: string): Promise<boolean> {
  const reader = folderReader(folder);
  const text = await reader.read(manifestName, Number.MAX_SAFE_INTEGER).catch(() => new Uint8Array(0));
  const manifest = text && (await parseManifest(new TextDecoder().decode(text), manifestName).catch(() => undefined));
  for (const name of manifest ? detectorFiles : []) {
    const pending = await reader.read(pendingName(name), Number.MAX_SAFE_INTEGER).catch(() => undefined);
    if (pending && (await checksumOf(pending)) === manifest?.files[name]) await takeName(folder, name);
  }
  await removePending(folder);
  return text !== undefined;
}

async function removePending(folder: string): Promise<void> {
  for (const name of detectorFiles) await rm(join(folder, pendingName(name)), { force: true }).catch(() => undefined);
}

async function takeName(folder: string, name: DetectorFile): Promise<void> {
  const path = join(folder, name);
  await rename(join(folder, pendingName(name)), path).catch((error: unknown) => {
    throw new RunError({
      code: "unwritable",
      subject: `'${path}'`,
      expected: "to put the new detector's file in the place of the former one's",
      got: messageOf(error),
      remedy: { key: "other", text: "the new detector works all the same" },
    });
  });
}

async function removeFormer(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw new RunError({
      code: "unwritable",
      subject: "detector",
      expected: `to remove '${path}' of the former detector`,
      got: messageOf(error),
      remedy: { key: "other", text: "remove it, the new detector is complete" },
    });
  });
}
