/** Training on the built-in general images: the command line needs no general images of its own, and goes on from any folder. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limitSource } from "../src/analysis/index.ts";
import { randomKey } from "../src/base/index.ts";
import { loadImages, openImages } from "../src/data/index.ts";
import { quickTraining, runOutglow, temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(join(folder.path, "normal"), "normal", 120);
});

afterAll(() => folder.dispose());

test("a general model of built-in images is trained, its run names them as typed, and it goes on elsewhere", async () => {
  const general = "builtin#limit=80,seed=2";
  const options = ["--general", general, "--general-steps=5", ...quickTraining];
  const trained = await runOutglow(folder.path, "train", "--normal=normal", ...options, "--out=detector");
  expect([trained.code, trained.stderr.includes("outglow:")]).toEqual([0, false]);
  const run = join(folder.path, "detector", "run");
  const records = await Promise.all(
    (await readdir(run)).filter((name) => name.endsWith(".json")).map((name) => readFile(join(run, name), "utf8")),
  );
  expect(records.some((text) => text.includes(`"${general}"`))).toBe(true);
  // The images are made again, wherever that is, and their fingerprint is checked.
  const resumed = await runOutglow(run, "train", "--resume", "--out", join(folder.path, "detector"));
  expect([resumed.code, resumed.stderr.includes("outglow:")]).toEqual([0, false]);
  const scored = await runOutglow(folder.path, "predict", "detector", "builtin#limit=3");
  expect(scored.code).toBe(0);
  expect(scored.stdout).toContain("builtin-00002");
});

test("a selection that built-in images do not have is refused in one line", async () => {
  const { code, stderr } = await runOutglow(folder.path, "train", "--normal=builtin#split=test", "--out=other");
  expect(code).toBe(2);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toContain("got 'split=test'");
});

test("some of them are made for the model that reads them, as all of them are", async () => {
  const specification = { channels: 1, height: 48, width: 48 };
  const all = await openImages("builtin#limit=6", "test");
  const whole = await loadImages(all, specification, { strict: true });
  const some = await loadImages(limitSource(all, 2, randomKey(0)), specification, { strict: true });
  const size = 48 * 48;
  for (const [index, name] of some.names.entries()) {
    const place = whole.names.indexOf(name);
    const pixels = whole.pixels.subarray(place * size, (place + 1) * size);
    expect(some.pixels.subarray(index * size, (index + 1) * size)).toEqual(pixels);
  }
  expect(some.count).toBe(2);
});
