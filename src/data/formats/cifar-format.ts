/** The binary version of CIFAR-10 and CIFAR-100: records of label bytes followed by 32x32 RGB pixels. */
import { ConfigError, FormatError } from "../../base/index.ts";
import { baseName, foldersOf, listNames } from "../files/path-names.ts";
import type { FileTree, ImageFormat, StoredFile } from "../image-source.ts";
import { tooLarge } from "../limits.ts";
import { joinParts, type RawPart, rawCatalogue } from "./raw-parts.ts";

const side = 32;
const imageSize = 3 * side * side;

interface CifarLayout {
  readonly name: string;
  readonly train: RegExp;
  readonly test: RegExp;
  /** Bytes of labels before the pixels of a record; the last one is the class. */
  readonly labels: number;
  readonly classes: number;
  readonly classNames: string;
}

/** CIFAR-10: data_batch_1.bin to data_batch_5.bin, test_batch.bin, batches.meta.txt. */
export const cifar10Format = cifarFormat({
  name: "cifar-10",
  train: /^data_batch_\d+\.bin$/,
  test: /^test_batch\.bin$/,
  labels: 1,
  classes: 10,
  classNames: "batches.meta.txt",
});

/** CIFAR-100: train.bin, test.bin, fine_label_names.txt. The class is the fine one. */
export const cifar100Format = cifarFormat({
  name: "cifar-100",
  train: /^train\.bin$/,
  test: /^test\.bin$/,
  labels: 2,
  classes: 100,
  classNames: "fine_label_names.txt",
});

function cifarFormat(layout: CifarLayout): ImageFormat {
  const isPart = ({ path }: StoredFile): boolean =>
    layout.train.test(baseName(path)) || layout.test.test(baseName(path));
  return {
    name: layout.name,
    members: ({ files }) => files.filter(isPart),
    concerns: (path) =>
      [layout.train, layout.test].some((part) => part.test(baseName(path))) || baseName(path) === layout.classNames,
    async open(tree, { subject, limits }) {
      const files = tree.files.filter(isPart);
      const folders = [...new Set(files.map(({ path }) => foldersOf(path).join("/")))];
      if (folders.length > 1) {
        throw new ConfigError({
          code: "conflicting-settings",
          subject,
          expected: `one ${layout.name} data set`,
          got: `${folders.length} in '${tree.location}': ${listNames(folders)}`,
          remedy: { key: "other", text: "give one folder" },
        });
      }
      const classNames = await readClassNames(layout, tree, folders[0]!);
      const parts = [];
      for (const file of files) {
        const size = await file.size();
        // Before it is read: a large file of that name may be something else.
        checkSize(layout, file.shown, size, subject);
        if (size > limits.fileBytes) throw tooLarge(subject, "a file", file.shown, "fileBytes", limits);
        parts.push(openPart(layout, file, await file.read(), classNames, subject));
      }
      return rawCatalogue(layout.name, joinParts(parts));
    },
  };
}

async function readClassNames(layout: CifarLayout, tree: FileTree, folder: string): Promise<string[]> {
  const path = folder === "" ? layout.classNames : `${folder}/${layout.classNames}`;
  const file = (await tree.companions()).find((other) => other.path === path);
  if (file === undefined) return [];
  const names = new TextDecoder().decode(await file.read()).split(/\r?\n/);
  return names.map((name) => name.trim().normalize("NFC")).filter((name) => name !== "");
}

function checkSize({ name, labels }: CifarLayout, shown: string, size: number, subject: string): void {
  const record = labels + imageSize;
  if (size > 0 && size % record === 0) return;
  throw new FormatError({
    code: "damaged",
    subject,
    expected: `${name} records of ${record} bytes in '${shown}'`,
    got: `${size} bytes`,
    remedy: { key: "copy-again" },
  });
}

function openPart(
  { name, labels, classes, test }: CifarLayout,
  { path, shown }: StoredFile,
  bytes: Uint8Array,
  classNames: readonly string[],
  subject: string,
): RawPart {
  const record = labels + imageSize;
  const count = Math.floor(bytes.length / record);
  const labelOf = (index: number): number => bytes[index * record + labels - 1]!;
  for (let index = 0; index < count; index++) {
    if (labelOf(index) >= classes) {
      throw new FormatError({
        code: "damaged",
        subject,
        expected: `${name} labels from 0 to ${classes - 1} in '${shown}'`,
        got: `${labelOf(index)} in record ${index}`,
        remedy: { key: "copy-again" },
      });
    }
  }
  return {
    shown,
    splits: [test.test(baseName(path)) ? "test" : "train"],
    count,
    className: (index) => classNames[labelOf(index)] ?? String(labelOf(index)),
    read(index) {
      const start = index * record + labels;
      return { kind: "raw", pixels: bytes.subarray(start, start + imageSize), channels: 3, height: side, width: side };
    },
  };
}
