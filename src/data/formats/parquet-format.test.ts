/** Tests of Parquet files of images: what another implementation writes, in every codec, and what must be refused. */
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ownFolders } from "../../../test/own-folders.ts";
import { tarOf } from "../containers/example-archives.ts";
import { greyPng } from "../decoding/example-images.ts";
import { countingBytes, propertySeed, writeFiles } from "../example-files.ts";
import type { ImageSource } from "../image-source.ts";
import { openImages } from "../opening.ts";
import { unpackPage } from "./parquet-codecs.ts";
import { parquetOf } from "./parquet-examples.ts";

const nextFolder = ownFolders();
let folder: string;
let png: Buffer;
beforeAll(async () => {
  png = await greyPng(8, 8, 50);
});
beforeEach(() => {
  folder = nextFolder();
});

async function open(files: Readonly<Record<string, Uint8Array>>, path = ""): Promise<ImageSource> {
  await writeFiles(folder, files);
  return openImages(join(folder, path), "here");
}
const list = (source: ImageSource): string[] =>
  Array.from({ length: source.length }, (_, index) =>
    [source.name(index).slice(folder.length + 1), source.className(index), source.splitNames(index).join("+")].join(
      " ",
    ),
  );
async function bytesOf(source: ImageSource, index: number): Promise<Uint8Array> {
  const image = await source.read(index);
  return image.kind === "encoded" ? image.bytes : new Uint8Array(0);
}

/** Zstandard's format without compression: one frame of raw blocks and a block of equal bytes. */
function zstdOf(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, ...new Uint8Array(new Uint32Array([bytes.length]).buffer)),
  ];
  const most = 100_000;
  for (let at = 0; at === 0 || at < bytes.length; at += most) {
    const part = bytes.subarray(at, at + most);
    const head = (part.length << 3) | Number(at + most >= bytes.length);
    parts.push(Uint8Array.of(head & 255, (head >> 8) & 255, head >> 16), part);
  }
  return Buffer.concat(parts);
}

test("shards are one data set with labels by name, splits by file name, and missing images named", async () => {
  const source = await open({
    "data/test-00000-of-00001.parquet": parquetOf([png], [-1], ["cat", "dog"]),
    "data/train-00000-of-00002.parquet": parquetOf([png, undefined], [1, 0], ["cat", "dog"]),
    "data/train-00001-of-00002.parquet": parquetOf([Buffer.from("x")], [7], ["cat", "dog"]),
    "README.md": Buffer.from("text"),
  });
  expect(source.format).toBe("parquet");
  expect(list(source)).toEqual([
    "data/train-00000-of-00002.parquet/00000 dog train+data",
    "data/train-00000-of-00002.parquet/00001 cat train+data",
    "data/train-00001-of-00002.parquet/00000 7 train+data",
    "data/test-00000-of-00001.parquet/00000  test+data",
  ]);
  expect(source.remarks).toEqual(["image column 'image.bytes', class by 'label'"]);
  expect(Buffer.compare(await bytesOf(source, 0), png)).toBe(0);
  await expect(source.read(1)).rejects.toThrow("the row has no image");
  expect(await source.channels()).toBe(1);
  expect((await openImages(join(folder, "data#split=train,class=dog"), "here")).length).toBe(1);
});

test(`every image and label is what another reader reads, whatever groups, pages and codecs (seed ${propertySeed})`, async () => {
  const styles = fc.record({
    codec: fc.constantFrom(
      { codec: "UNCOMPRESSED" as const },
      { codec: "SNAPPY" as const },
      { codec: "GZIP" as const, compress: (bytes: Uint8Array) => gzipSync(bytes) },
      { codec: "BROTLI" as const, compress: (bytes: Uint8Array) => brotliCompressSync(bytes) },
      { codec: "ZSTD" as const, compress: zstdOf },
    ),
    rowGroupSize: fc.integer({ min: 1, max: 30 }),
    pageSize: fc.integer({ min: 20, max: 5000 }),
  });
  const image = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined, freq: 8 });
  // Few different ones, so that some columns have a dictionary.
  const images = fc.oneof(
    fc.array(image, { minLength: 1, maxLength: 40 }),
    fc.array(fc.constantFrom(png, Buffer.from("b"), undefined), { minLength: 1, maxLength: 60 }),
  );
  const property = fc.asyncProperty(images, styles, async (pictures, { codec, ...sizes }) => {
    const labels = pictures.map((_, index) => (index * index) % 5);
    const bytes = parquetOf(pictures, labels, ["a", "b", "c", "d", "e"], { ...codec, ...sizes });
    const source = await open({ "x.parquet": bytes }, "x.parquet");
    expect(source.length).toBe(pictures.length);
    for (const [index, picture] of pictures.entries()) {
      expect(source.className(index)).toBe("abcde"[labels[index]!]);
      if (picture) expect(Buffer.compare(await bytesOf(source, index), picture)).toBe(0);
      else await expect(source.read(index)).rejects.toThrow("no image");
    }
    if (codec.codec === "SNAPPY") {
      const file = new Uint8Array(bytes).buffer;
      const rows = (await parquetReadObjects({ file, utf8: false })) as { image: { bytes: Uint8Array } | null }[];
      expect(rows.map((row) => row.image?.bytes.length)).toEqual(pictures.map((picture) => picture?.length));
    }
  });
  await fc.assert(property, { seed: propertySeed, numRuns: 30 });
});

test("plain columns, texts as classes and other encodings are read, in an archive too", async () => {
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: "id", data: [1n, 2n, 3n], encoding: "DELTA_BINARY_PACKED" },
      { name: "jpg", data: [png, png, Buffer.from("c")], type: "BYTE_ARRAY", encoding: "DELTA_LENGTH_BYTE_ARRAY" },
      { name: "class", data: ["ä", "b", "ä"], type: "STRING" },
    ],
    codec: "UNCOMPRESSED",
  });
  await writeFiles(folder, { "set.tar": await tarOf({ "validation/0000.parquet": Buffer.from(bytes) }) });
  const source = await openImages(join(folder, "set.tar"), "here");
  expect(list(source)).toEqual(
    ["ä", "b", "ä"].map((name, index) => `set.tar/validation/0000.parquet/0000${index} ${name} validation`),
  );
  expect(Buffer.compare(await bytesOf(source, 1), png)).toBe(0);
  const numbers = parquetWriteBuffer({
    columnData: [
      { name: "image", data: [png, png, png, png], type: "BYTE_ARRAY" },
      { name: "label", data: [5, -70_000, 3, 8], type: "INT32", encoding: "DELTA_BINARY_PACKED" },
    ],
  });
  expect(
    list(await open({ "y.parquet": Buffer.from(numbers) }, "y.parquet")).map((line) => line.split(" ")[1]),
  ).toEqual(["5", "-70000", "3", "8"]);
});

describe("a file is refused", () => {
  const whole = parquetOf([countingBytes(99)], [1], ["a", "b"]);
  const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);

  /** A file that tells of another number of rows: field 3 of the footer, after the schema, a signed varint. */
  function withRows(): Buffer {
    const bytes = parquetOf(
      Array.from({ length: 60 }, () => countingBytes(9)),
      new Array(60).fill(1),
      ["a", "b"],
    );
    const start = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    // 60 rows are written as 120.
    for (let at = start; at < bytes.length; at++) if (bytes[at] === 0x16 && bytes[at + 1] === 120) bytes[at + 1] = 126;
    return bytes;
  }

  test.each<[string, () => Uint8Array]>([
    ["it is empty", () => Buffer.alloc(0)],
    ["it is cut off", () => whole.subarray(0, 8)],
    ["it does not end like one", () => whole.subarray(0, -1)],
    ["its row count is wrong", withRows],
    [
      "it is cut off",
      () => Buffer.concat([whole.subarray(0, -8), Buffer.from([255, 255, 255, 127]), Buffer.from("PAR1")]),
    ],
    [
      "its row count is wrong",
      () => Buffer.concat([Buffer.from("PAR1"), Buffer.from([0, 1, 0, 0, 0]), Buffer.from("PAR1")]),
    ],
  ])("%s", async (reason, bytes) => {
    expect(footer).toBeGreaterThan(0);
    await expect(open({ "x.parquet": bytes() }, "x.parquet")).rejects.toThrow(`(${reason}); copy or download it again`);
  });

  test("without images, and with more rows than the limit", async () => {
    const bytes = Buffer.from(
      parquetWriteBuffer({
        columnData: [
          { name: "n", data: [1, 2] },
          { name: "t", data: ["a", "b"] },
        ],
      }),
    );
    await expect(open({ "x.parquet": bytes }, "x.parquet")).rejects.toThrow("x.parquet', got columns n, t");
    await writeFiles(folder, { "y.parquet": parquetOf([png, png], [0, 0], []) });
    await expect(openImages(join(folder, "y.parquet"), "here", { limits: { files: 1 } })).rejects.toThrow(
      "expected data of at most 1",
    );
  });

  test("by the page, where its packing lies or never ends", () => {
    // A literal of negative length, of which a naive reader goes back and round for ever.
    const round = Uint8Array.of(4, 0xfc, 0xfa, 0xff, 0xff, 0xff, 1, 2, 3, 4);
    expect(() => unpackPage(round, 4, 1)).toThrow("a page cannot be unpacked");
    expect(() => unpackPage(Uint8Array.of(4, 0x0d, 9), 4, 1)).toThrow("a page cannot be unpacked");
    expect(() => unpackPage(gzipSync(new Uint8Array(1e6)), 10, 2)).toThrow("a page cannot be unpacked");
    expect(() => unpackPage(gzipSync(new Uint8Array(9)), 10, 2)).toThrow("a page has another size than it tells");
    expect(() => unpackPage(round, 4, 7)).toThrow("it is compressed by LZ4_RAW, which is not read");
    // Blocks of 2 MB of one byte each, a thousand of them.
    const frame = [
      0x28,
      0xb5,
      0x2f,
      0xfd,
      0x00,
      0x58,
      ...Array.from({ length: 1000 }, () => [0xfa, 0xff, 0xff, 7]).flat(),
    ];
    expect(() => unpackPage(Uint8Array.from(frame), 10, 6)).toThrow("a page cannot be unpacked");
  });
});
