/**
 * A job of many made images under workers, a broker and a disk that fail at random: that every image has one row with the numbers of one prediction,
 * and how much was scored twice.
 *
 *     npm run build && node bench/job-faults.mjs [--images 100000] [--shards 100] [--workers 4] [--kills 20] [--broker] [--full-disk] [--seed 1]
 *
 * `--broker` starts a redis-server of its own and ends it twice by `kill -9`: once it comes back with what it wrote down, once empty. `--full-disk` puts
 * the job on a small file system in memory, which takes root, and fills that once; who may not mount gives workers files of a kilobyte at most instead,
 * and the output says so. All files lie in a temporary folder and go with it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generator } from "./seeded-random.mjs";

const number = (usual) => ({ type: "string", default: String(usual) });
const { values: given } = parseArgs({
  options: {
    images: number(100_000),
    shards: number(100),
    workers: number(4),
    kills: number(20),
    broker: { type: "boolean", default: false },
    "full-disk": { type: "boolean", default: false },
    seed: number(1),
  },
});
const [images, shards, workers, kills] = [given.images, given.shards, given.workers, given.kills].map(Number);
const random = generator(Number(given.seed));
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "outglow-jobs-"));
const at = (...parts) => join(folder, ...parts);
/** Bytes of the file system that is filled. */
const diskSize = 2 ** 26;

try {
  await writeArray("normal.npy", 400);
  await writeArray("images.npy", images);
  const train = ["train", "--normal=normal.npy", "--out=detector", "--size=8", "--scales=1", "--depth=1", "--width=4"];
  await run("train", ...train, "--steps=10", "--held-out=0.4");
  await run("one predict of 2 threads", "predict", "detector", "images.npy", "--out=one.csv", "--threads=2", "--quiet");
  const disk = given["full-disk"] ? await smallDisk("disk") : undefined;
  const job = disk?.mounted ? "disk/job" : "job";
  const broker = given.broker ? await startBroker() : undefined;
  try {
    const create = ["job", "create", "images.npy", "--detector=detector", `--shard=${Math.ceil(images / shards)}`];
    await run("create", ...create, `--out=${job}`, ...(broker ? [`--queue=${broker.url}`] : []));
    const faulty = await workUnderFaults(job, broker, disk);
    console.log(
      `${workers} workers over ${broker ? "a broker" : "the folder"}, seed ${given.seed}: ${faulty.seconds.toFixed(1)} s`,
    );
    for (const line of faulty.told) console.log(`  ${line}`);
    console.log((await run("verify", "job", "verify", job)).said.trim());
    const status = JSON.parse((await run("status", "job", "status", job, "--json")).said.trim());
    const share = ((100 * status.scoredTwiceAtMost) / images).toFixed(1);
    console.log(`begun again ${status.begunAgain} times; at most ${share} % scored twice`);
    await run("merge", "job", "merge", job, "--out=job.csv", "--quiet");
    const { unequal, rows } = await compare();
    console.log(`${rows} rows, ${unequal} of them with other numbers than one prediction gives`);
    if (rows !== images || unequal > 0) process.exitCode = 1;
  } finally {
    await broker?.end();
    disk?.unmount();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Runs workers to the end of a job; ends some of them, the broker and the disk's room meanwhile. */
async function workUnderFaults(job, broker, disk) {
  const started = performance.now();
  const told = [];
  const running = new Set();
  const begin = (limited = false) => {
    const args = ["worker", job, "--quiet", "--threads=1", "--lease=3s"];
    const one = start(args, limited);
    running.add(one);
    one.end.then(() => running.delete(one));
    return one;
  };
  const beginAll = () => {
    for (let missing = workers - running.size; missing > 0; missing--) begin();
  };
  const ends = { asked: 0 };
  const endWorker = async () => {
    const victim = [...running][Math.floor(random() * running.size)];
    if (!victim) return;
    victim.child.kill("SIGKILL");
    await victim.end;
    ends.asked++;
    beginAll();
  };
  const fillDisk = async () => {
    const before = (await tables(job)).length;
    if (disk.mounted) {
      disk.fill();
      // Nobody has to tell them: each finds it full.
      const outcomes = await Promise.all([...running].map(({ end }) => end));
      told.push(
        `the disk was full at ${before} tables: workers ended with ${outcomes.map(({ code }) => code).join(", ")}: ${lastLine(outcomes[0]?.said)}`,
      );
      disk.empty();
    } else {
      const { code, said } = await begin(true).end;
      told.push(`a worker that could write a kilobyte at most ended with ${code}: ${lastLine(said)}`);
    }
    const halves = (await readdir(at(job, "scores"))).filter((name) => !name.endsWith(".parquet")).length;
    told.push(`${halves} unfinished files lay beside the tables then`);
    beginAll();
  };
  // Spread over the job: each comes when so many shards are done, at a moment of its own.
  const faults = [
    ...Array.from({ length: kills }, (_, index) => ({ when: (0.9 * (index + 0.5)) / kills, what: endWorker })),
    ...(broker
      ? [
          { when: 0.3, what: () => broker.kill(true, told) },
          { when: 0.6, what: () => broker.kill(false, told) },
        ]
      : []),
    ...(disk ? [{ when: 0.45, what: fillDisk }] : []),
  ].sort((a, b) => a.when - b.when);
  beginAll();
  for (const { when, what } of faults) {
    while (running.size > 0 && (await tables(job)).length < when * shards) await pause(20);
    if (running.size === 0) break;
    await pause(300 * random());
    await what();
  }
  const outcomes = await Promise.all([...running].map(({ end }) => end));
  const wrong = outcomes.filter(({ code }) => code !== 0);
  if (wrong.length > 0) told.push(`${wrong.length} workers ended with ${wrong[0].code}: ${lastLine(wrong[0].said)}`);
  told.unshift(`${ends.asked} workers ended by kill -9`);
  return { seconds: (performance.now() - started) / 1000, told };
}

function start(args, limited = false) {
  const env = { ...process.env, OUTGLOW_CACHE: "off", CI: "1" };
  const command = [process.execPath, program, ...args];
  const all = limited ? ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh", ...command] : command;
  const child = spawn(all[0], all.slice(1), { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  }
  return { child, end: new Promise((resolve) => child.once("close", (code) => resolve({ code, said }))) };
}

async function run(what, ...args) {
  const started = performance.now();
  const { code, said } = await start(args).end;
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${what} ended with ${code}: ${said}`);
  console.log(`${what}: ${seconds.toFixed(1)} s`);
  return { said, seconds };
}

function lastLine(text = "") {
  return text.trim().split("\n").at(-1);
}

/** One array of random bytes as NumPy has them, 8x8 grey. */
async function writeArray(name, count) {
  const head = `{'descr': '|u1', 'fortran_order': False, 'shape': (${count}, 8, 8), }`;
  const bytes = Buffer.alloc(128 + count * 64);
  bytes.write("\x93NUMPY\x01\x00\x76\x00", 0, "latin1");
  bytes.write(`${head.padEnd(117)}\n`, 10, "latin1");
  for (let place = 128; place < bytes.length; place++) bytes[place] = 96 + Math.floor(64 * random());
  await writeFile(at(name), bytes);
}

async function tables(job) {
  return (await readdir(at(job, "scores")).catch(() => [])).filter((name) => name.endsWith(".parquet"));
}

/** A file system of a few megabytes in memory. */
async function smallDisk(name) {
  await mkdir(at(name));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${diskSize}`, "tmpfs", at(name)]).status === 0;
  if (!mounted)
    console.log("no file system may be mounted here: a worker that may write a kilobyte stands for a full disk");
  const ballast = at(name, "ballast");
  return {
    mounted,
    // It stops where there is no room: that is what it is for.
    fill: () => void spawnSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4k"]),
    empty: () => void spawnSync("rm", [ballast]),
    unmount: () => void (mounted && spawnSync("umount", [at(name)])),
  };
}

/** A broker that writes down all it is told, until it is replaced by an empty one. */
async function startBroker() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  let life = 0;
  const begin = async () => {
    const place = at(`broker-${life}`);
    await mkdir(place, { recursive: true });
    const flags = { port, bind: "127.0.0.1", dir: place, save: "", appendonly: "yes", appendfsync: "everysec" };
    const args = Object.entries(flags).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((ready, fail) => {
      child.stdout.setEncoding("utf8").on("data", (text) => text.includes("Ready to accept connections") && ready());
      child.once("close", (code) => fail(new Error(`redis-server ended with ${code}`)));
    });
    return child;
  };
  let child = await begin();
  const end = async () => {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    end,
    async kill(keeps, told) {
      await end();
      await pause(500);
      if (!keeps) life++;
      child = await begin();
      told.push(`the broker was ended by kill -9 and came back ${keeps ? "with what it had written down" : "empty"}`);
    },
  };
}

/** Compares the numbers of both tables row by row, by the names of their columns. */
async function compare() {
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
