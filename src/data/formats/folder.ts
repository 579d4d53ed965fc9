/** Folders of image files, sub-folders as classes, and single image files. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { ConfigError } from "../../base/index.ts";
import { type ImageEntry, type ImageFormat, imageName, placeOf } from "./image-format.ts";

/** Image files below a path; also the format of last resort. */
export const folderFormat: ImageFormat = {
  name: "folder",
  matches: ({ path, isFolder }) => isFolder || imageName.test(path),
  async open({ path, isFolder }, where) {
    if (!isFolder) {
      if (!imageName.test(path)) {
        throw new ConfigError(
          `${where} expects images, got '${path}'; supported: folders, PNG, JPEG, WebP, AVIF, TIFF, GIF, .tar, IDX, CIFAR`,
        );
      }
      return { format: "file", entries: [entryOf(path, basename(path))] };
    }
    const files = await readdir(path, { recursive: true });
    const names = files
      .map((name) => name.split(sep).join("/"))
      .filter((name) => imageName.test(name) && !name.split("/").some((part) => part.startsWith(".")))
      .sort();
    return { format: "folder", entries: names.map((name) => entryOf(join(path, name), name)) };
  },
};

function entryOf(path: string, name: string): ImageEntry {
  return { name, ...placeOf(name), read: async () => ({ kind: "encoded", bytes: await readFile(path) }) };
}
