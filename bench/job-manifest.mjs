/**
 * What making a job takes: time and peak memory for lists of more and more images, and the broker's memory for its shards.
 *
 *     npm run build && node bench/job-manifest.mjs DETECTOR [redis://HOST:PORT]
 *
 * The lists name files that are not there: a job is made of names. Peak memory is read from /proc, so it takes Linux.
 */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const [, , detector, queue] = process.argv;
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "outglow-manifest-"));

try {
  for (const count of [10_000, 100_000, 1_000_000]) await create(count, 5120);
  if (queue) {
    const before = await brokerBytes();
    await create(1_000_000, 5120, queue);
    const usual = (await brokerBytes()) - before;
    console.log(`broker: ${(usual / 1e6).toFixed(3)} MB for a million images in ${Math.ceil(1e6 / 5120)} shards`);
    await create(1_000_000, 50, queue);
    const many = (await brokerBytes()) - before - usual;
    console.log(`broker: ${Math.round(many / 20_000)} bytes a shard of 20,000`);
  }
} finally {
  await rm(folder, { recursive: true });
}

async function create(count, shard, broker) {
  const list = join(folder, `${count}.txt`);
  const stream = createWriteStream(list);
  for (let image = 0; image < count; image++) {
    const line = `archive/${String(image >> 10).padStart(6, "0")}/image-${String(image).padStart(9, "0")}.png\n`;
    if (!stream.write(line)) await new Promise((go) => stream.once("drain", go));
  }
  stream.end();
  await finished(stream);
  const out = join(folder, `job-${count}-${shard}-${broker ? "broker" : "folder"}`);
  const args = ["job", "create", list, "--detector", resolve(detector), "--out", out, `--shard=${shard}`, "--quiet"];
  const started = performance.now();
  const child = spawn(process.execPath, [program, ...args, ...(broker ? [`--queue=${broker}`] : [])], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let peak = 0;
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }, 25);
  const code = await new Promise((ended) => child.once("close", ended));
  clearInterval(look);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${count} images, shards of ${shard}: ${seconds.toFixed(1)} s, at most ${Math.round(peak / 1024)} MB, code ${code}`,
  );
}

async function brokerBytes() {
  const { Redis } = await import("ioredis");
  const redis = new Redis(queue);
  const memory = await redis.info("memory");
  redis.disconnect();
  return Number(/used_memory:(\d+)/.exec(memory)[1]);
}
