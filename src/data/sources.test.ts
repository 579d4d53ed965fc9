/** Tests of what lies in folders and archives besides images: nothing is lost without a word, nothing ends the rest. */
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ownFolders } from "../../test/own-folders.ts";
import { FormatError } from "../base/index.ts";
import { tarOf } from "./containers/example-archives.ts";
import { greyPng, plainPng } from "./decoding/example-images.ts";
import { writeFiles } from "./example-files.ts";
import { cifarOf, idxFiles, idxOf } from "./formats/example-arrays.ts";
import type { ImageSource } from "./image-source.ts";
import { loadImages } from "./loading.ts";
import { type OpenOptions, openImages } from "./opening.ts";
import { describeSource, showLeftOut, sourceWarnings } from "./source-summary.ts";

const specification = { channels: 1, height: 8, width: 8 };
const nextFolder = ownFolders();
let folder: string;
let png: Buffer;

beforeAll(async () => {
  png = await greyPng(8, 8, 50);
});
beforeEach(async () => {
  folder = nextFolder();
  await mkdir(folder);
});

const open = (path = "", options: OpenOptions = {}): Promise<ImageSource> =>
  openImages(join(folder, path), "here", options);
const names = (source: ImageSource): string[] =>
  Array.from({ length: source.length }, (_, index) => source.name(index).slice(folder.length + 1));
const ignored = ({ leftOut }: ImageSource): string[] =>
  leftOut.map((one) => showLeftOut(one).replaceAll(`${folder}/`, "")).sort();
const skipped = ({ problems }: ImageSource): string[] =>
  problems.map(({ name, reason }) => `${name.slice(folder.length + 1)}: ${reason}`);

describe("a folder", () => {
  test("counts other pictures, litter and other files by kind, and says it in a line", async () => {
    const litter = [
      "@eaDir/a.png/THUMB.png",
      "$RECYCLE.BIN/b.png",
      "#recycle/c.png",
      ".Trash-1000/d.png",
      "x/Thumbs.db",
    ];
    const others = ["a.tga", "x/b.TGA", "c.heic", "notes.txt", "desktop.ini", ".DS_Store", "more.zip"];
    await writeFiles(folder, Object.fromEntries(["a.png", "x/b.png", ...litter, ...others].map((name) => [name, png])));
    const source = await open();
    expect(names(source)).toEqual(["a.png", "x/b.png"]);
    expect(ignored(source)).toEqual([
      "1 #recycle folder",
      "1 $RECYCLE.BIN folder",
      "1 .DS_Store file",
      "1 .Trash-1000 folder",
      "1 .heic file (not read), such as 'c.heic'",
      "1 .txt file (no images)",
      "1 .zip file (not read), such as 'more.zip'",
      "1 @eaDir folder",
      "1 Thumbs.db file",
      "1 desktop.ini file",
      "2 .tga files (not read), such as 'a.tga'",
    ]);
    const { found, problems } = await loadImages(source, specification, { strict: false });
    expect(describeSource({ ...source, leftOut: source.leftOut.slice(0, 1) }, found, problems.length)).toMatch(
      /^2 images, 8x8, grey; ignored 1 /,
    );
    expect(sourceWarnings(source, found)).toHaveLength(3);
    await expect(loadImages(source, specification, { strict: true })).rejects.toThrow(FormatError);
  });

  test("counts links to nothing as skipped images", async () => {
    await writeFiles(folder, { "a.png": png });
    await symlink("../gone/1.png", join(folder, "1.png"));
    await symlink("nowhere", join(folder, "class"));
    const { count, problems } = await loadImages(await open(), specification, { strict: false });
    expect([count, problems.map(({ reason }) => reason)]).toEqual([
      1,
      ["the link leads nowhere", "cannot be read: the link leads nowhere"],
    ]);
  });

  test("is walked once, however its folders are linked, and files keep their real paths", async () => {
    for (const one of ["1", "2", "3"]) {
      await writeFiles(folder, { [`${one}/a.png`]: png });
      for (const other of ["1", "2", "3"])
        if (one !== other) await symlink(`../${other}`, join(folder, one, `0-${other}`));
    }
    const source = await open();
    expect(names(source)).toEqual(["1/a.png", "2/a.png", "3/a.png"]);
    expect(ignored(source)).toEqual(["6 links to a folder (read already)"]);
  });

  test.skipIf(process.getuid?.() === 0)("that cannot be read is skipped and named", async () => {
    await writeFiles(folder, { "a/1.png": png, "closed/2.png": png });
    await chmod(join(folder, "closed"), 0);
    try {
      const source = await open();
      expect(names(source)).toEqual(["a/1.png"]);
      expect(skipped(source)).toEqual([expect.stringMatching(/^closed: folder cannot be read: EACCES/)]);
    } finally {
      await chmod(join(folder, "closed"), 0o755);
    }
  });

  test.skipIf(process.platform !== "linux")(
    "may hold names that are no UTF-8, and class names in both normal forms",
    async () => {
      const place = (name: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
      await mkdir(place("größe"));
      await writeFile(place("größe/ä.png"), png);
      await writeFiles(folder, { [`${"größe".normalize("NFD")}/1.png`]: png, "größe/2.png": png });
      const source = await open();
      expect(names(source).sort()).toEqual(
        [`${"größe".normalize("NFD")}/1.png`, "gr\\xF6\\xDFe/\\xE4.png", "größe/2.png"].sort(),
      );
      expect(new Set([0, 1, 2].map((index) => source.className(index)))).toEqual(new Set(["größe", "gr\\xF6\\xDFe"]));
      expect((await loadImages(source, specification, { strict: true })).count).toBe(3);
      expect((await open(`#class=${"größe".normalize("NFD")}`)).length).toBe(2);
    },
  );
});

describe("a stray file", () => {
  test.each(["test.bin", "x/train.bin", "data_batch_1.bin", "a-images-idx3-ubyte"])("%s ends nothing", async (name) => {
    await writeFiles(folder, { "a.png": png, "b/c.png": png, [name]: "this is something else" });
    const source = await open();
    expect(names(source)).toEqual(["a.png", "b/c.png"]);
    expect(skipped(source)).toEqual([expect.stringContaining(`${name}: not read as `)]);
  });

  test("beside a data set is told of", async () => {
    await writeFiles(folder, { ...idxFiles(), "a.png": png, "b.png": png });
    expect(ignored(await open())).toEqual(["2 .png images (beside a data set, not read), such as 'a.png'"]);
    await writeFiles(folder, { "c/data_batch_1.bin": cifarOf([1]), "c/a.png": png });
    expect((await open("c")).leftOut).toHaveLength(1);
  });

  test("among several locations is counted and named", async () => {
    await writeFiles(folder, {
      "a.png": png,
      "d/b.png": png,
      "Thumbs.db": "x",
      "c.tga": "x",
      "e.txt": "x",
      "f/g.txt": "x",
    });
    const several = (...paths: string[]) =>
      openImages(
        paths.map((path) => join(folder, path)),
        "here",
      );
    const source = await several("Thumbs.db", "a.png", "c.tga", "d", "e.txt", "f");
    expect(names(source)).toEqual(["a.png", "d/b.png"]);
    expect(ignored(source)).toEqual([
      "1 .tga file (not read), such as 'c.tga'",
      "1 .txt file (no images)",
      "1 Thumbs.db",
    ]);
    expect(skipped(source)).toEqual([expect.stringContaining("f: got 0 among 1 files")]);
    await expect(several("a.png", "nowhere")).rejects.toThrow("here: expected images, got nothing at");
    await expect(several("e.txt", "c.tga")).rejects.toThrow("here: expected images, got '");
  });
});

describe.each(["a.tar", "a.tar.gz"])("archive %s", (name) => {
  const write = async (bytes: Buffer) => writeFile(join(folder, name), name.endsWith(".gz") ? gzipSync(bytes) : bytes);

  test("resolves hard and symbolic links, and names those that lead nowhere", async () => {
    const archive = pack();
    const chunks: Buffer[] = [];
    archive.entry({ name: "x/a.png" }, png);
    archive.entry({ name: "x/b.png", type: "link", linkname: "x/a.png" });
    archive.entry({ name: "y/c.png", type: "symlink", linkname: "../x/b.png" });
    archive.entry({ name: ".blobs/1" }, png);
    archive.entry({ name: "y/d.png", type: "symlink", linkname: "../.blobs/1" });
    archive.entry({ name: "y/e.png", type: "symlink", linkname: "/etc/passwd" });
    archive.entry({ name: "y/f.png", type: "symlink", linkname: "f.png" });
    archive.entry({ name: "z", type: "symlink", linkname: "x" });
    archive.finalize();
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    await write(Buffer.concat(chunks));
    const source = await open(name);
    expect(names(source)).toEqual(["x/a.png", "x/b.png", "y/c.png", "y/d.png"].map((path) => `${name}/${path}`));
    expect((await loadImages(source, specification, { strict: false })).count).toBe(4);
    expect(skipped(source)).toEqual(
      ["y/e.png", "y/f.png"].map((path) => `${name}/${path}: the link leads to nothing in the archive`),
    );
    expect(ignored(source)).toEqual(["1 file in hidden folders", "1 link to a folder (read already)"]);
  });

  test("takes the last of several copies, and leaves litter out", async () => {
    const [one, other] = await Promise.all([tarOf({ "a.png": "old", "__MACOSX/a.png": png }), tarOf({ "a.png": png })]);
    await write(Buffer.concat([one.subarray(0, -1024), other]));
    const source = await open(name);
    expect([source.length, await source.read(0)]).toEqual([1, { kind: "encoded", bytes: expect.anything() }]);
    expect((await loadImages(source, specification, { strict: true })).count).toBe(1);
    expect(ignored(source)).toEqual([expect.stringContaining("1 earlier copy of a file"), "1 file in __MACOSX"]);
  });
});

describe("limits", () => {
  test("of an unpacked data set, of a compressed archive and of what is kept of it", async () => {
    const zeros = new Uint8Array(1 << 20);
    await writeFiles(folder, {
      "i/train-images-idx3-ubyte.gz": gzipSync(idxOf([1 << 10, 32, 32], zeros)),
      "a.tar.gz": gzipSync(await tarOf({ "a.png": png, "weights.pt": zeros })),
    });
    const refused = (path: string, limits: OpenOptions["limits"]) => expect(open(path, { limits: limits! })).rejects;
    await refused("i", { fileBytes: 1000 }).toThrow(/expected a file of at most/);
    await refused("i", { fileBytes: 5000 }).toThrow(
      /expected an unpacked file of at most 0\.0 MB.*raise limits\.fileBytes/,
    );
    await refused("a.tar.gz", { unpackedBytes: 1 << 19 }).toThrow(
      /unpack it into a folder, or raise limits\.unpackedBytes/,
    );
    await refused("a.tar.gz", { archiveBytes: 10 }).toThrow(/raise limits\.archiveBytes/);
    // What is no image is passed over, whatever its size.
    expect((await open("a.tar.gz", { limits: { archiveBytes: 2 * png.length } })).length).toBe(1);
  });

  test("of one file skip it and say so", async () => {
    await writeFiles(folder, {
      "a.png": png,
      "b.png": await plainPng(8, 8),
      "c.png": Buffer.concat([png, new Uint8Array(5000)]),
    });
    const source = await open("", { limits: { fileBytes: 4000 } });
    const { count, problems } = await loadImages(source, specification, { strict: false });
    expect([count, problems.map(({ reason }) => reason)]).toEqual([
      2,
      [expect.stringContaining("more than limits.fileBytes")],
    ]);
  });
});

describe("MVTec's layout", () => {
  const write = (...paths: string[]) => writeFiles(folder, Object.fromEntries(paths.map((path) => [path, png])));
  const usual = ["train/good/1.png", "test/good/2.png", "test/broken/3.png", "ground_truth/broken/3.png"];

  test.each([
    ["training", ["train/good/1.png"]],
    ["comparison", ["test/good/2.png"]],
    ["anomalies", ["test/broken/3.png"]],
    [undefined, ["test/broken/3.png", "test/good/2.png", "train/good/1.png"]],
  ] as const)("for %s", async (use, expected) => {
    await write(...usual);
    const source = await open("", use ? { use } : {});
    expect(names(source)).toEqual(expected);
    expect(source.remarks).toHaveLength(use ? 1 : 0);
    expect(names(await open("#split=test,class=broken", use ? { use } : {}))).toEqual(["test/broken/3.png"]);
  });

  test("of several categories, of other names of folders, and of trained classes", async () => {
    await write(
      ...usual.map((path) => `a/${path}`),
      "b/Train/OK/4.png",
      "b/Test/ok/5.png",
      "b/Test/NG/6.png",
      "b/val/ok/7.png",
    );
    expect(names(await open("", { use: "training" }))).toEqual(["a/train/good/1.png", "b/Train/OK/4.png"]);
    expect(names(await open("b", { use: "anomalies" }))).toEqual(["b/Test/NG/6.png"]);
    await write("c/train/cat/8.png", "c/train/dog/9.png", "c/test/cat/10.png", "c/test/bird/11.png");
    expect(names(await open("c", { use: "training" }))).toEqual(["c/train/cat/8.png", "c/train/dog/9.png"]);
    expect(names(await open("c", { use: "comparison" }))).toEqual(["c/test/cat/10.png"]);
    expect(names(await open("c", { use: "anomalies" }))).toEqual(["c/test/bird/11.png"]);
  });

  test("of validation images where there is no test", async () => {
    await write("d/train/good/1.png", "d/validation/good/2.png", "d/Validation/dent/3.png");
    expect(names(await open("d", { use: "training" }))).toEqual(["d/train/good/1.png"]);
    expect(names(await open("d", { use: "comparison" }))).toEqual(["d/validation/good/2.png"]);
    const { remarks } = await open("d", { use: "anomalies" });
    expect(remarks).toEqual([
      "train and validation lie side by side: taken 'Validation/dent'; '#split=...' chooses otherwise",
    ]);
  });

  test("without images of the kind is refused, a folder with one side is taken whole", async () => {
    await write("train/good/1.png", "test/broken/3.png");
    await expect(open("", { use: "comparison" })).rejects.toThrow(
      "here: expected normal images in test/ beside train/",
    );
    expect((await open("test", { use: "training" })).length).toBe(1);
  });
});
