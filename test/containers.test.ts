/** The same images in every container that is read, on the disk and on object stores, give the same scores, to the last bit. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { tarOf, zipOf } from "../src/data/containers/example-archives.ts";
import { pngOf } from "../src/data/decoding/example-images.ts";
import { writeFiles } from "../src/data/example-files.ts";
import { npyOf } from "../src/data/formats/example-arrays.ts";
import { parquetOf } from "../src/data/formats/parquet-examples.ts";
import { type Detector, loadDetector, predict, train } from "../src/index.ts";
import { storeOf } from "../src/storage/index.ts";
import { temporaryFolder, writeMadeImages } from "./command.ts";
import { startOtherStore } from "./other-store.ts";
import { startStore } from "./store-server.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let detector: Detector;
const at = (...parts: string[]): string => join(folder.path, ...parts);

/** Images of a model's size, of others, and in colour: [n, height, width, channels]. */
const sets = [
  { name: "a", count: 6, height: 16, width: 16, channels: 1 },
  { name: "b", count: 5, height: 21, width: 13, channels: 1 },
  { name: "c", count: 5, height: 20, width: 40, channels: 3 },
];
const random = randomKey("containers").stream();
const arrays = sets.map(({ count, height, width, channels }) =>
  Uint8Array.from({ length: count * height * width * channels }, () => random.integer(256)),
);
const pngs = Object.fromEntries(
  sets.flatMap(({ name, count, ...size }, set) =>
    Array.from({ length: count }, (_, index) => {
      const area = size.height * size.width * size.channels;
      return [`set/${name}/${index}.png`, pngOf(arrays[set]!.subarray(index * area, (index + 1) * area), size)];
    }),
  ),
);
const paths = Object.keys(pngs);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(at("good"), "normal", 60);
  await train({
    ...{ normal: at("good"), out: at("detector"), size: 16, scales: 2, depth: 2, width: 8, batch: 16, steps: 10 },
    ...{ evaluateEvery: 10, threads: 1, heldOut: 0.4 },
  });
  detector = await loadDetector(at("detector"));
  await mkdir(at("images"));
  await writeFiles(at("images"), pngs);
  const shards = [paths.slice(0, 7), paths.slice(7)].map((some) =>
    parquetOf(
      some.map((path) => pngs[path]),
      some.map(() => 0),
      [],
    ),
  );
  const stacked = sets.map(({ name, count, height, width, channels }, set) => [
    `${name}.npy`,
    npyOf("|u1", channels === 1 ? [count, height, width] : [count, height, width, channels], arrays[set]!),
  ]);
  await writeFiles(folder.path, {
    "set.tar": await tarOf(pngs),
    "set.tar.gz": gzipSync(await tarOf(pngs)),
    "set.zip": zipOf(pngs),
    "stored.zip": zipOf(Object.fromEntries(paths.map((path) => [path, { content: pngs[path]!, method: 0 }])), {
      zip64: true,
    }),
    "set.npz": zipOf(Object.fromEntries(stacked)),
    "shards/train-00000-of-00002.parquet": shards[0]!,
    "shards/train-00001-of-00002.parquet": shards[1]!,
    "list.csv": `path,camera\n${paths.map((path, index) => `images/${path},${index}\n`).join("")}`,
    "list.txt": paths.map((path) => `${at("images", path)}\n`).join(""),
  });
  await writeFile(at("list.jsonl"), paths.map((path) => `${JSON.stringify({ path: `images/${path}` })}\n`).join(""));
});

afterAll(async () => {
  await detector.dispose();
  await folder.dispose();
});

/** All scores of a location's images, in order. */
async function scoresOf(location: string): Promise<Float64Array> {
  const scores: number[] = [];
  for await (const prediction of predict(detector, location, { strict: true })) {
    scores.push(prediction.score, prediction.pValue, ...Object.values(prediction.scores));
  }
  return Float64Array.from(scores);
}

const others = [
  "set.tar",
  "set.tar.gz",
  "set.zip",
  "stored.zip",
  "set.npz",
  "shards",
  "list.csv",
  "list.jsonl",
  "images/*/?",
];

async function expectSame(locations: readonly string[]): Promise<void> {
  const expected = await scoresOf(at("images"));
  expect(expected.length).toBeGreaterThan(3 * paths.length);
  for (const location of locations) {
    const scores = await scoresOf(location);
    expect(Buffer.compare(new Uint8Array(scores.buffer), new Uint8Array(expected.buffer)), location).toBe(0);
  }
}

test("a folder, archives, arrays, tables and lists give the same bytes of scores", () =>
  expectSame([...others, "list.txt"].map((other) => at(other))));

test.each([
  ["ours", startStore],
  ["one of others", startOtherStore],
])("so do they on an object store, %s, and lists of addresses", async (_whose, start) => {
  const server = await start();
  try {
    for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
    const store = storeOf("images");
    for (const entry of await readdir(folder.path, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(folder.path.length + 1);
      if (!entry.isFile() || /^(good|detector)/.test(path)) continue;
      await store.put({ bucket: "bucket", key: `sets of 1+1/${path}` }, await readFile(at(path)));
    }
    const address = (path: string): string => `s3://bucket/sets of 1+1/${path}`;
    await writeFile(at("addresses.txt"), paths.map((path) => `${address(`images/${path}`)}\n`).join(""));
    // The other one signs signs of patterns in another way than S3.
    const known = start === startStore ? others : others.filter((one) => !one.includes("*"));
    await expectSame([...[...known, "images", "images/", "images/set"].map(address), at("addresses.txt")]);
  } finally {
    vi.unstubAllEnvs();
    await server.close();
  }
});

test("what a list says of its images comes with their scores", async () => {
  const cameras: unknown[] = [];
  for await (const { columns, file } of predict(detector, at("list.csv"))) cameras.push([file, columns?.camera]);
  expect(cameras).toEqual(paths.map((path, index) => [at("images", path), String(index)]));
});
