/** Files for tests: folders that vanish afterwards, and what is written into them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Where arbitrary inputs begin, so that a failure can be repeated. */
export const propertySeed = 20_240_607;

/** A temporary folder, and a function that removes it. */
export async function makeFolder(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "outglow-data-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Writes files, making folders as needed. */
export async function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** Bytes 0, 1, 2, ... that wrap at 256. */
export function countingBytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index + first);
}
