/** Watching a folder: every image once under kill -9, half-written files, anomalies and drift that are told, what is refused. */
import { once } from "node:events";
import { appendFile, cp, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { beforeAll, expect, test } from "vitest";
import { quickTraining, startOutglow, untilLogged, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const folder = ownWorkplace();
const { at, run } = folder;
/** Files settle soon, so that tests need not wait. */
const quick = ["--detector=detector", "--settle=0.05s", "--every=0.1s", "--threads=1"];

interface Row {
  readonly file: string;
  readonly score: number | null;
  readonly pValue: number | null;
  readonly anomalous: boolean;
  readonly problem?: string;
}

async function journal(name: string): Promise<Row[]> {
  const text = await readFile(at(name), "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 100);
  await writeMadeImages(at("calibration"), "normal", 80, "calibration");
  await writeMadeImages(at("images"), "normal", 40, "images");
  await writeMadeImages(at("crosses"), "crosses", 30);
  const trained = await run("train", "--normal=normal", "--out=detector", ...quickTraining, "--held-out=0.4");
  expect(trained.code, trained.stderr).toBe(0);
  const calibrated = await run(
    "calibrate",
    "detector",
    "--normal=calibration",
    "--score=likelihood",
    "--false-alarm=0.1",
  );
  expect(calibrated.code, calibrated.stderr).toBe(0);
});

test("scores every image once, however often it is killed, with the scores that predict gives", async () => {
  await mkdir(at("arriving"));
  const names = (await readdir(at("images"))).sort();
  for (let kill = 0; kill < 4; kill++) {
    for (const name of names.slice(10 * kill, 10 * kill + 10)) await cp(at("images", name), at("arriving", name));
    const { child, outcome } = startOutglow(folder.path, ["watch", "arriving", "--out=seen.jsonl", ...quick]);
    // Somewhere in the middle: a batch of sixteen may be on its way or not.
    await untilLogged(at("seen.jsonl"), 10 * kill + 1, outcome);
    child.kill("SIGKILL");
    await outcome;
    // What a write that was cut short leaves.
    if (kill < 3) await appendFile(at("seen.jsonl"), '{"file":"half');
  }
  const last = await run("watch", "arriving", "--out=seen.jsonl", "--once", ...quick);
  expect([0, 3]).toContain(last.code);
  const rows = await journal("seen.jsonl");
  expect(rows.map(({ file }) => file).sort()).toEqual(names);
  const { stdout } = await run("predict", "detector", "images", "--json", "--quiet");
  const { images } = JSON.parse(stdout) as { images: Row[] };
  const predicted = new Map(images.map((image) => [image.file.split("/").at(-1), image]));
  for (const { file, score, pValue, anomalous } of rows) {
    const { score: expected, ...rest } = predicted.get(file)!;
    // A batch of one image rounds otherwise than one of many.
    expect(Math.abs(score! - expected!)).toBeLessThan(1e-3);
    expect([pValue, anomalous]).toEqual([rest.pValue, rest.anomalous]);
  }
  const again = await run("watch", "arriving", "--out=seen.jsonl", "--once", ...quick);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("0 of 0 new images anomalous")]);
});

test("waits for a file that is half written, though its writer pauses, and takes one that changes for a new image", async () => {
  await mkdir(at("slowly"));
  const [first, second] = await readdir(at("images"));
  const bytes = await readFile(at("images", first!));
  await writeFile(at("slowly", "slow.png"), bytes.subarray(0, bytes.length >> 1));
  const { child, outcome } = startOutglow(folder.path, ["watch", "slowly", "--out=slow.jsonl", ...quick]);
  // It is looked at while it is half there, before another that comes later is.
  await cp(at("images", second!), at("slowly", "whole.png"));
  await untilLogged(at("slow.jsonl"), 1, outcome);
  expect((await journal("slow.jsonl")).map(({ file }) => file)).toEqual(["whole.png"]);
  await appendFile(at("slowly", "slow.png"), bytes.subarray(bytes.length >> 1));
  await untilLogged(at("slow.jsonl"), 2, outcome);
  await cp(at("images", first!), at("slowly", "whole.png"));
  await untilLogged(at("slow.jsonl"), 3, outcome);
  child.kill("SIGTERM");
  expect((await outcome).code).toBe(130);
  const rows = await journal("slow.jsonl");
  expect(rows.map(({ file }) => file)).toEqual(["whole.png", "slow.png", "whole.png"]);
  expect(rows[1]!.score).toBe(rows[2]!.score);
  expect(rows.every(({ problem }) => problem === undefined)).toBe(true);
});

test("gives up a file that stays broken, and says so", async () => {
  await mkdir(at("broken"));
  await writeFile(at("broken", "no.png"), "not an image");
  const waited = await run("watch", "broken", "--out=broken.jsonl", "--once", ...quick, "--settle=0.001s");
  expect(waited.stderr).toContain("0 of 0 new images anomalous; 1 not yet settled");
  const outcome = await run(
    "watch",
    "broken",
    "--out=broken.jsonl",
    "--once",
    ...quick,
    "--give-up=0.001s",
    "--settle=0.001s",
  );
  expect([outcome.code, outcome.stderr]).toEqual([0, expect.stringContaining("; 1 unreadable")]);
  expect(await journal("broken.jsonl")).toMatchObject([{ file: "no.png", score: null, problem: expect.any(String) }]);
});

test("tells of anomalies by exit code, command and webhook, each once, also after the webhook was away", async () => {
  const posted: { event: string; file: string }[] = [];
  let away = true;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (!away) posted.push(JSON.parse(Buffer.concat(parts).toString()) as (typeof posted)[0]);
      response.writeHead(away ? 503 : 204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const told = ["--exec=cat >> told.jsonl", `--webhook=http://127.0.0.1:${port}/`, "--threshold=-1e9"];
  const args = ["watch", "crosses", "--out=crosses.jsonl", "--score=likelihood", ...told, ...quick, "--drift=0.0001"];
  try {
    const first = await startOutglow(folder.path, [...args, "--once"]).outcome;
    expect(first.stderr).toMatch(
      /warning: --webhook: expected an answer that all is well, got status 503; trying again/,
    );
    expect(first.code).toBe(3);
    expect(posted).toEqual([]);
    away = false;
    const { child, outcome } = startOutglow(folder.path, [...args]);
    await untilLogged(at("told.jsonl"), 31, outcome);
    child.kill("SIGTERM");
    await outcome;
  } finally {
    server.close();
  }
  const rows = await journal("crosses.jsonl");
  expect(rows).toHaveLength(30);
  const anomalies = posted.filter(({ event }) => event === "anomaly");
  expect(anomalies.map(({ file }) => file)).toEqual(rows.map(({ file }) => file));
});

test("finds drift, says what drifted, and tells of it once over restarts", async () => {
  await mkdir(at("drifting"));
  const { default: sharp } = await import("sharp");
  for (let image = 0; image < 60; image++) {
    const noise = Buffer.from(Array.from({ length: 256 }, (_, pixel) => ((pixel * (37 + image)) % 251) & 0xff));
    await sharp(noise, { raw: { width: 16, height: 16, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toFile(at("drifting", `${100 + image}.png`));
  }
  const args = ["watch", "drifting", "--out=drift.jsonl", "--threshold=1e9", "--drift=0.2", "--once", ...quick];
  const first = await run(...args);
  expect(first.stderr).toMatch(
    /drift: .*(likelihood|scale-\d \((fine texture|coarse content)\)) became higher than in the calibration/,
  );
  expect(first.code).toBe(4);
  const second = await run(...args);
  expect(second.code).toBe(4);
  expect(second.stderr.match(/^drift:/gm)).toBeNull();
});

test.each([
  ["a folder that is not there", ["nowhere"], /folder: expected a folder to watch, got nothing at 'nowhere'/],
  ["a rule about all images", ["images", "--fdr=0.1"], /watch: expected a rule about single images/],
  ["an address that is none", ["images", "--webhook=ftp://x"], /--webhook: expected an address/],
])("refuses %s", async (_name, args, message) => {
  const { code, stderr } = await run("watch", ...args, "--once", ...quick);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

test("leaves a file alone that is no journal, and one that another watch writes", async () => {
  await writeFile(at("notes.txt"), "mine");
  const { code } = await run("watch", "images", "--out=notes.txt", "--once", ...quick);
  expect(code).toBe(1);
  expect(await readFile(at("notes.txt"), "utf8")).toBe("mine");
  await truncate(at("seen.jsonl"), 0);
  const { child, outcome } = startOutglow(folder.path, ["watch", "images", "--out=seen.jsonl", ...quick]);
  await untilLogged(at("seen.jsonl"), 1, outcome);
  const second = await run("watch", "images", "--out=seen.jsonl", "--once", ...quick);
  expect([second.code, second.stderr]).toEqual([
    2,
    expect.stringContaining("--out: expected a file that no other watch writes"),
  ]);
  child.kill("SIGTERM");
  await outcome;
});
