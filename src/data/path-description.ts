/** Looks at a path once, for the formats to recognise. */
import { readdir, stat } from "node:fs/promises";
import { ConfigError } from "../base/index.ts";
import type { DescribedPath } from "./formats/image-format.ts";

/** What stands at a path. Throws ConfigError where nothing does. */
export async function describePath(path: string, where: string): Promise<DescribedPath> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "ENOENT" ? "which does not exist" : `which cannot be read (${error.code})`;
    throw new ConfigError(`${where} expects a path to images, got '${path}', ${reason}`);
  });
  if (!found.isDirectory()) return { path, isFolder: false, children: [] };
  const names = await readdir(path);
  return { path, isFolder: true, children: names.filter((name) => !name.startsWith(".")).sort() };
}
