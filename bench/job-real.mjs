/**
 * Real workers that are ended at random, beside what `bench/job-simulation.mjs` says of them.
 *
 *     npm run build && node bench/job-real.mjs [--images 100000] [--shard 1024] [--workers 8] [--life 10] [--restart 1] [--seeds 3]
 *
 * All of them without failures, then with: each is ended by `kill -9` after a time that is drawn from an exponential distribution of mean `life`, seconds, and
 * `restart` seconds later another stands in its place. The simulation gets how long workers took for shards and to start in the very run, so that what else
 * the machine did meanwhile is in both: it says what comes of that, the time of the job and how much is done twice.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generator } from "./seeded-random.mjs";

const usual = { images: 100_000, shard: 1024, workers: 8, life: 10, restart: 1, seeds: 3 };
const { values } = parseArgs({
  options: Object.fromEntries(Object.keys(usual).map((name) => [name, { type: "string" }])),
});
const given = { ...usual, ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)])) };
const { images, shard, workers, life, restart, seeds } = given;
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
  for (let seed = 0; seed <= seeds; seed++) {
    await makeJob(`job-${seed}`, "images.npy");
    const real = await work(`job-${seed}`, workers, seed === 0 ? 0 : life, seed);
    const { rate, spread, start } = real;
    const about = {
      images,
      shard,
      workers,
      rate,
      spread,
      start,
      restart,
      lease: 0,
      failures: seed === 0 ? 0 : 3600 / life,
    };
    tell(seed === 0 ? "nobody ended" : `seed ${seed}`, real, simulate(about));
    console.log((await run("job", "verify", `job-${seed}`)).trim());
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function tell(what, { seconds, killed, again, lost, rate, spread, start }, { end, failed, begunAgain, doubled }) {
  const of = ({ mean, deviation }, digits) => `${mean.toFixed(digits)} +- ${deviation.toFixed(digits)}`;
  console.log(
    [
      `${what} (load ${loadavg()[0].toFixed(1)}): real ${seconds.toFixed(1)} s, simulated ${of(end, 1)} s`,
      `a worker ${rate.toFixed(0)} images/s, spread ${spread.toFixed(2)}, start ${start.toFixed(1)} s`,
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
  const [took, starts] = [[], []];
  const began = performance.now();
  let [over, killed, lost] = [false, 0, 0];
  const { shards } = JSON.parse(await readFile(at(job, "job.json"), "utf8"));
  const one = async () => {
    while (!over) {
      const born = performance.now();
      let ready = false;
      const { child, end } = start(["worker", job, "--threads=1"], (line) => {
        const [, seconds] = /^shard \d+: \d+ images in ([\d.]+) s/.exec(line) ?? [];
        if (seconds === undefined) return;
        took.push(Number(seconds));
        if (!ready) starts.push((performance.now() - born) / 1000 - Number(seconds));
        ready = true;
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
  while ((await tables(job)) < shards) await pause(10);
  const seconds = (performance.now() - began) / 1000;
  over = true;
  await all;
  const status = JSON.parse(await run("job", "status", job, "--json"));
  // Quantiles: a shard that is begun again takes a start besides, which the simulation adds by itself.
  const logs = took.map(Math.log).sort((one, other) => one - other);
  const quantile = (share) => logs[Math.round(share * (logs.length - 1))];
  const spread = (quantile(0.84) - quantile(0.16)) / 2;
  return {
    seconds,
    killed,
    start: starts.reduce((sum, value) => sum + value, 0) / starts.length,
    again: status.begunAgain,
    lost: lost / took.reduce((sum, value) => sum + value, 0),
    rate: shard / Math.exp(quantile(0.5) + spread ** 2 / 2),
    spread,
  };
}

async function tables(job) {
  return (await readdir(at(job, "scores")).catch(() => [])).filter((name) => name.endsWith(".parquet")).length;
}

/** For how many seconds a process that has just ended was at work on its shard. */
async function atWork(job, pid, now) {
  for (const name of (await readdir(at(job, "leases")).catch(() => [])).filter((one) => one.endsWith(".lock"))) {
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
