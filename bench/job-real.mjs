/**
 * Real workers that are ended at random, beside what `bench/job-simulation.mjs` says of them.
 *
 *     npm run build && node bench/job-real.mjs [--images 40000] [--shard 512] [--workers 8] [--life 20] [--restart 1] [--seeds 3]
 *
 * One worker alone, then all of them without failures, then with: each is ended by `kill -9` after a time that is drawn from an exponential distribution of
 * mean `life`, seconds, and `restart` seconds later another stands in its place. The simulation gets what the run before measured: of the calm run
 * the rate and the start of one worker alone, of the others the rate of the calm run.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usual = { images: 40_000, shard: 512, workers: 8, life: 20, restart: 1, seeds: 3 };
const { values } = parseArgs({
  options: Object.fromEntries(Object.keys(usual).map((name) => [name, { type: "string" }])),
});
const given = { ...usual, ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)])) };
const { images, shard, workers, life, restart, seeds } = given;
const cores = cpus().length;
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const simulation = fileURLToPath(new URL("job-simulation.mjs", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "outglow-real-"));
const at = (...parts) => join(folder, ...parts);

try {
  await writeArray("normal.npy", 400);
  await writeArray("images.npy", images);
  await run(
    "train",
    "--normal=normal.npy",
    "--out=detector",
    "--size=16",
    "--scales=2",
    "--depth=4",
    "--width=32",
    "--steps=10",
    "--held-out=0.4",
  );
  await makeJob("alone", `images.npy#limit=${20 * shard}`);
  const alone = await work("alone", 1, 0, 1);
  const { rate, spread, start } = alone;
  console.log(
    `one worker alone: ${rate.toFixed(0)} images/s, spread ${spread.toFixed(2)}, ready after ${start.toFixed(2)} s`,
  );
  await makeJob("calm", "images.npy");
  const calm = await work("calm", workers, 0, 1);
  const about = { images, shard, workers, cores, spread, start, restart, lease: 0 };
  const before = simulate({ ...about, rate, failures: 0 });
  tell("calm", calm, before);
  // What is left of the difference is the machine's: more processes than cores, and what else runs on it.
  const together = rate * (before.end.mean / calm.seconds);
  for (let seed = 1; seed <= seeds; seed++) {
    await makeJob(`faulty-${seed}`, "images.npy");
    const faulty = await work(`faulty-${seed}`, workers, life, seed);
    tell(
      `seed ${seed}`,
      faulty,
      simulate({ ...about, rate: together, start: start * (calm.seconds / before.end.mean), failures: 3600 / life }),
    );
    console.log((await run("job", "verify", `faulty-${seed}`)).trim());
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function tell(what, { seconds, killed, again, lost }, { end, failed, begunAgain, doubled }) {
  const of = ({ mean, deviation }, digits) => `${mean.toFixed(digits)} +- ${deviation.toFixed(digits)}`;
  console.log(
    [
      `${what} (load ${loadavg()[0].toFixed(1)}): real ${seconds.toFixed(1)} s, simulated ${of(end, 1)} s`,
      `ended ${killed}, ${of(failed, 1)}; begun again ${again}, ${of(begunAgain, 1)}; done twice ${(100 * lost).toFixed(1)} %, ${of(doubled, 1)} %`,
    ].join("; "),
  );
}

/** Means and standard deviations of two hundred simulations. */
function simulate(settings) {
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const all = JSON.parse(
    execFileSync(process.execPath, [simulation, ...flags, "--runs=200", "--json"], { encoding: "utf8" }),
  );
  const of = (measure) => {
    const numbers = all.map(measure);
    const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    return {
      mean,
      deviation: Math.sqrt(numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (numbers.length - 1)),
    };
  };
  return {
    end: of(({ end }) => end),
    failed: of(({ failed }) => failed),
    begunAgain: of((one) => one.begunAgain),
    doubled: of(({ lost, busy }) => (100 * lost) / busy),
  };
}

async function makeJob(out, location) {
  await run("job", "create", location, "--detector=detector", `--shard=${shard}`, `--out=${out}`);
}

/** Works at a job until all of its tables are there. Without a mean life nobody is ended. */
async function work(job, count, meanLife, seed) {
  const random = generator(seed);
  const took = [];
  const began = performance.now();
  let ready;
  let [over, killed, lost] = [false, 0, 0];
  const { shards } = JSON.parse(await readFile(at(job, "job.json"), "utf8"));
  const one = async () => {
    while (!over) {
      const { child, end } = start(["worker", job, "--threads=1"], (line) => {
        const [, seconds] = /^shard \d+: \d+ images in ([\d.]+) s/.exec(line) ?? [];
        if (seconds === undefined) return;
        took.push(Number(seconds));
        ready ??= (performance.now() - began) / 1000 - Number(seconds);
      });
      const timer = meanLife > 0 ? setTimeout(() => kill(child), -Math.log(1 - random()) * meanLife * 1000) : undefined;
      await end;
      clearTimeout(timer);
      if (child.signalCode !== "SIGKILL") return;
      await pause(restart * 1000);
    }
  };
  const kill = async (child) => {
    if (over) return;
    killed++;
    child.kill("SIGKILL");
    lost += await atWork(job, child.pid, Date.now());
  };
  const all = Promise.all(Array.from({ length: count }, one));
  while ((await readdir(at(job, "scores"))).filter((name) => name.endsWith(".parquet")).length < shards)
    await pause(10);
  const seconds = (performance.now() - began) / 1000;
  over = true;
  await all;
  const status = JSON.parse(await run("job", "status", job, "--json"));
  const logs = took.map(Math.log);
  const middle = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const busy = took.reduce((sum, value) => sum + value, 0);
  return {
    seconds,
    killed,
    start: ready,
    again: status.begunAgain,
    lost: lost / busy,
    rate: (took.length * shard) / busy,
    spread: Math.sqrt(logs.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (logs.length - 1)),
  };
}

/** For how many seconds a process that has just ended was at work on its shard. */
async function atWork(job, pid, now) {
  for (const name of (await readdir(at(job, "leases"))).filter((one) => one.endsWith(".lock"))) {
    const lock = await readFile(at(job, "leases", name), "utf8")
      .then(JSON.parse)
      .catch(() => undefined);
    if (lock?.pid !== pid) continue;
    // The lease comes before the detector is loaded, the attempt after.
    const begun = (await stat(at(job, "attempts", name.replace(".lock", ""))).catch(() => undefined))?.mtimeMs ?? now;
    return begun >= Date.parse(lock.since) ? Math.max(0, now - begun) / 1000 : 0;
  }
  return 0;
}

function start(args, heard = () => undefined) {
  const env = { ...process.env, OUTGLOW_CACHE: "off", CI: "1" };
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let [said, rest] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) heard(line);
  });
  return { child, end: new Promise((resolve) => child.once("close", (code) => resolve({ code, said }))) };
}

async function run(...args) {
  const { code, said } = await start(args).end;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return said;
}

/** One array of random bytes as NumPy has them, 16x16 grey. */
async function writeArray(name, count) {
  const random = generator(count);
  const head = `{'descr': '|u1', 'fortran_order': False, 'shape': (${count}, 16, 16), }`;
  const bytes = Buffer.alloc(128 + count * 256);
  bytes.write("\x93NUMPY\x01\x00\x76\x00", 0, "latin1");
  bytes.write(`${head.padEnd(117)}\n`, 10, "latin1");
  for (let place = 128; place < bytes.length; place++) bytes[place] = 96 + Math.floor(64 * random());
  await writeFile(at(name), bytes);
}

/** From 0 to 1, the same for the same seed (mulberry32). */
function generator(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
