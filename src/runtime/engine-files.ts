/** The engine's libraries on disk: its package brings those of every platform, and only one of them is ever loaded. */
import { readdir, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";

/** The libraries of one platform. */
export interface PlatformFiles {
  /** Such as `win32/x64`. */
  readonly platform: string;
  readonly path: string;
  readonly bytes: number;
}

/** The folder in which the engine's package keeps platforms, in folders of systems and processors. */
function librariesFolder(): string {
  const root = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  return join(root, "bin", "napi-v6");
}

/** The libraries of other platforms than this one, none where they have been removed. `folder` is the engine's own unless a test says otherwise. */
export async function otherPlatforms(folder: string = librariesFolder()): Promise<readonly PlatformFiles[]> {
  const found: PlatformFiles[] = [];
  for (const system of await namesIn(folder)) {
    for (const processor of await namesIn(join(folder, system))) {
      if (system === platform() && processor === arch()) continue;
      const path = join(folder, system, processor);
      found.push({ platform: `${system}/${processor}`, path, bytes: await sizeOf(path) });
    }
  }
  return found;
}

/** Removes libraries that `otherPlatforms` listed. Rejects with what the file system says. */
export async function removePlatforms(files: readonly PlatformFiles[]): Promise<void> {
  for (const { path } of files) await rm(path, { recursive: true, force: true });
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const file = await stat(join(folder, name));
    if (file.isFile()) bytes += file.size;
  }
  return bytes;
}
