/** Folders of this machine, for whoever would rather choose than type: names alone, nothing is opened. */
import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ConfigError, messageOf } from "../../base/index.ts";
import { isImageName } from "../../data/index.ts";

/** What is in a folder. */
export interface Place {
  readonly path: string;
  /** The folder around it; null at the root. */
  readonly parent: string | null;
  /** Folders in it that are not hidden, in order; the first of very many. */
  readonly folders: readonly string[];
  readonly more: boolean;
  /** Image files in it, not counting those in its folders. */
  readonly images: number;
}

/** Folders that are listed. */
const mostFolders = 500;

/** Lists a folder, from `around` where its path is relative, or the nearest one around it that there is. Throws ConfigError where it cannot be read. */
export async function listPlace(around: string, path: string): Promise<Place> {
  const at = resolve(around, path);
  const entries = await readdir(at, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if ((error.code === "ENOENT" || error.code === "ENOTDIR") && dirname(at) !== at) return undefined;
    const remedy = { key: "choose-another" } as const;
    const fault = { code: "unreadable", subject: `'${at}'`, expected: "a folder that can be read", remedy } as const;
    throw new ConfigError({ ...fault, got: messageOf(error) });
  });
  if (!entries) return listPlace(around, dirname(at));
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  const images = entries.filter((entry) => entry.isFile() && isImageName(entry.name)).length;
  const parent = dirname(at);
  return {
    path: at,
    parent: parent === at ? null : parent,
    folders: folders
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
      .slice(0, mostFolders)
      .map((name) => join(at, name)),
    more: folders.length > mostFolders,
    images,
  };
}
