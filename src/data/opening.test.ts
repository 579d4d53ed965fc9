/** Tests of opening locations: what every format makes of files, and one clear line for everything that can be wrong. */
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../base/index.ts";
import { tarOf } from "./containers/example-archives.ts";
import { greyPng, plainPng } from "./decoding/example-images.ts";
import { makeFolder, writeFiles } from "./example-files.ts";
import { cifarOf, idxFiles, idxOf } from "./formats/example-arrays.ts";
import type { ImageSource } from "./image-source.ts";
import { openImages } from "./opening.ts";

let folder: string;
let remove: () => Promise<void>;
let png: Buffer;

const open = (location: string): Promise<ImageSource> => openImages(join(folder, location), "train: --normal");
const list = (source: ImageSource): string[] =>
  Array.from(
    { length: source.length },
    (_, index) => `${source.name(index).slice(folder.length + 1)} ${source.className(index)}`,
  );

beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  png = await plainPng(8, 8);
  const grey = await greyPng(8, 8, 77);
  const mvtec = {
    "tile/train/good/1.png": png,
    "tile/test/good/2.png": png,
    "tile/test/crack/3.png": png,
    "tile/ground_truth/crack/3.png": png,
  };
  const tar = await tarOf(mvtec);
  const cifar = {
    "data_batch_1.bin": cifarOf([0, 2]),
    "test_batch.bin": cifarOf([1]),
    "batches.meta.txt": "ant\nbee\n\n",
  };
  await writeFiles(folder, {
    "photos/b/2.PNG": png,
    "photos/b/10.png": png,
    "photos/a/x.jpeg": png,
    "photos/top.webp": png,
    "photos/.hidden.png": png,
    "photos/.git/1.png": png,
    "photos/notes.txt": "text",
    "odd#name/1.png": png,
    "grey/1.png": grey,
    "mixed/1.png": grey,
    "mixed/2.png": png,
    ...Object.fromEntries(Object.entries(mvtec).map(([name, bytes]) => [`mvtec/${name}`, bytes])),
    "tile.tar": tar,
    "tile.tar.gz": gzipSync(tar),
    "tile.tgz": gzipSync(tar),
    "plain-inside.tar.gz": tar,
    "boxed/tile.tar": tar,
    "two/a.tar": tar,
    "two/b.tar": tar,
    "two/c.zip": Buffer.from("this is text, not an archive"),
    "masks.tar": await tarOf({ "x/ground_truth/1.png": png }),
    ...Object.fromEntries(Object.entries(idxFiles()).map(([name, bytes]) => [`digits/${name}`, bytes])),
    "letters/emnist-letters-train-images-idx3-ubyte.gz": gzipSync(idxOf([1, 4, 4], new Uint8Array(16))),
    ...Object.fromEntries(Object.entries(cifar).map(([name, bytes]) => [`cifar/${name}`, bytes])),
    "cifar.tar.gz": gzipSync(
      await tarOf(Object.fromEntries(Object.entries(cifar).map(([name, bytes]) => [`batches/${name}`, bytes]))),
    ),
    "cifar-100/train.bin": Uint8Array.from([1, 3, ...new Uint8Array(3072)]),
    "cifar-100/fine_label_names.txt": "apple\nfish\nbaby\nbear\n",
    // Everything below is damaged.
    "zero.tar": "",
    "zero.tgz": "",
    "empty.tar": await tarOf({}),
    "cut.tar": tar.subarray(0, 1000),
    "cut.tar.gz": gzipSync(tar).subarray(0, 60),
    "noise.tar": Buffer.from("this is text, not an archive".repeat(40)),
    "bad.tar.gz": Buffer.concat([gzipSync(tar).subarray(0, 20), Buffer.alloc(100, 1)]),
    "texts/notes.txt": "text",
    "notes.txt": "text",
    "odd.bin": "text",
    "cut-idx/train-images-idx3-ubyte": idxOf([3, 4, 4], new Uint8Array(40)),
    "bad-idx/train-images-idx3-ubyte": idxOf([48], new Uint8Array(48)),
    "bad-gz/train-images-idx3-ubyte.gz": gzipSync(idxOf([3, 4, 4], new Uint8Array(48))).subarray(0, 20),
    "no-gz/train-images-idx3-ubyte.gz": idxOf([3, 4, 4], new Uint8Array(48)),
    "labels/train-images-idx3-ubyte": idxOf([3, 4, 4], new Uint8Array(48)),
    "labels/train-labels-idx1-ubyte": idxOf([2], new Uint8Array(2)),
    "sets/a/train-images-idx3-ubyte": idxOf([1, 1, 1], new Uint8Array(1)),
    "sets/b/train-images-idx3-ubyte": idxOf([1, 1, 1], new Uint8Array(1)),
    "bad-cifar/data_batch_1.bin": new Uint8Array(3074),
    "bad-label/data_batch_1.bin": cifarOf([1, 10]),
    "no-cifar/data_batch_1.bin": "",
  });
  await mkdir(join(folder, "nothing"));
  await symlink(join(folder, "photos"), join(folder, "photos", "loop"));
  await symlink(join(folder, "grey", "1.png"), join(folder, "photos", "a", "linked.png"));
});

afterAll(() => remove());

describe("folders", () => {
  test("are read recursively in order of names; folders are classes, hidden files and loops left out, links followed", async () => {
    const source = await open("photos");
    expect(source.format).toBe("images");
    expect(list(source)).toEqual([
      "photos/a/linked.png a",
      "photos/a/x.jpeg a",
      "photos/b/10.png b",
      "photos/b/2.PNG b",
      "photos/top.webp undefined",
    ]);
    expect(await source.read(3)).toEqual({ kind: "encoded", bytes: png });
  });

  test("are selected by class", async () => {
    expect(list(await open("photos#class=b,limit=1"))).toEqual(["photos/b/10.png b"]);
  });

  test("may have a # in their names", async () => {
    expect((await open("odd#name")).length).toBe(1);
    expect((await open("odd#name#limit=1")).length).toBe(1);
  });

  test("of the MVTec layout have splits, and masks only if asked for", async () => {
    expect((await open("mvtec")).length).toBe(3);
    expect(list(await open("mvtec#split=test,class=good"))).toEqual(["mvtec/tile/test/good/2.png good"]);
    expect((await open("mvtec#split=ground_truth")).length).toBe(1);
  });

  test("with one archive in them are that archive", async () => {
    expect(list(await open("boxed"))[0]).toBe("boxed/tile.tar/tile/test/crack/3.png crack");
  });

  test("with several archives in them are all of these, each a split, but for those that are damaged", async () => {
    const source = await open("two");
    expect(source.length).toBe(2 * (await open("two/a.tar")).length);
    expect(list(source)[0]).toBe("two/a.tar/tile/test/crack/3.png crack");
    expect(list(await open("two#split=b"))[0]).toBe("two/b.tar/tile/test/crack/3.png crack");
    expect(source.problems).toEqual([
      { name: expect.stringMatching(/two\/c\.zip$/), reason: expect.stringContaining("damaged") },
    ]);
  });

  test("say how many channels a model needs", async () => {
    expect(await (await open("grey")).channels()).toBe(1);
    expect(await (await open("mixed")).channels()).toBe(3);
    expect(await (await open("digits")).channels()).toBe(1);
    expect(await (await open("cifar")).channels()).toBe(3);
  });
});

test("a lone image keeps the path as it was typed", async () => {
  expect(list(await open("photos/b/2.PNG"))).toEqual(["photos/b/2.PNG undefined"]);
});

describe.each(["tile.tar", "tile.tar.gz", "tile.tgz", "plain-inside.tar.gz"])("archive %s", (name) => {
  test("is read like the folder, without its outermost folder as a class", async () => {
    const source = await open(name);
    expect(list(source)).toEqual([
      `${name}/tile/test/crack/3.png crack`,
      `${name}/tile/test/good/2.png good`,
      `${name}/tile/train/good/1.png good`,
    ]);
    const images = await Promise.all([0, 1, 2].map((index) => source.read(index)));
    for (const image of images) expect(Buffer.compare((image as { bytes: Uint8Array }).bytes, png)).toBe(0);
  });
});

describe("IDX", () => {
  test("a folder has its parts as splits and its labels as classes, training images first", async () => {
    const source = await open("digits");
    expect(source.format).toBe("idx");
    expect(list(source)).toEqual([
      "digits/train-images-idx3-ubyte/00000 7",
      "digits/train-images-idx3-ubyte/00001 1",
      "digits/train-images-idx3-ubyte/00002 7",
      "digits/t10k-images-idx3-ubyte.gz/00000 1",
      "digits/t10k-images-idx3-ubyte.gz/00001 2",
    ]);
    const test = await open("digits#split=test,class=2");
    expect(test.length).toBe(1);
    const image = await test.read(0);
    expect(image).toMatchObject({ kind: "raw", channels: 1, height: 4, width: 4 });
    expect((image as { pixels: Uint8Array }).pixels[0]).toBe(116);
  });

  test("a lone file finds its labels beside it", async () => {
    expect(list(await open("digits/t10k-images-idx3-ubyte.gz"))[1]).toBe("digits/t10k-images-idx3-ubyte.gz/00001 2");
  });

  test("a prefix before the part and missing labels are fine", async () => {
    expect(list(await open("letters#split=train"))).toEqual([
      "letters/emnist-letters-train-images-idx3-ubyte.gz/00000 undefined",
    ]);
  });
});

describe("CIFAR", () => {
  test.each(["cifar", "cifar.tar.gz"])("%s", async (name) => {
    const source = await open(name);
    expect(source.format).toBe("cifar-10");
    expect(list(source).map((line) => line.slice(line.lastIndexOf("/") + 1))).toEqual([
      "00000 ant",
      "00001 2",
      "00000 bee",
    ]);
    const image = await source.read(1);
    expect(image).toMatchObject({ kind: "raw", channels: 3, height: 32, width: 32 });
    expect(new Set((image as { pixels: Uint8Array }).pixels)).toEqual(new Set([10]));
    expect((await open(`${name}#split=test`)).length).toBe(1);
  });

  test("CIFAR-100 has the fine label as its class", async () => {
    const source = await open("cifar-100");
    expect([source.format, source.className(0)]).toEqual(["cifar-100", "bear"]);
  });
});

describe("one line for everything that can be wrong", () => {
  test.each<[string, string]>([
    ["missing", "expected images, got nothing at '"],
    ["missing#limit=1", "expected images, got nothing at '"],
    ["nothing", "expected images, got an empty folder '"],
    ["texts", "expected images, got 0 among 1 files in the folder '"],
    ["notes.txt", "notes.txt', which holds a text that is no list of paths; a list holds a path a line"],
    ["odd.bin", "odd.bin'; supported: png, jpeg, webp, tiff, avif, gif, bmp, dicom, .tar"],
    ["empty.tar", "expected images, got an empty archive '"],
    ["masks.tar", "expected images, got only masks in '"],
    ["sets", "expected one IDX data set, got 2 in '"],
    ["photos#split=test", "expected a split of 'a', 'b', got 'test'"],
    ["digits#class=9", "expected a class of '1', '2', '7', got '9'"],
  ])("ConfigError for %s", async (location, message) => {
    const error = await open(location).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain("train: --normal: ");
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain("\n");
  });

  test.each<[string, string]>([
    ["zero.tar", "expected a tar archive, got a damaged one in '"],
    ["zero.tar", "(it is empty)"],
    ["zero.tgz", "(it is empty)"],
    ["cut.tar", "(it is cut off); copy or download it again"],
    ["cut.tar.gz", "cut.tar.gz' (it is cut off)"],
    ["noise.tar", "(its header is invalid)"],
    ["bad.tar.gz", "expected a gzip file, got a damaged one in '"],
    ["cut-idx", "it is cut off, copy or download it again"],
    ["bad-idx", "expected IDX magic number 0x00000803"],
    ["bad-gz", "(it is cut off)"],
    ["no-gz", "(it is not gzip)"],
    ["labels", "got 2 for 3"],
    ["bad-cifar", "expected cifar-10 records of 3073 bytes in '"],
    ["no-cifar", "got 0 bytes"],
    ["bad-label", "expected cifar-10 labels from 0 to 9 in '"],
  ])("FormatError for %s: %s", async (location, message) => {
    const error = await open(location).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain("train: --normal: expected");
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain("\n");
  });
});
