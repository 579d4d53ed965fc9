/** Folders and lone files as file trees. */
import { type Dirent, readFile } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { FileContainer, StoredFile } from "./image-source.ts";
import { compareNames, isHidden, showPath } from "./path-names.ts";

/** Not that of `node:fs/promises`, whose file handles cost as much again as reading a small file. */
const readWhole = promisify(readFile);

/** A folder with everything below it. Links are followed, hidden files left out. */
export const folderContainer: FileContainer = {
  name: "folder",
  matches: (_, isFolder) => isFolder,
  async open(path) {
    const paths = (await listFiles(path, "", [])).sort(compareNames);
    const files = paths.map((inside) => storedFile(path, inside, showPath(path, inside)));
    return { location: path, container: "folder", files, companions: async () => files };
  },
};

/** One file by itself. */
export const fileContainer: FileContainer = {
  name: "file",
  matches: (_, isFolder) => !isFolder,
  async open(path) {
    const folder = dirname(path);
    return {
      location: path,
      container: "file",
      files: [storedFile(folder, basename(path), path)],
      async companions() {
        const names = (await readdir(folder)).filter((name) => !isHidden(name)).sort(compareNames);
        return names.map((name) => storedFile(folder, name, join(folder, name)));
      },
    };
  },
};

function storedFile(folder: string, path: string, shown: string): StoredFile {
  return { path, shown, read: () => readWhole(join(folder, path)) };
}

/** Paths of all files below a folder. `above` are the real paths of the folders that lead here: a link back to one is not followed. */
async function listFiles(root: string, inside: string, above: readonly string[]): Promise<string[]> {
  const folder = join(root, inside);
  const here = await realpath(folder);
  if (above.includes(here)) return [];
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isHidden(entry.name)) continue;
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    const kind = await kindOf(entry, join(root, path));
    if (kind === "file") found.push(path);
    // One by one: a push of all at once would overflow the stack for very large folders.
    if (kind === "folder") for (const below of await listFiles(root, path, [...above, here])) found.push(below);
  }
  return found;
}

async function kindOf(entry: Dirent, path: string): Promise<"file" | "folder" | undefined> {
  // A link that leads nowhere is passed over like a file of an unknown kind.
  const target = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (target?.isFile()) return "file";
  return target?.isDirectory() ? "folder" : undefined;
}
