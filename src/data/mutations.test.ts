/**
 * Every reader with damaged files: an image, a reason why there is none, or an error that a person can act on, never a crash and never pixels of another
 * size. OUTGLOW_MUTATIONS sets how many damaged files a reader gets.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isUserError, randomKey } from "../base/index.ts";
import { tarOf, zipOf } from "./containers/example-archives.ts";
import { bmpOf, dicomOf, greyPng } from "./decoding/example-images.ts";
import { prepareImage } from "./decoding/preparation.ts";
import { countingBytes, makeFolder, propertySeed } from "./example-files.ts";
import { bytesOf, cifarOf, idxFiles, idxOf, matOf, npyOf } from "./formats/example-arrays.ts";
import { parquetOf } from "./formats/parquet-examples.ts";
import { openImages } from "./opening.ts";

const runs = Number(process.env.OUTGLOW_MUTATIONS ?? 40);
const specification = { channels: 1, height: 4, width: 4, sampleRange: [0, 1] as const };

let folder: string;
let remove: () => Promise<void>;
let png: Buffer;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  png = await greyPng(4, 4, 50);
});
afterAll(() => remove());

/** Files of every reader, by the name that they are opened by. */
const examples: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
  "a.zip": () =>
    zipOf({ "x/a.png": png, "x/b.png": { content: png, method: 0 }, "c.png": { content: "x/a.png", mode: 0o120777 } }),
  "b.zip": () => zipOf({ "x/a.png": png, "x/b.png": { content: png, method: 0 } }, { zip64: true }),
  "digits.zip": () => zipOf(idxFiles()),
  "a.tar": () => tarOf({ "x/a.png": png, "x/b.png": png }),
  "a.tar.gz": async () => gzipSync(await tarOf({ "x/a.png": png, "x/b.png": png })),
  "train-images-idx3-ubyte": () => idxOf([3, 4, 4], countingBytes(48)),
  "data_batch_1.bin": () => cifarOf([1, 2]),
  "a.npy": () => npyOf("|u1", [3, 4, 4], countingBytes(48)),
  "b.npy": () => npyOf("<f4", [4, 4, 3], bytesOf(new Float32Array(48).fill(0.5))),
  "a.parquet": () => parquetOf([png, png, undefined], [1, 0, 1], ["a", "b"], { pageSize: 30 }),
  "b.parquet": () =>
    parquetOf([png, png, undefined], [1, 0, 1], ["a", "b"], { codec: "UNCOMPRESSED", rowGroupSize: 2 }),
  "a.csv": () => Buffer.from('path,label,note\na.zip,x,"a, b"\nb.npy,y,\n'),
  "a.jsonl": () => Buffer.from('{"path":"a.zip","split":"test"}\n{"path":"b.npy","label":3}\n'),
  "a.bmp": () =>
    bmpOf({ bits: 8, compression: 1, palette: [0, 0, 255, 0, 9, 9, 9, 0], rows: [2, 1, 0, 0, 1, 0, 1, 1, 0, 1] }),
  "b.bmp": () => bmpOf({ bits: 24, width: 4, height: 4, rows: Array(48).fill(7) }),
  "a.dcm": () =>
    dicomOf({ rows: 4, columns: 4, allocated: 16, stored: 12, values: Array(16).fill(900), center: "9", width: "9" }),
  "b.dcm": () =>
    dicomOf({ rows: 4, columns: 4, allocated: 8, stored: 8, values: Array(32).fill(9), frames: "2", slope: "2" }),
  "a.mat": () =>
    matOf([
      { name: "X", shape: [4, 4, 1, 2], values: countingBytes(32) },
      { name: "y", shape: [2, 1], values: countingBytes(2) },
    ]),
  "b.mat": () => matOf([{ name: "X", shape: [4, 4, 3, 1], values: countingBytes(48) }], false),
  "a.npz": () =>
    zipOf({
      "x_train.npy": npyOf("<u2", [2, 4, 4], countingBytes(64)),
      "y_train.npy": npyOf("<U2", [2], bytesOf(Int32Array.of(97, 98, 99, 0))),
    }),
};

/** Files that are read at a time: most of an input's time is waiting for the disk. */
const lanes = 16;

test.each(Object.keys(examples))(
  `%s damaged is read or refused, never worse (${runs} of them, seed ${propertySeed})`,
  async (name) => {
    const whole = Buffer.from(await examples[name]!());
    const seeds = fc.sample(fc.nat(), { seed: propertySeed, numRuns: runs }).values();
    const work = async (lane: number): Promise<void> => {
      const path = await laneFile(name, lane);
      for (const seed of seeds) {
        await writeFile(path, damaged(whole, seed));
        const error = await readAll(path).catch((thrown: unknown) => thrown);
        if (error !== undefined && !isUserError(error))
          throw new Error(`seed ${seed} of a damaged file`, { cause: error });
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, runs) }, (_, lane) => work(lane)));
    const path = await laneFile(name, 0);
    await writeFile(path, whole);
    await readAll(path);
  },
  600_000,
);

/** Where a lane puts its files: in a folder of its own, with the whole files that lists name. */
async function laneFile(name: string, lane: number): Promise<string> {
  const own = join(folder, name.replaceAll(".", "-"), String(lane));
  await mkdir(own, { recursive: true });
  if (/\.(csv|jsonl)$/.test(name)) {
    for (const listed of ["a.zip", "b.npy"]) await writeFile(join(own, listed), await examples[listed]!());
  }
  return join(own, name);
}

/** Values that break sizes, counts and places. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** Bytes with some of them changed, moved, doubled or cut off. */
function damaged(whole: Buffer, seed: number): Buffer {
  const random = randomKey(seed).stream();
  let bytes = Buffer.from(whole);
  for (let change = 0; change <= random.integer(3); change++) {
    const at = random.integer(bytes.length);
    const kind = random.integer(6);
    if (kind === 0) bytes[at] = random.integer(256);
    else if (kind === 1) bytes[at]! ^= 1 << random.integer(8);
    else if (kind <= 3) {
      const value = extremes[random.integer(extremes.length)]!;
      const size = Math.min([1, 2, 4][random.integer(3)]!, bytes.length - at);
      for (let byte = 0; byte < size; byte++) {
        bytes[at + byte] = Math.floor(value / 2 ** (8 * (kind === 2 ? byte : size - 1 - byte))) & 255;
      }
    } else if (kind === 4) bytes = bytes.subarray(0, at + 1);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random.integer(20)))]);
  }
  return bytes;
}

/** Opens a location and reads all of its images. Reading may fail in words, preparing only give a reason. */
async function readAll(path: string): Promise<undefined> {
  const source = await openImages(path, "here", { limits: { fileBytes: 1 << 22, archiveBytes: 1 << 22, files: 1000 } });
  await source.channels();
  for (let index = 0; index < Math.min(source.length, 8); index++) {
    source.className(index);
    const image = await source.read(index).catch((error: unknown) => {
      // Such errors are slips of a reader; whatever it says itself is an Error.
      if ([TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind)) throw error;
      return undefined;
    });
    const prepared = image && (await prepareImage(image, specification));
    if (prepared && !("reason" in prepared)) expect(prepared.pixels).toHaveLength(16);
  }
}
