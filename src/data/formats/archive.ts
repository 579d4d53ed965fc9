/** .tar, .tar.gz and .tgz archives of image files. The encoded files are held in memory: an archive is read once, front to back. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { FormatError, messageOf } from "../../base/index.ts";
import { type DescribedPath, type ImageEntry, type ImageFormat, imageName, placeOf } from "./image-format.ts";

const archiveName = /\.(tar|tar\.gz|tgz)$/i;

/** A file of an archive. */
export interface ArchiveFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Archives of images, also as the only one in a folder that holds no images beside it. */
export const archiveFormat: ImageFormat = {
  name: "archive",
  matches: (path) => archiveAt(path) !== undefined,
  async open(path, where) {
    const files = await readArchive(archiveAt(path)!, (name) => imageName.test(name), where);
    const entries = files.map(
      ({ name, bytes }): ImageEntry => ({
        name,
        ...placeOf(name),
        read: async () => ({ kind: "encoded", bytes }),
      }),
    );
    return { format: "archive", entries };
  },
};

/** The archive that a path means, or undefined. */
export function archiveAt({ path, isFolder, children }: DescribedPath): string | undefined {
  if (!isFolder) return archiveName.test(path) ? path : undefined;
  const archives = children.filter((name) => archiveName.test(name));
  const files = children.filter((name) => !/^readme|\.(md|txt)$/i.test(name));
  return archives.length === 1 && files.length === 1 ? join(path, archives[0]!) : undefined;
}

/** The files of an archive whose names are wanted, sorted by name. Throws FormatError for a damaged or empty archive. */
export async function readArchive(
  path: string,
  wanted: (name: string) => boolean,
  where: string,
): Promise<ArchiveFile[]> {
  const { size } = await stat(path);
  if (size === 0)
    throw new FormatError(`${where} expects a tar archive, got '${path}' with 0 bytes; copy or download it again`);
  const files: ArchiveFile[] = [];
  const parser = extract();
  parser.on("entry", (header, stream, next) => {
    const hidden = header.name.split("/").some((part) => part.startsWith(".") && part !== ".");
    const keep = header.type === "file" && wanted(header.name) && !hidden;
    const chunks: Uint8Array[] = [];
    stream.on("data", (chunk) => {
      if (keep) chunks.push(chunk as Uint8Array);
    });
    stream.on("end", () => {
      if (keep) files.push({ name: header.name.replace(/^\.\//, ""), bytes: Buffer.concat(chunks) });
      next();
    });
    stream.on("error", next);
  });
  try {
    const source = createReadStream(path);
    if (/gz$/i.test(path)) await pipeline(source, createGunzip(), parser);
    else await pipeline(source, parser);
  } catch (error) {
    throw new FormatError(`${where} expects a tar archive, got '${path}', which is damaged: ${messageOf(error)}`);
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}
