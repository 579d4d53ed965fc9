/** Files that arrive in a folder: which are there, what makes each one image, and when it is worth looking. */
import { watch as watchFiles } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { isImageName } from "../../data/index.ts";

/** A file that may be an image. */
export interface Arrival {
  readonly file: string;
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  /** Of content or name, ms. */
  readonly changed: number;
}

/** What makes a file one image: one that is written anew is another. */
export function keyOf({ file, size, modified }: Pick<Arrival, "file" | "size" | "modified">): string {
  return `${file}\0${size}\0${modified}`;
}

/** The image files in a folder and below, by the time at which they came. Files that vanish meanwhile are none. */
export async function filesIn(folder: string, out: string): Promise<Arrival[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const arrivals: Arrival[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.name.startsWith(".") || !isImageName(entry.name) || path === out) continue;
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isFile()) continue;
    const changed = Math.max(stats.mtimeMs, stats.ctimeMs);
    arrivals.push({ file: relative(folder, path), path, size: stats.size, modified: stats.mtimeMs, changed });
  }
  return arrivals.sort((a, b) => a.changed - b.changed || (a.file < b.file ? -1 : 1));
}

/** Changes that the system tells of. Where it cannot, looks at intervals are all there is. */
export function hintOf(folder: string): { changed(): Promise<void>; close(): void } {
  let wake: () => void = () => undefined;
  let pending = false;
  const notice = (): void => {
    pending = true;
    wake();
  };
  try {
    const watcher = watchFiles(folder, { recursive: true }, notice);
    watcher.on("error", () => watcher.close());
    return {
      changed: () =>
        new Promise((resolve) => {
          wake = () => {
            pending = false;
            resolve();
          };
          if (pending) wake();
        }),
      close: () => watcher.close(),
    };
  } catch {
    return { changed: () => new Promise(() => undefined), close: () => undefined };
  }
}
