/** IDX files, as MNIST is published: images (magic 2051) and, where they lie beside them, labels (magic 2049); .gz too. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FormatError, messageOf } from "../../base/index.ts";
import { describePath } from "../path-description.ts";
import type { DescribedPath, ImageEntry, ImageFormat } from "./image-format.ts";

const imagesName = /images[.-]idx3-ubyte(\.gz)?$/i;
const imagesMagic = 2051;
const labelsMagic = 2049;

/** An IDX images file, or a folder with some. */
export const idxFormat: ImageFormat = {
  name: "IDX",
  matches: (path) => imageFiles(path).length > 0,
  async open(path, where) {
    const entries: ImageEntry[] = [];
    for (const file of imageFiles(path)) entries.push(...(await openFile(file, where)));
    return { format: "IDX", entries };
  },
};

function imageFiles({ path, isFolder, children }: DescribedPath): string[] {
  if (!isFolder) return imagesName.test(path) || /\.idx3?(-ubyte)?(\.gz)?$/i.test(path) ? [path] : [];
  return children.filter((name) => imagesName.test(name)).map((name) => join(path, name));
}

async function openFile(path: string, where: string): Promise<ImageEntry[]> {
  const bytes = await readMaybeCompressed(path, where);
  const { count, height, width } = parseHeader(bytes, path, where);
  const labels = await readLabels(path, count, where);
  const stem = basename(path).replace(imagesName, "").replace(/-$/, "");
  const split = /t10k|test/i.test(stem) ? "test" : /train/i.test(stem) ? "train" : undefined;
  const size = height * width;
  const pixels = bytes.subarray(headerSize);
  return Array.from({ length: count }, (_, index) => ({
    name: `${stem || basename(path)}/${String(index).padStart(5, "0")}`,
    className: labels === undefined ? undefined : String(labels[index]),
    splits: split === undefined ? [] : [split],
    read: async () => ({
      kind: "raw",
      pixels: pixels.subarray(index * size, (index + 1) * size),
      channels: 1,
      height,
      width,
    }),
  }));
}

const headerSize = 16;

/** The sizes of an IDX images file. Throws FormatError for another magic number or a wrong length. */
function parseHeader(bytes: Uint8Array, path: string, where: string): { count: number; height: number; width: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length >= 4 ? view.getUint32(0) : undefined;
  if (magic !== imagesMagic) {
    throw new FormatError(
      `${where} expects IDX images with magic number ${imagesMagic}, got ${magic ?? `${bytes.length} bytes`} in '${path}'`,
    );
  }
  if (bytes.length < headerSize)
    throw new FormatError(`${where} expects an IDX header, got ${bytes.length} bytes in '${path}'`);
  const [count, height, width] = [view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  const expected = headerSize + count * height * width;
  if (bytes.length !== expected) {
    throw new FormatError(
      `${where} expects ${expected} bytes for ${count} images of ${height}x${width}, got ${bytes.length} in '${path}'; is it cut off?`,
    );
  }
  return { count, height, width };
}

/** The labels beside an images file, or undefined where there are none. */
async function readLabels(path: string, count: number, where: string): Promise<Uint8Array | undefined> {
  const name = basename(path).replace(/images([.-])idx3/i, "labels$1idx1");
  const { children } = await describePath(dirname(path), where);
  const found = [name, name.replace(/\.gz$/i, ""), `${name}.gz`].find((candidate) => children.includes(candidate));
  if (found === undefined || name === basename(path)) return undefined;
  const bytes = await readMaybeCompressed(join(dirname(path), found), where);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const valid = bytes.length >= 8 && view.getUint32(0) === labelsMagic && view.getUint32(4) === count;
  if (!valid || bytes.length !== 8 + count) {
    throw new FormatError(
      `${where} expects IDX labels of ${count} images, got other content in '${join(dirname(path), found)}'`,
    );
  }
  return bytes.subarray(8);
}

async function readMaybeCompressed(path: string, where: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (!/\.gz$/i.test(path)) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new FormatError(`${where} expects gzip, got '${path}', which is damaged: ${messageOf(error)}`);
  }
}
