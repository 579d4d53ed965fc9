/**
 * What a job costs beside one prediction of the same images, and how fast its tables are merged: by the clock, and in processor time, which other work on
 * the machine changes less.
 *
 *     npm run build && node bench/job-speed.mjs [--images 100000] [--shard 5120] [--rounds 3]
 *
 * Images of 8x8 and a detector of one step: the smallest there is, so that what a job adds weighs most. It takes bash.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usual = { images: 100_000, shard: 5120, rounds: 3 };
const { values } = parseArgs({
  options: Object.fromEntries(Object.keys(usual).map((name) => [name, { type: "string" }])),
});
const { images, shard, rounds } = {
  ...usual,
  ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)])),
};
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "outglow-speed-"));

try {
  await writeArray("normal.npy", 400);
  await writeArray("images.npy", images);
  const small = ["--size=8", "--scales=1", "--depth=1", "--width=4", "--steps=10", "--held-out=0.4"];
  await run("train", "--normal=normal.npy", "--out=detector", ...small);
  for (let round = 1; round <= rounds; round++) {
    const out = `job-${round}`;
    await run("job", "create", "images.npy", "--detector=detector", `--shard=${shard}`, `--out=${out}`);
    const single = await run("predict", "detector", "images.npy", `--out=${round}.csv`, "--threads=2", "--quiet");
    const began = performance.now();
    const both = await Promise.all([1, 2].map(() => run("worker", out, "--threads=1", "--quiet")));
    const workers = { seconds: (performance.now() - began) / 1000, processor: both[0].processor + both[1].processor };
    tell(`round ${round}: one predict of 2 threads`, single);
    tell(`round ${round}: 2 workers of 1 thread`, workers);
    console.log(
      `round ${round}: ${percent(single.seconds / workers.seconds)} by the clock, ${percent(single.processor / workers.processor)} by processor time`,
    );
  }
  const idle = await run("job", "--help");
  for (const kind of ["csv", "parquet"]) {
    const merged = await run("job", "merge", "job-1", `--out=merged.${kind}`, "--quiet");
    tell(`merge to ${kind}`, merged);
    console.log(
      `merge to ${kind}: ${Math.round(images / (merged.processor - idle.processor))} rows a second of processor time`,
    );
  }
  tell("verify", await run("job", "verify", "job-1"));
} finally {
  await rm(folder, { recursive: true, force: true });
}

function tell(what, { seconds, processor }) {
  const rate = Math.round(images / seconds);
  console.log(
    `${what}: ${seconds.toFixed(1)} s, ${rate}/s, ${processor.toFixed(1)} s of processors (load ${loadavg()[0].toFixed(1)})`,
  );
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

/** Runs a command to its end. */
async function run(...args) {
  const env = { ...process.env, OUTGLOW_CACHE: "off", CI: "1" };
  const began = performance.now();
  // The shell's own words come last: its times, then those of what it ran.
  const child = spawn("bash", ["-c", '"$@"; code=$?; times; exit $code', "bash", process.execPath, program, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  const seconds = (performance.now() - began) / 1000;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  const times = said
    .trim()
    .split("\n")
    .at(-1)
    .match(/[\d.]+(?=s)/g);
  const minutes = said
    .trim()
    .split("\n")
    .at(-1)
    .match(/\d+(?=m)/g);
  return {
    seconds,
    processor: times.reduce((sum, text, index) => sum + Number(text) + 60 * Number(minutes[index]), 0),
  };
}

/** One array of random bytes as NumPy has them, 8x8 grey. */
async function writeArray(name, count) {
  const head = `{'descr': '|u1', 'fortran_order': False, 'shape': (${count}, 8, 8), }`;
  const bytes = Buffer.alloc(128 + count * 64);
  bytes.write("\x93NUMPY\x01\x00\x76\x00", 0, "latin1");
  bytes.write(`${head.padEnd(117)}\n`, 10, "latin1");
  let state = count;
  for (let place = 128; place < bytes.length; place++) {
    // A generator of small quality is enough for bytes that nobody looks at (Park and Miller).
    state = (state * 48271) % 2147483647;
    bytes[place] = 96 + (state & 63);
  }
  await writeFile(join(folder, name), bytes);
}
