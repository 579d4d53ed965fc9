/** Jobs: one row an image with the numbers of one prediction, whatever ends workers, the broker or the disk; over both backends. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Backend,
  createJob,
  type Job,
  type JobRow,
  jobStatus,
  mergeJob,
  openFolderBackend,
  openJob,
  openRedisBackend,
  readTable,
  verifyJob,
  work,
} from "../src/queue/index.ts";
import { openDetector, type Prediction, predict } from "../src/workflow/index.ts";
import { type Broker, hasRedis, startBroker } from "./broker.ts";
import { quickTraining, runOutglow, startOutglow, temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let broker: Broker | undefined;
/** What one prediction says, by name. */
let expected: ReadonlyMap<string, Prediction>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
const engine = { threads: 1 };
const partProgram = new URL("../dist/queue/part-worker.js", import.meta.url);
const count = 120;
const unreadable = "broken.png";

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(at("normal"), "normal", 100);
  await writeMadeImages(at("images"), "normal", count - 1, "images");
  await writeFile(at("images", unreadable), "no image");
  const trained = await runOutglow(
    folder.path,
    "train",
    "--normal=normal",
    "--out=detector",
    ...quickTraining,
    "--held-out=0.4",
  );
  expect(trained.code, trained.stderr).toBe(0);
  const detector = await openDetector(at("detector"), engine);
  const rows = new Map<string, Prediction>();
  for await (const { pixels: _, ...row } of predict(detector, at("images"))) rows.set(row.file, row);
  await detector.dispose();
  expected = rows;
  if (redis) broker = await startBroker();
});

afterAll(async () => {
  await broker?.stop();
  await folder.dispose();
});

const redis = hasRedis();

/** A job of shards that are no whole passes of the engine. */
async function make(out: string, more: object = {}, queue?: string): Promise<Job> {
  const request = { locations: [at("images")], detector: at("detector"), out: at(out), shard: 16, queue, ...more };
  return (await createJob(request)).job;
}

async function rowsOf({ folder: place }: Job): Promise<JobRow[]> {
  const names = (await readdir(join(place, "scores"))).sort();
  return (await Promise.all(names.map((name) => readTable(join(place, "scores", name))))).flatMap(({ rows }) => rows);
}

/** One row an image, with the numbers of one prediction. */
async function expectWhole(job: Job): Promise<void> {
  expect(await verifyJob(job)).toEqual({ images: count, unreadable: 1, faults: [] });
  const rows = await rowsOf(job);
  expect(rows.map(({ image }) => image)).toEqual(Array.from({ length: count }, (_, image) => image));
  for (const { file, score, pValue, anomalous, scores, error } of rows) {
    if (file.endsWith(unreadable)) {
      expect([score, pValue, anomalous, error]).toEqual([null, null, null, expect.stringContaining("decoded")]);
      continue;
    }
    const { score: own, ...rest } = expected.get(file)!;
    // Passes of other images may round otherwise.
    expect(Math.abs(score! - own)).toBeLessThan(1e-3);
    expect([pValue, anomalous, error]).toEqual([rest.pValue, rest.anomalous, null]);
    expect(Object.keys(scores)).toEqual(Object.keys(rest.scores));
  }
}

/** Runs a worker process that is ended right before its n-th change of files whose paths hold a text. */
async function killedWorker(job: string, text: string, call: number): Promise<void> {
  const environment = {
    NODE_OPTIONS: `--import ${new URL("kill-point.mjs", import.meta.url).href}`,
    KILL_IN: text,
    KILL_AT: String(call),
  };
  const args = ["worker", job, "--threads=1", "--lease=0.3s", "--quiet"];
  expect((await startOutglow(folder.path, args, { environment }).outcome).signal).toBe("SIGKILL");
}

describe.each(["folder", ...(redis ? ["redis"] : [])])("handed out by %s", (name) => {
  const queue = (): string | undefined => (name === "redis" ? broker!.url : undefined);
  const open = (job: Job): Promise<Backend> =>
    name === "redis" ? openRedisBackend(job, { url: broker!.url, lease: 300 }) : openFolderBackend(job);

  test("every image gets one row, though workers are killed before a table is begun, before its rename and with a lease in hand", async () => {
    const job = await make(`killed-${name}`, {}, queue());
    const points = [
      [".parquet", 1],
      ["attempts", 1],
      [".parquet", 4],
    ] as const;
    // The points are the same over both; one of them shows that a broker gives up what a worker had.
    for (const [text, call] of name === "folder" ? points : points.slice(2)) {
      await killedWorker(`killed-${name}`, text, call);
    }
    const backends = await Promise.all([open(job), open(job)]);
    try {
      const summaries = await Promise.all(
        backends.map((backend) => work(job, backend, { engine, partProgram, every: 20 })),
      );
      expect(summaries.map(({ complete }) => complete)).toEqual([true, true]);
      // A broker takes a worker that is busy for too long for one that has ended: both write the same table.
      expect(summaries[0]!.shards + summaries[1]!.shards).toBeGreaterThanOrEqual(7);
      const { shardsDone, leased, begunAgain, scoredTwiceAtMost } = await jobStatus(job, backends[0]!);
      expect([shardsDone, leased]).toEqual([8, 0]);
      // Of three that were killed over the folder, two had begun to score.
      const begun = name === "folder" ? [2, 32] : [expect.any(Number), expect.any(Number)];
      expect([begunAgain, scoredTwiceAtMost]).toEqual(begun);
      expect(begunAgain).toBeGreaterThan(0);
      await expectWhole(job);
      // There is nothing left to do, and nothing is done again.
      expect(await work(job, backends[0]!, { engine })).toEqual({ shards: 0, images: 0, failed: 0, complete: true });
    } finally {
      await Promise.all(backends.map((backend) => backend.close()));
    }
  });

  test("SIGTERM ends a worker after its shard", async () => {
    const job = await make(`term-${name}`, {}, queue());
    const backend = await open(job);
    const stop = new AbortController();
    try {
      const summary = await work(job, backend, { engine, stop: stop.signal, onShard: () => stop.abort() });
      expect(summary).toMatchObject({ shards: 1, images: 16, complete: false });
      expect((await jobStatus(job, backend)).begunAgain).toBe(0);
      await work(job, backend, { engine, every: 20 });
      await expectWhole(job);
    } finally {
      await backend.close();
    }
  });
});

test.runIf(redis)("a broker that dies with all that it knew is told again", async () => {
  const own = await startBroker();
  const job = await make("lost-broker", {}, own.url);
  const backend = await openRedisBackend(job, { url: own.url, lease: 300 });
  try {
    let replaced: Promise<void> | undefined;
    const summary = await work(job, backend, {
      engine,
      every: 20,
      onShard: () => {
        replaced ??= own.replace();
      },
    });
    await replaced;
    expect(summary).toMatchObject({ shards: 8, complete: true });
    await expectWhole(job);
  } finally {
    await backend.close();
    await own.stop();
  }
});

test("making a job twice changes nothing, and another one is refused", async () => {
  const first = await make("twice");
  const again = await createJob({ locations: [at("images")], detector: at("detector"), out: at("twice"), shard: 16 });
  expect(again.existed).toBe(true);
  expect(again.job).toEqual(first);
  await expect(make("twice", { shard: 32 })).rejects.toThrow(/whose job has another size of shards/);
});

test("an image that ends whatever reads it is found, and told of as unreadable", async () => {
  const job = await make("poisoned", { shard: 2, locations: [`${at("images")}#limit=8`] });
  const environment = {
    NODE_OPTIONS: `--import ${new URL("poison.mjs", import.meta.url).href}`,
    POISON: "normal-00005.png",
  };
  const run = () =>
    startOutglow(folder.path, ["worker", "poisoned", "--threads=1", "--quiet"], { environment }).outcome;
  expect([(await run()).signal, (await run()).code]).toEqual(["SIGKILL", 0]);
  const rows = await rowsOf(job);
  const lost = rows.flatMap(({ file, error }) => (error?.startsWith("reading it ended") ? [file] : []));
  expect(lost).toEqual([at("images", "normal-00005.png")]);
  expect(rows.filter(({ score }) => score !== null)).toHaveLength(6);
  expect((await verifyJob(job)).faults).toEqual([]);
});

test("a full disk loses no row", async () => {
  const job = await make("full");
  const args = ["worker", "full", "--threads=1", "--quiet"];
  const outcome = await startOutglow(folder.path, args, { largestFile: 2 }).outcome;
  expect([outcome.code, outcome.stderr]).toEqual([1, expect.stringContaining("expected a file that can be written")]);
  const backend = await openFolderBackend(job);
  await work(job, backend, { engine });
  await expectWhole(job);
});

test("merges all rows into one table that DuckDB counts alike, decided over the whole job", async () => {
  const job = await make("merged", { rule: { kind: "false-discovery", share: 0.9 } });
  await work(job, await openFolderBackend(job), { engine });
  const outcome = await mergeJob(job, { out: at("merged.parquet"), top: 3 });
  await mergeJob(job, { out: at("merged.csv") });
  const byScore = [...expected.values()].sort((a, b) => b.score - a.score);
  expect(outcome).toMatchObject({ images: count, unreadable: 1 });
  expect(outcome.top.map(({ file }) => file)).toEqual(byScore.slice(0, 3).map(({ file }) => file));
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();
  const rows = "count(*), count(score), count(distinct file), count(*) filter (anomalous)";
  const answer = [String(count), String(count - 1), String(count), String(outcome.marked)];
  for (const table of ["merged.parquet", "merged.csv"]) {
    expect(await ask(`select ${rows} from '${at(table)}'`)).toEqual([answer]);
  }
  expect(await ask(`select ${rows} from '${at("merged", "scores", "*.parquet")}'`)).toEqual([
    [...answer.slice(0, 3), "0"],
  ]);
  connection.closeSync();
});

test("lists are made jobs of piece by piece, wherever they begin", async () => {
  const names = (await readdir(at("images"))).sort();
  await writeFile(at("list.txt"), `# a list\n${names.map((name) => `images/${name}\n`).join("")}`);
  const job = await make("listed", { locations: [at("list.txt")] });
  expect(job.shards.every(({ isList }) => isList)).toBe(true);
  await work(job, await openFolderBackend(job), { engine });
  await expectWhole(await openJob(at("listed")));
});

test("images that changed their names since are told of, and their shard is left", async () => {
  await writeMadeImages(at("moved"), "normal", 4);
  const job = await make("changed", { locations: [at("moved")] });
  await writeMadeImages(at("moved"), "normal", 5);
  await writeFile(at("moved", "another.png"), "");
  const reasons: string[] = [];
  const backend = await openFolderBackend(job);
  const summary = await work(job, backend, { engine, onFailure: (_, reason) => reasons.push(reason) });
  expect(summary).toEqual({ shards: 0, images: 0, failed: 1, complete: false });
  expect(reasons).toEqual([expect.stringContaining("expected the images that the job was made of, got others")]);
  expect((await jobStatus(job, backend)).failures).toEqual({ [reasons[0]!]: 1 });
});
