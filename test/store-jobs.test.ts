/** Jobs of images on an object store, and jobs that lie on one: the numbers of one prediction, and nothing secret anywhere. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { unfinishedName } from "../src/data/index.ts";
import { loadDetector, type Prediction, predict, train } from "../src/index.ts";
import {
  type Backend,
  createJob,
  type Job,
  jobStatus,
  mergeJob,
  openFolderBackend,
  openJob,
  readTable,
  verifyJob,
  work,
} from "../src/queue/index.ts";
import { temporaryFolder, writeMadeImages } from "./command.ts";
import { type StoreServer, startStore } from "./store-server.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: StoreServer;
let expected: readonly Prediction[];
const at = (...parts: string[]): string => join(folder.path, ...parts);
const engine = { threads: 1 };
/** Two passes of the engine. */
const count = 128;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startStore({ token: true });
  await writeMadeImages(at("good"), "normal", 60);
  await train({
    ...{ normal: at("good"), out: at("detector"), size: 16, scales: 2, depth: 2, width: 8, batch: 16, steps: 10 },
    ...{ evaluateEvery: 10, threads: 1, heldOut: 0.4 },
  });
  await writeMadeImages(at("images"), "normal", count, "images");
  const detector = await loadDetector(at("detector"));
  const rows: Prediction[] = [];
  for await (const row of predict(detector, at("images"))) rows.push(row);
  await detector.dispose();
  expected = rows;
  for (const name of await readdir(at("images"))) {
    server.objects.set(`bucket/images/${name}`, await readFile(at("images", name)));
  }
});

beforeEach(() => {
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  server.misbehave = undefined;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await folder.dispose();
});

/** Hands shards out as a broker does, in this process. */
function brokerOf({ shards }: Job): Backend {
  const leased = new Set<number>();
  return {
    name: "here",
    publish: async () => undefined,
    async lease(wanted) {
      const shard = shards.find((one) => !leased.has(one.index) && wanted(one));
      if (!shard) return undefined;
      leased.add(shard.index);
      const end = async (): Promise<void> => void leased.delete(shard.index);
      return { shard, heartbeat: async () => true, complete: end, fail: end };
    },
    status: async () => ({ waiting: 0, leased: leased.size, oldestLease: null }),
    close: async () => undefined,
  };
}

async function expectScores(job: Job): Promise<void> {
  expect(await verifyJob(job)).toMatchObject({ images: count, unreadable: 0, faults: [] });
  await mergeJob(job, { out: at("merged.parquet"), replace: true });
  const { rows } = await readTable(at("merged.parquet"));
  expect(rows.map(({ score, pValue }) => [score, pValue])).toEqual(
    expected.map(({ score, pValue }) => [score, pValue]),
  );
}

function expectNothingSecret(text: string): void {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = server.environment;
  for (const one of [id, secret, token]) expect(text.includes(one!)).toBe(false);
}

test("images on a store are a job in a folder, by the bits of one prediction", async () => {
  const request = { locations: ["s3://bucket/images"], detector: at("detector"), out: at("job"), shard: 64 };
  const { job } = await createJob(request);
  expect((await createJob(request)).existed).toBe(true);
  await work(job, await openFolderBackend(job), { engine });
  await expectScores(job);
  expect(job.record.locations).toEqual(["s3://bucket/images"]);
  for (const name of ["job.json", "shards.jsonl"]) expectNothingSecret(await readFile(at("job", name), "utf8"));
});

test("a job lies on a store as in a folder: two workers share a detector, through failures of the store", async () => {
  let asked = 0;
  server.misbehave = (_, response) => {
    if (++asked % 9 !== 0) return false;
    response.writeHead(503).end();
    return true;
  };
  const list = at("list.csv");
  const names = (await readdir(at("images"))).sort();
  await writeFile(
    list,
    `note,path\n${names.map((name, index) => `"a, ${index}",${index < 64 ? "images" : "s3://bucket/images"}/${name}\n`).join("")}`,
  );
  const out = "s3://bucket/jobs/one";
  const request = { locations: [list], detector: at("detector"), out, shard: 64 };
  await expect(createJob(request)).rejects.toThrow(/queue: expected a broker for a job on an object store/);
  const { job } = await createJob({ ...request, queue: "redis://localhost" });
  expect(job.shards).toMatchObject([1, 2].map(() => ({ isList: true, count: count / 2 })));
  await expect(openFolderBackend(job)).rejects.toThrow(/expected a broker/);
  await mkdir(at("cache"));
  const broker = brokerOf(job);
  const summaries = await Promise.all([1, 2].map(() => work(job, broker, { engine, cache: at("cache"), every: 20 })));
  expect(summaries).toMatchObject([1, 2].map(() => ({ shards: 1, complete: true })));
  await expectScores(await openJob(`${out}/`));
  expect(await jobStatus(job, brokerOf(job))).toMatchObject({ imagesDone: count, begunAgain: 0 });
  expect(await readdir(at("cache", "detectors"))).toEqual([job.record.identity]);
  const { rows } = await readTable(at("merged.parquet"));
  expect(rows[3]!.texts).toEqual({ note: "a, 3" });
  expectNothingSecret([...server.objects.values()].map((bytes) => bytes.toString("latin1")).join("\n"));
});

test.each(["folder", "store"])("a large %s becomes lists of a shard, which no worker lists again", async (place) => {
  const location = place === "folder" ? at("images") : "s3://bucket/images/";
  const request = {
    locations: [location],
    detector: at("detector"),
    out: at(`large-${place}`),
    shard: 64,
    largeFolder: 100,
  };
  const { job } = await createJob(request);
  expect((await createJob(request)).existed).toBe(true);
  expect(job.shards.every(({ isList }) => isList)).toBe(true);
  let listed = 0;
  server.misbehave = ({ key, method }) => {
    if (method === "GET" && key === "") listed++;
    return false;
  };
  await work(job, await openFolderBackend(job), { engine });
  expect(listed).toBe(0);
  await expectScores(job);
});

test("a detector that is there is not fetched again, one that is damaged is, and what a killed worker left goes", async () => {
  const job = await openJob("s3://bucket/jobs/one");
  const cached = at("cache", "detectors", job.record.identity);
  const fetched = async (): Promise<number> => {
    server.objects.delete([...server.objects.keys()].find((name) => name.endsWith(".parquet"))!);
    let models = 0;
    server.misbehave = ({ method, key }) => {
      if (method === "GET" && key.startsWith("jobs/one/detector/")) models++;
      return false;
    };
    expect((await work(job, brokerOf(job), { engine, cache: at("cache") })).complete).toBe(true);
    return models;
  };
  expect(await fetched()).toBe(0);
  const largest = (await readdir(cached)).find((name) => name.endsWith(".safetensors"))!;
  const bytes = await readFile(join(cached, largest));
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(join(cached, largest), bytes);
  await mkdir(unfinishedName(cached).replace(`-${process.pid}-`, "-4194303-"));
  expect(await fetched()).toBeGreaterThan(1);
  expect(await fetched()).toBe(0);
  expect(await readdir(at("cache", "detectors"))).toEqual([job.record.identity]);
  expect((await verifyJob(job)).faults).toEqual([]);
});

test("no image counts as unreadable because a store does not know who asks, or is away", async () => {
  const { job } = await createJob({
    locations: ["s3://bucket/images"],
    detector: at("detector"),
    out: at("refused"),
    shard: 64,
  });
  const backend = await openFolderBackend(job);
  let left = 80;
  server.misbehave = ({ method, key }, response) => {
    if (method !== "GET" || key === "" || left-- > 0) return false;
    response.writeHead(400).end("<Error><Code>ExpiredToken</Code></Error>");
    return true;
  };
  const reasons: string[] = [];
  const summary = await work(job, backend, { engine, onFailure: (_, reason) => reasons.push(reason) });
  expect(summary).toMatchObject({ shards: 1, failed: 1, complete: false });
  expect(reasons[0]).toMatch(/expected credentials that are still good/);
  server.misbehave = undefined;
  await work(job, backend, { engine });
  expect(await verifyJob(job)).toMatchObject({ images: count, unreadable: 0, faults: [] });
});
