/** Jobs: one row an image with the numbers of one prediction, whatever ends workers, the broker or the disk; over both backends. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { beginAttempt } from "../src/queue/attempts.ts";
import {
  type Backend,
  createJob,
  drawTopSheet,
  type Job,
  type JobRow,
  jobStatus,
  mergeJob,
  openFolderBackend,
  openJob,
  openJobMetrics,
  openRedisBackend,
  readTable,
  serveMetrics,
  verifyJob,
  work,
} from "../src/queue/index.ts";
import { drawSheet, openDetector, type Prediction, predict, type SheetImage } from "../src/workflow/index.ts";
import { type Broker, hasRedis, startBroker } from "./broker.ts";
import { quickTraining, runOutglow, startOutglow, temporaryFolder, writeMadeImages } from "./command.ts";
import { samplesOf } from "./prometheus.ts";

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

  test("every image gets one row, though one worker is killed with a table in hand and another is asked to end", async () => {
    const job = await make(`faulty-${name}`, {}, queue());
    // Before a table is begun, and before it gets its name.
    await killedWorker(`faulty-${name}`, ".parquet", name === "folder" ? 1 : 4);
    const backends = await Promise.all([open(job), open(job)]);
    const [one, other] = backends as [Backend, Backend];
    try {
      const stop = new AbortController();
      const asked = await work(job, one, { engine, partProgram, stop: stop.signal, onShard: () => stop.abort() });
      expect(asked).toMatchObject({ shards: 1, images: 16, complete: false });
      const summaries = await Promise.all(
        [one, other].map((backend) => work(job, backend, { engine, partProgram, every: 20 })),
      );
      expect(summaries.map(({ complete }) => complete)).toEqual([true, true]);
      // The one that was killed may have done another shard before. A broker takes a worker that is busy for too long for one that has ended.
      expect(summaries[0]!.shards + summaries[1]!.shards).toBeGreaterThanOrEqual(6);
      const { shardsDone, leased, begunAgain, scoredTwiceAtMost } = await jobStatus(job, one);
      expect([shardsDone, leased]).toEqual([8, 0]);
      const begun = name === "folder" ? [1, 16] : [expect.any(Number), expect.any(Number)];
      expect([begunAgain, scoredTwiceAtMost]).toEqual(begun);
      expect(begunAgain).toBeGreaterThan(0);
      await expectWhole(job);
      // There is nothing left to do, and nothing is done again.
      expect(await work(job, one, { engine })).toEqual({ shards: 0, images: 0, failed: 0, complete: true });
    } finally {
      await Promise.all(backends.map((backend) => backend.close()));
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

test("an image that ends whatever reads it is told of as unreadable", async () => {
  const job = await make("poisoned", { shard: 1, locations: [`${at("images")}#limit=3`] });
  const backend = await openFolderBackend(job);
  // A worker has died with it. How it is found among others is in the tests of tables.
  await beginAttempt(job.folder, job.shards[2]!);
  vi.stubEnv("NODE_OPTIONS", `--import ${new URL("poison.mjs", import.meta.url).href}`);
  vi.stubEnv("POISON", "images/normal-");
  try {
    expect(await work(job, backend, { engine, partProgram })).toMatchObject({ images: 3, complete: true });
  } finally {
    vi.unstubAllEnvs();
  }
  const errors = (await rowsOf(job)).map(({ error }) => error);
  expect(errors).toEqual([expect.stringContaining("decoded"), null, "reading it ended the process (SIGKILL)"]);
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
  const job = await make("merged", { rule: { kind: "budget", images: 30 } });
  await work(job, await openFolderBackend(job), { engine });
  const outcome = await mergeJob(job, { out: at("merged.parquet"), top: 3 });
  await mergeJob(job, { out: at("merged.csv") });
  await mergeJob(job, { partitioned: at("parts") });
  const byScore = [...expected.values()].sort((a, b) => b.score - a.score);
  expect(outcome).toMatchObject({ images: count, unreadable: 1 });
  expect(outcome.marked).toBeGreaterThan(0);
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
  // Folders are named by the decision, which is no column of the files in them.
  expect(
    await ask(
      `select decision, ${rows} from read_parquet('${at("parts")}/*/*.parquet', hive_partitioning = true) group by 1 order by 1`,
    ),
  ).toEqual(
    [
      ["anomalous", outcome.marked, outcome.marked, outcome.marked, outcome.marked],
      ["normal", count - 1 - outcome.marked, count - 1 - outcome.marked, count - 1 - outcome.marked, 0],
      ["unreadable", 1, 0, 1, 0],
    ].map((row) => row.map(String)),
  );
  await expect(mergeJob(job, { partitioned: at("parts") })).rejects.toThrow(/expected a new folder/);
  await mergeJob(job, { partitioned: at("parts"), replace: true });
  expect((await readdir(folder.path)).filter((name) => name.startsWith("parts"))).toEqual(["parts"]);
  expect(await ask(`select count(*) from '${at("parts")}/decision=normal/part-00000.parquet'`)).toEqual([
    [String(count - 1 - outcome.marked)],
  ]);
  await expect(mergeJob(job, { partitioned: at("other"), by: "colour" })).rejects.toThrow(/by: expected decision/);
  connection.closeSync();
});

test("the most anomalous images of all shards come on a sheet, read from where they are", async () => {
  const job = await openJob(at("merged"));
  const { top } = await mergeJob(job, { top: 6 });
  const { png, problems } = await drawTopSheet(job, top, count);
  expect(problems).toEqual([]);
  const shown: SheetImage[] = [];
  const detector = await openDetector(at("detector"), engine);
  for await (const image of predict(detector, at("images"))) {
    const index = top.findIndex(({ file }) => file === image.file);
    const { score, pValue, anomalous } = top[index] ?? {};
    if (index < 0) continue;
    shown[index] = {
      ...image,
      index,
      score: score!,
      pValue: pValue!,
      anomalous: anomalous!,
      pixels: image.pixels.slice(),
    };
  }
  expect(Buffer.from(png)).toEqual(Buffer.from(await drawSheet(detector, job.record.decision, shown, count)));
  await detector.dispose();
  // One that cannot be read any more is told of.
  const [first, ...rest] = await rowsOf(job);
  expect(first!.error).not.toBeNull();
  const less = await drawTopSheet(job, [{ ...rest[0]!, image: 0 }, rest[1]!], count);
  expect(less.problems).toEqual([{ name: at("images", unreadable), reason: expect.stringContaining("decoded") }]);
});

test("Prometheus reads what a worker counts and how far its jobs are", async () => {
  const job = await make("counted", { shard: 40 });
  const backend = await openFolderBackend(job);
  const metrics = await openJobMetrics();
  const { id } = job.record;
  metrics.follow(id, () => jobStatus(job, backend));
  const server = await serveMetrics(metrics, { host: "127.0.0.1", port: 0 });
  const read = async (): Promise<(name: string, labels?: object) => number | undefined> => {
    const answer = await fetch(server.url);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=/);
    const samples = samplesOf(await answer.text());
    return (name, labels = {}) =>
      samples.find((one) => one.name === name && isDeepStrictEqual(one.labels, { job: id, ...labels }))?.value;
  };
  try {
    const lease = await backend.lease(() => true);
    metrics.failed(id, "damaged");
    const before = await read();
    const states = ["done", "leased", "waiting"].map((state) => before("outglow_job_shards", { state }));
    expect(states).toEqual([0, 1, 2]);
    expect(before("outglow_job_oldest_lease_seconds")).toBeGreaterThanOrEqual(0);
    expect(before("outglow_worker_failed_shards_total", { kind: "damaged" })).toBe(1);
    await lease!.fail("");
    await work(job, backend, { engine, onShard: (report) => metrics.done(id, report) });
    const after = await read();
    expect(after("outglow_worker_images_total")).toBe(count);
    expect(after("outglow_worker_unreadable_images_total")).toBe(1);
    expect(after("outglow_worker_shard_seconds_count")).toBe(3);
    // What is said of the job may be some seconds old.
    expect(after("outglow_job_state_age_seconds")).toBeGreaterThan(0);
    const { shardsDone, waiting, oldestLease, shardSeconds, unreadable: lost } = await jobStatus(job, backend);
    expect([shardsDone, waiting, oldestLease, shardSeconds.count, lost]).toEqual([3, 0, null, 3, 1]);
    expect((await fetch(server.url.replace("/metrics", "/"))).status).toBe(404);
    expect((await fetch(server.url, { method: "POST" })).status).toBe(405);
  } finally {
    await server.close();
  }
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
