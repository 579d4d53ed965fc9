/** The same images in every container that is read: a folder, archives, arrays, tables and lists give the same scores, to the last bit. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { npyOf, pngOf, tarOf, writeFiles, zipOf } from "../src/data/example-files.ts";
import { parquetOf } from "../src/data/formats/parquet-examples.ts";
import { type Detector, loadDetector, predict, train } from "../src/index.ts";
import { temporaryFolder, writeMadeImages } from "./command.ts";

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
  for await (const prediction of predict(detector, at(location), { strict: true })) {
    scores.push(prediction.score, prediction.pValue, ...Object.values(prediction.scores));
  }
  return Float64Array.from(scores);
}

test("a folder, archives, arrays, tables and lists give the same bytes of scores", async () => {
  const expected = await scoresOf("images");
  expect(expected.length).toBeGreaterThan(3 * paths.length);
  const others = [
    "set.tar",
    "set.tar.gz",
    "set.zip",
    "stored.zip",
    "set.npz",
    "shards",
    "list.csv",
    "list.txt",
    "list.jsonl",
    "images/*/?",
  ];
  for (const other of others) {
    const scores = await scoresOf(other);
    expect(Buffer.compare(new Uint8Array(scores.buffer), new Uint8Array(expected.buffer)), other).toBe(0);
  }
});

test("what a list says of its images comes with their scores", async () => {
  const cameras: unknown[] = [];
  for await (const { columns, file } of predict(detector, at("list.csv"))) cameras.push([file, columns?.camera]);
  expect(cameras).toEqual(paths.map((path, index) => [at("images", path), String(index)]));
});
