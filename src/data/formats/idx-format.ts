/** IDX files as images: one file, or a folder with the train and test parts of a data set. */
import { ConfigError, FormatError } from "../../base/index.ts";
import { readUnpacked } from "../containers/gzip.ts";
import { listNames } from "../files/path-names.ts";
import type { FileTree, ImageFormat, Opening, StoredFile } from "../image-source.ts";
import { type IdxImages, parseIdxImages, parseIdxLabels } from "./idx.ts";
import { joinParts, type RawPart, rawCatalogue } from "./raw-parts.ts";

// `train-images-idx3-ubyte.gz`, `emnist-letters-train-images-idx3-ubyte`, `t10k-images.idx3-ubyte`.
const imagesName = /^(?<set>.*?)(?<part>train|t10k|test)?-?images?[-.]idx3-ubyte(?:\.gz)?$/i;

/** IDX images, with labels as class names where a matching file of labels is present. */
export const idxFormat: ImageFormat = {
  name: "idx",
  members: ({ files }) => files.filter(({ path }) => imagesName.test(path)),
  concerns: (path) => /idx[13]-ubyte(\.gz)?$/i.test(path),
  async open(tree, opening) {
    const files = idxFormat.members(tree);
    const sets = [...new Set(files.map(setOf))];
    if (sets.length > 1) {
      throw new ConfigError({
        code: "conflicting-settings",
        subject: opening.subject,
        expected: "one IDX data set",
        got: `${sets.length} in '${tree.location}': ${listNames(sets)}`,
        remedy: { key: "other", text: "give one folder or file" },
      });
    }
    const companions = await tree.companions();
    const parts = [];
    for (const file of onePacking(files)) parts.push(await openPart(file, companions, opening));
    return rawCatalogue("idx", joinParts(parts));
  },
};

/** What tells one data set from another: the path up to the name of the part. */
function setOf({ path }: StoredFile): string {
  return imagesName.exec(path)!.groups!.set!;
}

/** The files, without the .gz beside its unpacked twin. */
function onePacking(files: readonly StoredFile[]): StoredFile[] {
  const names = new Set(files.map(({ path }) => path));
  return files.filter(({ path }) => !path.endsWith(".gz") || !names.has(path.slice(0, -3)));
}

async function openPart(file: StoredFile, companions: FileTree["files"], opening: Opening): Promise<RawPart> {
  const images = parseIdxImages(await readUnpacked(file, opening), opening.subject, file.shown);
  const labels = await openLabels(file, companions, images, opening);
  const { count, height, width, pixels } = images;
  const part = imagesName.exec(file.path)!.groups!.part?.toLowerCase();
  return {
    shown: file.shown,
    splits: part === undefined ? [] : [part === "train" ? "train" : "test"],
    count,
    className: (index) => labels?.[index]?.toString(),
    read: (index) => ({
      kind: "raw",
      pixels: pixels.subarray(index * height * width, (index + 1) * height * width),
      channels: 1,
      height,
      width,
    }),
  };
}

async function openLabels(
  { path, shown }: StoredFile,
  companions: FileTree["files"],
  { count }: IdxImages,
  opening: Opening,
): Promise<Uint8Array | undefined> {
  const plain = path.replace(/\.gz$/i, "").replace(/images?([-.])idx3-ubyte$/i, "labels$1idx1-ubyte");
  const file = [plain, `${plain}.gz`].flatMap((name) => companions.filter((other) => other.path === name))[0];
  if (file === undefined) return undefined;
  const labels = parseIdxLabels(await readUnpacked(file, opening), opening.subject, file.shown);
  if (labels.length !== count) {
    throw new FormatError({
      code: "mismatch",
      subject: opening.subject,
      expected: `as many labels in '${file.shown}' as images in '${shown}'`,
      got: `${labels.length} for ${count}`,
    });
  }
  return labels;
}
