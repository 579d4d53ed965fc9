/**
 * What making a job takes: time and peak memory for lists of more and more images, tables and folders, and the broker's memory for its shards.
 *
 *     npm run build && node bench/job-manifest.mjs DETECTOR [redis://HOST:PORT]
 *
 * The lists name files that are not there, and the folders hold empty ones: a job is made of names. Peak memory is read from /proc, so it takes Linux.
 */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const [, , detector, queue] = process.argv;
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "outglow-manifest-"));

try {
  for (const count of [10_000, 100_000, 1_000_000]) await create(await listOf(count, "txt"), count, 5120);
  await create(await listOf(1_000_000, "csv"), 1_000_000, 5120);
  for (const count of [40_000, 200_000]) await create(await folderOf(count), count, 5120);
  if (queue) {
    const before = await brokerBytes();
    const list = await listOf(1_000_000, "txt");
    await create(list, 1_000_000, 5120, queue);
    const usual = (await brokerBytes()) - before;
    console.log(`broker: ${(usual / 1e6).toFixed(3)} MB for a million images in ${Math.ceil(1e6 / 5120)} shards`);
    await create(list, 1_000_000, 50, queue);
    const many = (await brokerBytes()) - before - usual;
    console.log(`broker: ${Math.round(many / 20_000)} bytes a shard of 20,000`);
  }
} finally {
  await rm(folder, { recursive: true });
}

function nameOf(image) {
  return `${String(image >> 10).padStart(6, "0")}/image-${String(image).padStart(9, "0")}.png`;
}

async function listOf(count, kind) {
  const list = join(folder, `${count}.${kind}`);
  const stream = createWriteStream(list);
  if (kind === "csv") stream.write("path,camera\n");
  for (let image = 0; image < count; image++) {
    const line = `archive/${nameOf(image)}${kind === "csv" ? `,"${image % 7}, left"` : ""}\n`;
    if (!stream.write(line)) await new Promise((go) => stream.once("drain", go));
  }
  stream.end();
  await finished(stream);
  return list;
}

async function folderOf(count) {
  const place = join(folder, `folder-${count}`);
  for (let image = 0; image < count; image++) {
    if (image % 1024 === 0) await mkdir(join(place, nameOf(image), ".."), { recursive: true });
    await writeFile(join(place, nameOf(image)), "");
  }
  return place;
}

async function create(location, count, shard, broker) {
  const out = join(folder, `job-${basename(location)}-${shard}-${broker ? "broker" : "folder"}`);
  const args = [
    "job",
    "create",
    location,
    "--detector",
    resolve(detector),
    "--out",
    out,
    `--shard=${shard}`,
    "--quiet",
  ];
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
    `${basename(location)}: ${count} images, shards of ${shard}: ${seconds.toFixed(1)} s, at most ${Math.round(peak / 1024)} MB, code ${code}`,
  );
}

async function brokerBytes() {
  const { Redis } = await import("ioredis");
  const redis = new Redis(queue);
  const memory = await redis.info("memory");
  redis.disconnect();
  return Number(/used_memory:(\d+)/.exec(memory)[1]);
}
