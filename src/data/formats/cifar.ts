/**
 * CIFAR-10 and CIFAR-100 in their binary form: a folder of .bin files, or the .tar.gz they are published as.
 * A record is one label byte (two for CIFAR-100: coarse, fine) and 3072 pixel bytes [3, 32, 32].
 */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { FormatError } from "../../base/index.ts";
import { type ArchiveFile, archiveAt, readArchive } from "./archive.ts";
import type { DescribedPath, ImageEntry, ImageFormat } from "./image-format.ts";

const batchName = /^(data_batch_\d+|test_batch|train|test)\.bin$/;
const metaName = /^(batches\.meta|fine_label_names)\.txt$/;
const side = 32;
const pixelBytes = 3 * side * side;

/** CIFAR binary files. An archive counts by its name, because looking inside would mean reading it twice. */
export const cifarFormat: ImageFormat = {
  name: "CIFAR",
  matches: (path) => {
    const archive = archiveAt(path);
    return archive ? /cifar.*binary/i.test(basename(archive)) : path.children.some((name) => batchName.test(name));
  },
  async open(path, where) {
    const files = await readFiles(path, where);
    const names = files.find(({ name }) => metaName.test(basename(name)));
    const classes = names
      ? new TextDecoder()
          .decode(names.bytes)
          .split("\n")
          .map((line) => line.trim())
      : [];
    const batches = files.filter(({ name }) => batchName.test(basename(name)));
    return { format: "CIFAR", entries: batches.flatMap((file) => openBatch(file, classes, where)) };
  },
};

async function readFiles(path: DescribedPath, where: string): Promise<ArchiveFile[]> {
  const wanted = (name: string): boolean => batchName.test(basename(name)) || metaName.test(basename(name));
  const archive = archiveAt(path);
  if (archive) return readArchive(archive, wanted, where);
  return Promise.all(
    path.children.filter(wanted).map(async (name) => ({ name, bytes: await readFile(join(path.path, name)) })),
  );
}

function openBatch({ name, bytes }: ArchiveFile, classes: readonly string[], where: string): ImageEntry[] {
  const stem = basename(name, ".bin");
  const labelBytes = stem === "train" || stem === "test" ? 2 : 1;
  const record = labelBytes + pixelBytes;
  if (bytes.length === 0 || bytes.length % record !== 0) {
    throw new FormatError(
      `${where} expects CIFAR records of ${record} bytes, got ${bytes.length} bytes in '${name}'; is it cut off?`,
    );
  }
  return Array.from({ length: bytes.length / record }, (_, index) => {
    const start = index * record + labelBytes;
    const label = bytes[start - 1]!;
    return {
      name: `${stem}/${String(index).padStart(5, "0")}`,
      className: classes[label] || String(label),
      splits: [stem.startsWith("test") ? "test" : "train"],
      read: async () => ({
        kind: "raw",
        pixels: bytes.subarray(start, start + pixelBytes),
        channels: 3,
        height: side,
        width: side,
      }),
    };
  });
}
