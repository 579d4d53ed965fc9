/** Files that are made to harm whoever opens them: each is refused or skipped in words, nothing outside is read, and no memory goes where a header tells of more than there is. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32, gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tarOf, zipOf } from "./containers/example-archives.ts";
import { greyPng } from "./decoding/example-images.ts";
import { makeFolder } from "./example-files.ts";
import { idxOf, npyOf } from "./formats/example-arrays.ts";
import { parquetOf } from "./formats/parquet-examples.ts";
import { loadImages } from "./loading.ts";
import { openImages } from "./opening.ts";

let folder: string;
let remove: () => Promise<void>;
let png: Buffer;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  png = await greyPng(8, 8, 50);
  // What links and names that lead out would reach.
  await mkdir(join(folder, "in"));
  await writeFile(join(folder, "secret.png"), png);
});
afterAll(() => remove());

const link = (content: string) => ({ content, mode: 0o120777 });

/** A tar with names and links that lead out, and one image that is none of them. */
async function leadingTar(): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: "../secret.png" }, png);
  archive.entry({ name: "x/../../secret.png" }, png);
  archive.entry({ name: join(folder, "secret.png") }, "not the file on the disk");
  archive.entry({ name: "x/absolute.png", type: "symlink", linkname: join(folder, "secret.png") });
  archive.entry({ name: "x/up.png", type: "symlink", linkname: "../../secret.png" });
  archive.entry({ name: "x/hard.png", type: "link", linkname: "../secret.png" });
  archive.entry({ name: "x/a.png" }, png);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A PNG of so many pixels in its header and none in its data. */
function promisingPng(side: number): Buffer {
  const bytes = Buffer.from(png);
  bytes.writeUInt32BE(side, 16);
  bytes.writeUInt32BE(side, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

/** A table of two rows that everywhere in its footer tells of 63. */
function lyingParquet(): Buffer {
  const bytes = parquetOf([png, png], [0, 0], []);
  const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  // Fields of 64 bits with the number 2, zigzag.
  for (
    let at = bytes.indexOf("\x16\x04", footer, "latin1");
    at >= 0;
    at = bytes.indexOf("\x16\x04", at + 1, "latin1")
  ) {
    bytes[at + 1] = 2 * 63;
  }
  return bytes;
}

/** Four billion images, and 32 MB of nothing that pack into little. */
const four = 0xffffffff;
const zeros = new Uint8Array(1 << 25);

test.each<[string, () => Uint8Array | Promise<Uint8Array>, RegExp]>([
  ["train-images-idx3-ubyte", () => idxOf([four, 28, 28], new Uint8Array(784)), /it is cut off/],
  ["train-images-idx3-ubyte.gz", () => gzipSync(idxOf([four, 28, 28], new Uint8Array(784))), /it is cut off/],
  ["bomb-images-idx3-ubyte.gz", () => gzipSync(zeros, { level: 1 }), /an unpacked file of at most 16.8 MB/],
  [
    "bomb.tar.gz",
    async () => gzipSync(await tarOf({ "a.png": zeros }), { level: 1 }),
    /at most 16.8 MB|more than limits/,
  ],
  [
    "bomb.zip",
    () => zipOf({ "a.png": { content: zeros.subarray(0, 1 << 14), toldSize: 15e6 } }),
    /more than 100 times its size|damaged/,
  ],
  [
    "out.zip",
    () =>
      zipOf({
        "../secret.png": png,
        [join(folder, "secret.png")]: "not it",
        "x/b.png": link("../../secret.png"),
        "x/c.png": link(join(folder, "secret.png")),
        "x/a.png": png,
      }),
    /^1 of \d: x\/a.png$/,
  ],
  ["out.tar", leadingTar, /^1 of \d: x\/a.png$/],
  ["out.tar.gz", async () => gzipSync(await leadingTar()), /^1 of \d: x\/a.png$/],
  ["objects.npy", () => npyOf("|O", [3], new Uint8Array(24)), /Python objects, which are never loaded/],
  ["many.npy", () => npyOf("|u1", [four, 28, 28], new Uint8Array(784)), /fewer in the file/],
  ["lying.parquet", lyingParquet, /row|damaged/],
  ["promising.png", () => promisingPng(30_000), /more than 268 million pixels/],
])("%s", async (name, bytes, told) => {
  const path = join(folder, "in", name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await bytes());
  const before = process.memoryUsage();
  const limits = { fileBytes: 1 << 24, archiveBytes: 1 << 24 };
  const outcome = async (): Promise<string> => {
    const source = await openImages(path, "here", { limits });
    const set = await loadImages(source, { channels: 1, height: 8, width: 8 }, { strict: false });
    const names = set.names.map((one) => one.slice(path.length + 1)).join();
    return `${set.count} of ${set.count + set.problems.length}: ${names}`;
  };
  expect(await outcome().catch((error: Error) => error.message)).toMatch(told);
  const { heapTotal, arrayBuffers } = process.memoryUsage();
  expect(heapTotal + arrayBuffers - before.heapTotal - before.arrayBuffers).toBeLessThan(1e8);
});
