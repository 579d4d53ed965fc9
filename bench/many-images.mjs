/**
 * Commands on many small PNG files, the first time and from the cache: when they have read their images, when the first score came, when they are done, on the clock and in
 * processor time, and their peak memory.
 *
 *     npm run build && node bench/many-images.mjs [IMAGES] [SIDE]
 *
 * The files, the cache and the detector lie in a temporary folder and go with it. Memory and processor time are read from /proc, so it takes Linux.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";

const [count, side] = [Number(process.argv[2] ?? 200_000), Number(process.argv[3] ?? 32)];
const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "outglow-many-"));
const images = join(folder, "images");
const detector = join(folder, "detector");
const train = ["train", "--normal", images, "--out", detector, "--size", String(side), "--steps", "20", "--force"];
const small = ["--depth", "1", "--width", "8", "--scales", "2", "--held-out", "0.01", "--threads", "2"];

try {
  await timed("make", () => makeFiles());
  for (const what of ["train, first", "train, again"]) await run(what, [...train, ...small], /^normal images: /m);
  const predict = ["predict", detector, images];
  for (const what of ["predict, kept by train", "predict, again"]) await run(what, predict);
  await run("predict, no cache", [...predict, "--no-cache"]);
  await run("data info", ["data", "info", images, "--quiet"]);
} finally {
  await rm(folder, { recursive: true });
}

async function timed(what, work) {
  const started = performance.now();
  await work();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Runs a command; says when a line of stderr came, or the first row of a table, when it ended, and how much memory it had at most. */
async function run(what, args, line) {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const env = { ...process.env, OUTGLOW_CACHE: join(folder, "cache"), CI: "1" };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [peak, used] = [0, 0];
  const look = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    used = (await processorSeconds(child.pid)) ?? used;
  }, 50);
  let [said, read, lines] = ["", undefined, 0];
  const reached = async (word) => {
    if (read !== undefined) return;
    read = `${word} after ${seconds().toFixed(1)} s`;
    read += ` (${((await processorSeconds(child.pid)) ?? used).toFixed(1)} of a processor), `;
  };
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
    if (line?.test(said)) reached("read");
  });
  child.stdout.setEncoding("utf8").on("data", (text) => {
    if (args[0] === "predict" && lines < 2) lines += text.split("\n").length - 1;
    if (lines >= 2) reached("first score");
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(look);
  const done = `done after ${seconds().toFixed(1)} s (${used.toFixed(1)} of a processor)`;
  const failed = code === 0 ? "" : ` (ended with ${code})`;
  console.log(`${what}: ${read ?? ""}${done}, at most ${Math.round(peak / 1024)} MB${failed}`);
  if (code !== 0) console.log(said);
}

/** What a process has computed so far, in seconds of one processor; undefined once it has ended. */
async function processorSeconds(pid) {
  const fields = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (fields === undefined) return undefined;
  const [user, system] = fields
    .slice(fields.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

/** Grey pictures of a soft spot with noise, each another one, a thousand to a folder. */
async function makeFiles() {
  const rows = Buffer.alloc(side * (side + 1));
  for (let image = 0; image < count; image++) {
    if (image % 1000 === 0) await mkdir(join(images, String(image / 1000)), { recursive: true });
    const [x, y] = [side * ((image * 0.61803) % 1), side * ((image * 0.32471) % 1)];
    let noise = image + 1;
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
        const far = ((row - y) ** 2 + (column - x) ** 2) / side ** 2;
        rows[row * (side + 1) + column + 1] = 200 * Math.exp(-8 * far) + noise / 2 ** 27;
      }
    }
    await writeFile(join(images, String(Math.floor(image / 1000)), `${image}.png`), pngOf(rows));
  }
}

function pngOf(rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 1 })),
    chunk("IEND"),
  ]);
}

function chunk(type, data = Buffer.alloc(0)) {
  const result = Buffer.alloc(12 + data.length);
  result.writeUInt32BE(data.length, 0);
  result.write(type, 4, "latin1");
  data.copy(result, 8);
  result.writeUInt32BE(crc32(result.subarray(4, 8 + data.length)), 8 + data.length);
  return result;
}
