/** Opening a location: which container and which format it is, and which of its images are selected. */
import { stat } from "node:fs/promises";
import { ConfigError, messageOf } from "../base/index.ts";
import { openBuiltin } from "./builtin-images.ts";
import { cifar10Format, cifar100Format } from "./cifar-format.ts";
import { fileContainer, folderContainer } from "./folder-tree.ts";
import { idxFormat } from "./idx-format.ts";
import { imageFilesFormat, supportedImages } from "./image-files.ts";
import type { FileContainer, FileTree, ImageCatalogue, ImageFormat, ImageSource } from "./image-source.ts";
import { isBuiltin, locateImages } from "./location.ts";
import { listNames } from "./path-names.ts";
import { detectChannels } from "./preparation.ts";
import { selectImages } from "./selection.ts";
import { isArchiveName, tarContainer } from "./tar-tree.ts";

/** What holds files. The first one that matches is opened. */
const containers: readonly FileContainer[] = [folderContainer, tarContainer, fileContainer];

/** What images look like in files. The first one that matches is opened. */
const formats: readonly ImageFormat[] = [idxFormat, cifar10Format, cifar100Format, imageFilesFormat];

const supported = `${supportedImages}, .tar and .tar.gz of those, IDX, CIFAR-10/100 binary`;

/**
 * Opens images without reading them.
 *
 * @param location `PATH` or `PATH#split=test,class=3+5,limit=1000,seed=1`: a folder of image files (sub-folders are classes), an image file, a
 * .tar or .tar.gz of images, an IDX file (.gz too) or folder, a CIFAR binary folder or its .tar.gz, or a folder with just one such archive. `builtin` or
 * `builtin#limit=20000,seed=0` are images that the program makes itself, whatever lies on the disk; a folder of that name is `./builtin`.
 * @param where the argument that named the location, such as `train: --normal`; begins every message.
 * @throws ConfigError where nothing is there, no images are, or the selection names nothing; FormatError where a file is damaged.
 */
export async function openImages(location: string, where: string): Promise<ImageSource> {
  if (isBuiltin(location)) return openBuiltin(location, await locateImages(location, where), where);
  const { path, selection } = await locateImages(location, where);
  const catalogue = await openCatalogue(path, where);
  const chosen = selectImages(catalogue, selection, where);
  if (chosen.length === 0) throw new ConfigError(`${where} expects images, found only masks in '${location}'`);
  const source = {
    location,
    where,
    format: catalogue.format,
    length: chosen.length,
    name: (index: number) => catalogue.name(chosen[index]!),
    className: (index: number) => catalogue.className(chosen[index]!),
    splitNames: (index: number) => catalogue.splitNames(chosen[index]!),
    read: (index: number) => catalogue.read(chosen[index]!),
  };
  return { ...source, channels: () => detectChannels(source) };
}

async function openCatalogue(path: string, where: string): Promise<ImageCatalogue> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new ConfigError(`${where} expects images, found nothing at '${path}'`);
    throw new ConfigError(`${where} expects images, could not look at '${path}': ${messageOf(error)}`);
  });
  const container = containers.find(({ matches }) => matches(path, status.isDirectory()));
  const tree = await container!.open(path, where).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall === undefined) throw error;
    throw new ConfigError(`${where} expects images, could not read '${path}': ${messageOf(error)}`);
  });
  const format = formats.find(({ matches }) => matches(tree));
  if (format !== undefined) return format.open(tree, where);
  return openCatalogue(onlyArchive(tree, where), where);
}

/** The one archive in a folder that holds no images itself. */
function onlyArchive({ container, location, files }: FileTree, where: string): string {
  const archives = container === "folder" ? files.filter(({ path }) => isArchiveName(path)) : [];
  if (archives.length === 1) return archives[0]!.shown;
  if (archives.length > 1) {
    const names = listNames(archives.map(({ path }) => path));
    throw new ConfigError(
      `${where} expects images or one archive of them, found ${archives.length} in '${location}': ${names}; give one`,
    );
  }
  if (container === "file") {
    throw new ConfigError(`${where} expects images, got '${location}'; supported: ${supported}`);
  }
  const found = files.length === 0 ? `an empty ${container}` : `0 among ${files.length} files in the ${container}`;
  throw new ConfigError(`${where} expects images, found ${found} '${location}'; supported: ${supported}`);
}
