/** Image files in folders and archives: which names are images, and which class a path belongs to. */

import { fileFormats } from "../decoding/file-formats.ts";
import { readableName } from "../files/path-bytes.ts";
import { foldersOf } from "../files/path-names.ts";
import type { FileTree, ImageFormat, StoredFile } from "../image-source.ts";

/** Formats of image files that can be decoded, as messages name them. */
export const supportedImages = [
  "png",
  "jpeg",
  "webp",
  "tiff",
  "avif",
  "gif",
  ...fileFormats.map(({ name }) => name),
].join(", ");

const imageName = new RegExp(
  `\\.(png|jpe?g|jpe|jfif|webp|tiff?|avif|gif|${fileFormats.flatMap(({ endings }) => endings).join("|")})$`,
  "i",
);

/** The folder in which MVTec-like data sets keep masks, which are not images to train on or to score. */
const maskFolder = "ground_truth";

/** Image files. The class is the folder an image lies in, its splits are all folders on the way to it. */
export const imageFilesFormat: ImageFormat = {
  name: "images",
  members: ({ files }) => files.filter(isImage),
  concerns: (path) => imageName.test(path),
  async open(tree) {
    const images = imageFilesFormat.members(tree);
    const ignored = ignoredFolders(tree, images);
    // Taken from the path when it is asked for, as a list of them would be as large as the paths; of neighbours once.
    let last: { readonly folder: string; readonly names: readonly string[] } | undefined;
    const folders = (index: number): readonly string[] => {
      const { path } = images[index]!;
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      if (last?.folder !== folder) last = { folder, names: foldersOf(path).map(plainName) };
      return last.names;
    };
    const isApart = images[0]?.place !== undefined;
    return {
      format: "images",
      length: images.length,
      name: (index) => readableName(images[index]!.shown),
      className: (index) => folders(index).slice(ignored).at(-1),
      splitNames: folders,
      fileOf: isApart ? (index) => ({ name: images[index]!.path, place: images[index]!.place! }) : undefined,
      read: async (index) => ({ kind: "encoded", bytes: await images[index]!.read() }),
    };
  },
};

/** A folder's name as a class or split: in Unicode's composed form, so that the same class of two systems is the same. */
function plainName(folder: string): string {
  return readableName(folder).normalize("NFC");
}

/** Whether images of these splits are masks, used only where the selection asks for them. */
export function areMasks(splitNames: readonly string[]): boolean {
  return splitNames.includes(maskFolder);
}

/** Whether a file of this name is taken for an image. */
export function isImageName(name: string): boolean {
  return imageName.test(name);
}

function isImage({ path }: StoredFile): boolean {
  return imageName.test(path);
}

/** Archives usually hold one folder with everything in it: that folder's name is the data set's, not a class. */
function ignoredFolders({ container }: FileTree, images: readonly StoredFile[]): number {
  const first = images[0] && foldersOf(images[0].path)[0];
  const shared = first !== undefined && images.every(({ path }) => path.startsWith(`${first}/`));
  return container === "archive" && shared ? 1 : 0;
}
