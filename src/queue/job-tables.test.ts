/**
 * The tables of a job's shards: read as they were written, decided over all of them at once, and never believed. A job's folder may have been damaged, or written
 * by anybody: what is read of it is right, or an error that a person can act on, and soon.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FormatError, isUserError, randomKey } from "../base/index.ts";
import { discoveries } from "../score/index.ts";
import { type ExampleJob, exampleJob, type SaidRow, scored } from "./job-examples.ts";
import { jobNames, openJob, type Shard, tablePath } from "./job-files.ts";
import { keepMost, largestDiscovery, mergeJob } from "./merging.ts";
import { partitionedTables } from "./partitioned-tables.ts";
import { halves, scoreCarefully } from "./poisoned-shards.ts";
import { unreadableRow } from "./shard-scoring.ts";
import { type JobRow, openShardTable, readTable, writeTable } from "./shard-tables.ts";
import { verifyJob } from "./verifying.ts";

const runs = Number(process.env.OUTGLOW_MUTATIONS ?? 60);
let example: ExampleJob;
let path: string;
let shard: Shard;
let whole: Buffer;

beforeAll(async () => {
  const said = Array.from({ length: 40 }, (_, image) =>
    image % 7 === 0
      ? unreadableRow(0, "", "no image")
      : scored(image, (image + 1) / 41, {
          anomalous: image > 30,
          scores: { "log-likelihood": image, ...(image % 2 ? { typicality: -image / 3 } : {}) },
          texts: { spokesman: image % 3 ? "log-likelihood" : "é", file: `of a list ${image}` },
        }),
  );
  example = await exampleJob([said, said.slice(0, 5)]);
  shard = example.job.shards[0]!;
  path = tablePath(example.job.folder, shard);
  whole = await readFile(path);
});
afterAll(() => example.remove());

test("a table is read as it was written, and as another reader reads it", async () => {
  const table = await openShardTable(path, 40);
  const rows = await table.rows();
  expect(rows).toEqual(example.rows[0]);
  expect(await table.pValues()).toEqual(rows.map(({ pValue }) => pValue));
  const buffer = whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length) as ArrayBuffer;
  const others = await parquetReadObjects({
    file: { byteLength: buffer.byteLength, slice: (a, b) => buffer.slice(a, b) },
  });
  expect(
    rows.map((row) => [
      row.image,
      row.file,
      row.score,
      row.pValue,
      row.anomalous,
      row.scores.typicality ?? null,
      row.texts.file ?? null,
    ]),
  ).toEqual(
    others.map((row) => [
      Number(row.image),
      row.file,
      row.score,
      row.p_value,
      row.anomalous,
      row.typicality,
      row.list_file,
    ]),
  );
});

test("a damaged table gives rows that can be reckoned with or an error that names it, and soon", async () => {
  const stream = randomKey("damaged tables").stream();
  const pick = (count: number): number => Math.floor(stream.uniform() * count);
  const slowest = { ms: 0 };
  for (let run = 0; run < runs; run++) {
    const bytes = Buffer.from(whole);
    // Half of the damage goes where it hurts most: what the file says of itself.
    const from = run % 2 ? bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8) : 0;
    for (let times = 1 + pick(4); times > 0; times--) bytes[from + pick(bytes.length - from)] = pick(256);
    const cut = run % 10 === 0 ? bytes.subarray(0, pick(bytes.length)) : bytes;
    await writeFile(path, cut);
    const started = performance.now();
    try {
      const table = await openShardTable(path, shard.count);
      const rows = await table.rows();
      expect(rows).toHaveLength(shard.count);
      for (const { score, pValue } of rows) {
        expect(Number.isNaN(score)).toBe(false);
        expect(pValue === null || (pValue >= 0 && pValue <= 1)).toBe(true);
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      expect(error.message).toContain(path);
    }
    slowest.ms = Math.max(slowest.ms, performance.now() - started);
  }
  await writeFile(path, whole);
  // One that fills what it is told to, or goes round and round, takes seconds or never ends.
  expect(slowest.ms).toBeLessThan(5000);
});

test("tables of other rows than their shard's are merged by nobody and told of by the proof", async () => {
  const { job, rows } = example;
  const write = (wrong: (typeof rows)[0]) => writeFile(path, writeTable(job.record, wrong, {}));
  await write(rows[0]!.slice(1));
  await expect(mergeJob(job, { top: 1 })).rejects.toThrow(/got 39 rows of 40 images/);
  expect((await verifyJob(job)).faults).toEqual([expect.stringContaining("39 rows of 40 images")]);
  await write(rows[0]!.map((row) => ({ ...row, image: row.image + 1 })));
  await expect(mergeJob(job, { top: 1 })).rejects.toThrow(/got rows of other images/);
  await write(rows[0]!.map((row) => (row.error ? row : { ...row, pValue: Number.NaN })));
  await expect(mergeJob(job, { top: 1 })).rejects.toThrow(/got a p-value is no share/);
  await writeFile(path, whole);
  expect((await verifyJob(job)).faults).toEqual([]);
});

test("shards are those of the record, and no place and no name of theirs is believed", async () => {
  const { folder } = example.job;
  const [recordPath, shardsPath] = [join(folder, jobNames.job), join(folder, jobNames.shards)];
  const [record, shards] = [await readFile(recordPath, "utf8"), await readFile(shardsPath, "utf8")];
  const [first, second] = shards
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Shard);
  const forged: readonly (readonly object[])[] = [
    [{ ...first, id: "../../../../etc/pw" }, second!],
    [{ ...first, location: "/etc" }, second!],
    [{ ...first, location: "../../etc/passwd", isList: true }, second!],
    [
      { ...first, count: 41 },
      { ...second, start: 41 },
    ],
    [first!, { ...second, start: 0 }],
    [first!, { ...second, index: 5 }],
    [first!],
    [first!, second!, second!],
    [first!, { ...second, location: "x".repeat(2 ** 17) }],
  ];
  for (const lines of forged) {
    await writeFile(shardsPath, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await expect(openJob(folder), JSON.stringify(lines).slice(0, 300)).rejects.toThrow(FormatError);
  }
  await writeFile(shardsPath, shards);
  await fc.assert(
    fc.asyncProperty(fc.nat(record.length - 1), fc.nat(255), async (at, byte) => {
      const bytes = Buffer.from(record);
      bytes[at] = byte;
      await writeFile(recordPath, bytes);
      await openJob(folder).catch((error: unknown) => expect(isUserError(error)).toBe(true));
    }),
    { seed: 5, numRuns: 40 },
  );
  await writeFile(recordPath, record);
  expect((await openJob(folder)).shards).toHaveLength(2);
});

test("parts hold every row once and in order, whatever is written when, in folders that their values name", async () => {
  const values = ["", "a/b", "..", "é=1", "plain"];
  const said = Array.from({ length: 60 }, (_, image) =>
    scored(image, 0.5, { texts: { kind: values[((image * 7) % 11) % 5]! } }),
  );
  const { job, rows, remove } = await exampleJob([said]);
  const out = join(job.folder, "parts");
  const about = { record: job.record, columns: { scores: [], texts: ["kind"] }, by: "kind", replace: false };
  try {
    const tables = await partitionedTables(out, { ...about, limits: { file: 7, group: 4, waiting: 9, parts: 5 } });
    for (let first = 0; first < 60; first += 11) await tables.add(rows[0]!.slice(first, first + 11));
    await tables.commit();
    const found = new Map<string, number[]>();
    for (const folder of (await readdir(out)).sort()) {
      const images: number[] = [];
      for (const name of (await readdir(join(out, folder))).sort()) {
        const part = (await readTable(join(out, folder, name))).rows;
        expect(part.length).toBeLessThanOrEqual(7 + 4);
        images.push(...part.map(({ image }) => image));
      }
      found.set(folder, images);
    }
    const folders = ["__HIVE_DEFAULT_PARTITION__", "a%2Fb", "%2E%2E", "%C3%A9%3D1", "plain"].map(
      (name) => `kind=${name}`,
    );
    const wanted = folders.map((folder, value) => [
      folder,
      said.flatMap((row, image) => (row.texts.kind === values[value] ? [image] : [])),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted.filter(([, images]) => images!.length > 0)));
    const narrow = await partitionedTables(out, { ...about, limits: { file: 7, group: 4, waiting: 9, parts: 2 } });
    await expect(narrow.add(rows[0]!)).rejects.toThrow(/expected a column of 2 values at most, got 'kind'/);
    await narrow.discard();
    expect((await readdir(job.folder)).filter((name) => name.startsWith("parts"))).toEqual(["parts"]);
  } finally {
    await remove();
  }
});

test("counts of p-values mark what Benjamini-Hochberg marks of single images", () => {
  const pValue = fc.integer({ min: 1, max: 41 }).map((place) => place / 41);
  fc.assert(
    fc.property(
      fc.array(pValue, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(0.05, 0.2, 0.5, 0.9),
      (all, share) => {
        const counts = new Map<number, number>();
        for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
        const largest = largestDiscovery(counts, share);
        expect(all.map((one) => one <= largest)).toEqual(discoveries(all, share).marked);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test("a false-discovery rate over a whole job is that of plain Benjamini-Hochberg over all images at once", async () => {
  const stream = randomKey("false discoveries").stream();
  // p-values of a calibration of 200 images: most of normal images, some of anomalous ones, one in fifty of none.
  const said = (): SaidRow => {
    if (stream.uniform() < 0.02) return unreadableRow(0, "", "no image");
    const place = Math.ceil(201 * (stream.uniform() < 0.15 ? stream.uniform() ** 6 : stream.uniform()));
    return scored(-place, place / 201);
  };
  const shards = Array.from({ length: 12 }, (_, shard) => Array.from({ length: 50 + shard }, said));
  for (const share of [0.1, 0.2, 0.5]) {
    const { job, rows, remove } = await exampleJob(shards, { rule: { kind: "false-discovery", share } });
    try {
      const out = join(job.folder, "merged.csv");
      const outcome = await mergeJob(job, { out });
      const all = rows.flat().filter(({ pValue }) => pValue !== null);
      const sorted = all.map(({ pValue }) => pValue!).sort((a, b) => a - b);
      // The definition: the largest k with p_(k) <= share k / m, all of one p-value together.
      const last = sorted.findLastIndex((pValue, place) => pValue <= (share * (place + 1)) / sorted.length);
      const marked = all.filter(({ pValue }) => last >= 0 && pValue! <= sorted[last]!);
      expect(outcome).toMatchObject({ images: rows.flat().length, marked: marked.length });
      expect(outcome.unreadable).toBe(rows.flat().length - all.length);
      const lines = (await readFile(out, "utf8")).trimEnd().split("\n").slice(1);
      const said = lines.flatMap((line) => (line.split(",")[3] === "true" ? [line.split(",")[0]] : []));
      expect(said).toEqual(marked.map(({ file }) => file));
      expect(marked.length).toBeGreaterThan(20);
    } finally {
      await remove();
    }
  }
});

test("the highest scores are kept over shards as from all rows at once, the earlier image first among equals", () => {
  const row = (score: number | null, image: number): JobRow => ({ ...unreadableRow(image, `${image}`, ""), score });
  const score = fc.option(fc.constantFrom(0, 1, 2, 3, Number.POSITIVE_INFINITY));
  fc.assert(
    fc.property(
      fc.array(fc.array(score, { maxLength: 6 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 5 }),
      (shards, most) => {
        const all = shards.flat().map(row);
        let top: JobRow[] = [];
        let start = 0;
        for (const shard of shards) {
          top = keepMost(top, all.slice(start, start + shard.length), most);
          start += shard.length;
        }
        const sorted = all
          .filter((one) => one.score !== null)
          .sort((a, b) => (a.score === b.score ? a.image - b.image : b.score! > a.score! ? 1 : -1));
        expect(top.map(({ image }) => image)).toEqual(sorted.slice(0, most).map(({ image }) => image));
      },
    ),
    { seed: 2, numRuns: 300 },
  );
});

test("halves of a part are whole passes as long as they can be, and all of it", () => {
  expect(halves({ first: 0, count: 200 })).toEqual([
    { first: 0, count: 128 },
    { first: 128, count: 72 },
  ]);
  expect(halves({ first: 64, count: 3 })).toEqual([
    { first: 64, count: 2 },
    { first: 66, count: 1 },
  ]);
});

test("an image that ends what scores it is found by halves, and all others are scored once", async () => {
  const program = new URL("../../test/part-program.mjs", import.meta.url);
  const request = { folder: "67", shard: 0, models: "", engine: {} };
  const told: string[] = [];
  const rows = await scoreCarefully(request, program, 70, (image, reason) => {
    told.push(reason);
    return unreadableRow(image, "", reason);
  });
  // The program gives places for rows.
  expect(rows.map((row) => (typeof row === "number" ? row : row.image))).toEqual([...Array(70).keys()]);
  expect(told).toEqual(["reading it ended the process (SIGKILL)"]);
});
