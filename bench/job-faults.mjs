/**
 * A job of many made images under workers that are ended at random: that every image has one row with the numbers of one prediction, how much was
 * scored twice, and how fast.
 *
 *     npm run build && node bench/job-faults.mjs [IMAGES] [SHARDS] [WORKERS] [KILLS] [redis://HOST:PORT] [SEED]
 *
 * All files lie in a temporary folder and go with it.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const [, , ...given] = process.argv;
const [count, shards, workers, kills] = [100_000, 100, 4, 20].map((usual, place) => Number(given[place] ?? usual));
const queue = given[4] === "-" ? undefined : given[4];
let state = Number(given[5] ?? 1);
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "outglow-jobs-"));
const at = (name) => join(folder, name);

/** From 0 to 1, the same for the same seed (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function start(...args) {
  const env = { ...process.env, OUTGLOW_CACHE: "off", CI: "1" };
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  return { child, end: new Promise((resolve) => child.once("close", (code) => resolve({ code, said }))) };
}

async function run(what, ...args) {
  const started = performance.now();
  const { code, said } = await start(...args).end;
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${what} ended with ${code}: ${said}`);
  console.log(`${what}: ${seconds.toFixed(1)} s`);
  return { said, seconds };
}

/** One array of random bytes as NumPy has them, 8x8 grey. */
async function writeArray(name, images) {
  const head = `{'descr': '|u1', 'fortran_order': False, 'shape': (${images}, 8, 8), }`;
  const bytes = Buffer.alloc(128 + images * 64);
  bytes.write("\x93NUMPY\x01\x00\x76\x00", 0, "latin1");
  bytes.write(`${head.padEnd(117)}\n`, 10, "latin1");
  for (let at = 128; at < bytes.length; at++) bytes[at] = 96 + Math.floor(64 * random());
  await writeFile(join(folder, name), bytes);
}

async function tables() {
  return (await readdir(at("job/scores")).catch(() => [])).filter((name) => name.endsWith(".parquet")).length;
}

/** Runs workers to the end of a job; ends some at random and begins others in their place. */
async function work(job, { threads, most, ends }) {
  const started = performance.now();
  let left = ends;
  const running = new Set();
  const begin = () => {
    const one = start("worker", job, "--quiet", `--threads=${threads}`, "--lease=3s");
    running.add(one);
    one.end.then(() => running.delete(one));
  };
  for (let worker = 0; worker < most; worker++) begin();
  while (running.size > 0) {
    if (left === 0) {
      await Promise.all([...running].map(({ end }) => end));
      break;
    }
    // Spread over the job: the next one when so many shards are done, and at a moment of its own.
    while (running.size > 0 && (await tables()) < ((ends - left) / ends) * shards * 0.9) await pause(20);
    await pause(400 * random());
    const victim = [...running][Math.floor(random() * running.size)];
    if (!victim) break;
    victim.child.kill("SIGKILL");
    await victim.end;
    left--;
    begin();
  }
  return { seconds: (performance.now() - started) / 1000, killed: ends - left };
}

const rate = (seconds) => `${Math.round(count / seconds)} images/s`;

try {
  await writeArray("normal.npy", 400);
  await writeArray("images.npy", count);
  const train = ["train", "--normal=normal.npy", "--out=detector", "--size=8", "--scales=1", "--depth=1", "--width=4"];
  await run("train", ...train, "--steps=10", "--held-out=0.4");
  const create = ["job", "create", "images.npy", "--detector=detector", `--shard=${Math.ceil(count / shards)}`];
  await run("create", ...create, "--out=job", ...(queue ? [`--queue=${queue}`] : []));
  const faulty = await work("job", { threads: 1, most: workers, ends: kills });
  console.log(
    `${workers} workers, ${faulty.killed} ended by kill -9: ${faulty.seconds.toFixed(1)} s, ${rate(faulty.seconds)}`,
  );
  const { said: verified } = await run("verify", "job", "verify", "job");
  console.log(verified.trim());
  const status = JSON.parse((await run("status", "job", "status", "job", "--json")).said.trim());
  const again = ((100 * status.scoredTwiceAtMost) / count).toFixed(1);
  console.log(`begun again ${status.begunAgain} times; at most ${again} % scored twice`);
  await run("merge", "job", "merge", "job", "--out=job.csv", "--quiet");
  await run("merge to Parquet", "job", "merge", "job", "--out=job.parquet", "--quiet");
  const single = await run(
    "predict, 2 threads",
    "predict",
    "detector",
    "images.npy",
    "--out=one.csv",
    "--threads=2",
    "--quiet",
  );
  await run("create", ...create, "--out=calm");
  const calm = await work("calm", { threads: 1, most: 2, ends: 0 });
  console.log(
    `2 workers of 1 thread: ${rate(calm.seconds)}; one predict of 2 threads: ${rate(single.seconds)}; ${Math.round((100 * single.seconds) / calm.seconds)} %`,
  );
  const { unequal, rows } = await compare();
  console.log(`${rows} rows, ${unequal} of them with other numbers than one prediction gives`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Compares the numbers of both tables row by row, by the names of their columns. */
async function compare() {
  const { readFile } = await import("node:fs/promises");
  const read = async (name) => {
    const [head, ...lines] = (await readFile(at(name), "utf8")).trimEnd().split("\n");
    const names = head.split(",");
    return lines.map((line) => Object.fromEntries(line.split(",").map((cell, place) => [names[place], cell])));
  };
  const [job, one] = [await read("job.csv"), await read("one.csv")];
  const same = (row, other) => Object.keys(other).every((name) => name === "file" || row?.[name] === other[name]);
  return {
    rows: job.length,
    unequal: one.filter((row, place) => !same(job[place], row)).length + Math.abs(job.length - one.length),
  };
}
