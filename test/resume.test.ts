/** Training that is stopped, in every way, goes on as if it had never been. */
import { createHash } from "node:crypto";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import {
  quickTraining,
  runOutglow,
  startOutglow,
  temporaryFolder,
  untilLogged,
  untilSaid,
  writeMadeImages,
} from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let reference: string[];

const train = [
  "train",
  "--normal=normal",
  "--general=general",
  "--general-steps=25",
  // A checkpoint after every step: whatever the moment of a kill, there is one to go on from.
  "--checkpoint-every=0.001s",
  ...quickTraining,
  // Steps that take long enough to be told apart.
  "--depth=2",
];

/** Checksums of everything the weights depend on and everything that depends on them. */
async function fingerprints(
  detector: string,
  files = ["weights.safetensors", "general.safetensors", "model.onnx", "golden.safetensors"],
): Promise<string[]> {
  const contents = await Promise.all(files.map((name) => readFile(join(folder.path, detector, name))));
  return contents.map((bytes) => createHash("sha256").update(bytes).digest("hex"));
}

async function loggedSteps(detector: string, phase = "normal"): Promise<number[]> {
  const text = await readFile(join(folder.path, detector, "run", `${phase}.metrics.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { step: number }).step);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(join(folder.path, "normal"), "normal", 120);
  await writeMadeImages(join(folder.path, "general"), "general", 120);
  const outcome = await runOutglow(folder.path, ...train, "--out=reference");
  expect(outcome.stderr).not.toContain("outglow:");
  expect(outcome.code).toBe(0);
  reference = await fingerprints("reference");
});

afterAll(() => folder.dispose());

test("the same seed gives the same detector, bit for bit", async () => {
  await runOutglow(folder.path, ...train, "--out=again");
  expect(await fingerprints("again")).toEqual(reference);
});

test("another seed gives another detector", async () => {
  await runOutglow(folder.path, ...train, "--seed=1", "--out=other");
  expect(await fingerprints("other")).not.toEqual(reference);
});

describe("kill -9", () => {
  // Seeded steps, spread over both phases; the kill comes once the log has that many lines.
  const moments = randomKey("kill").stream();
  const points = Array.from({ length: 5 }, (_, index) => ({
    phase: index < 2 ? ("general" as const) : ("normal" as const),
    step: 2 + moments.integer(18),
  }));

  test.each(points)(
    "at step $step of the $phase phase, then --resume, ends with the same weights",
    async ({ phase, step }) => {
      const name = `killed-${phase}-${step}`;
      const { child, outcome } = startOutglow(folder.path, [...train, `--out=${name}`]);
      const log = join(folder.path, name, "run", `${phase}.metrics.jsonl`);
      await untilLogged(log, step, outcome);
      child.kill("SIGKILL");
      expect((await outcome).signal).toBe("SIGKILL");
      expect(await readdir(join(folder.path, name))).toEqual(["run"]);
      const resumed = await runOutglow(folder.path, "train", "--resume", `--out=${name}`);
      expect(resumed.stderr).not.toContain("outglow:");
      expect(resumed.stderr).toMatch(new RegExp(`training the ${phase} model \\(.*going on from step`));
      expect(await fingerprints(name)).toEqual(reference);
      expect(await loggedSteps(name)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    },
  );

  test("after a kill, a broken line in the log costs that line's step and no more", async () => {
    const name = "broken-log";
    await cp(join(folder.path, "reference"), join(folder.path, name), { recursive: true });
    const log = join(folder.path, name, "run", "normal.metrics.jsonl");
    const lines = (await readFile(log, "utf8")).split("\n");
    lines[20] = "\0\0\0";
    await writeFile(log, lines.join("\n"));
    const resumed = await runOutglow(folder.path, "train", "--resume", `--out=${name}`);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await fingerprints(name)).toEqual(reference);
    expect(await loggedSteps(name)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1).filter((step) => step !== 21),
    );
  });

  test("a run that another process works on is left to it", async () => {
    const name = "locked";
    const { child, outcome } = startOutglow(folder.path, [...train, `--out=${name}`, "--general-steps=100000"]);
    const log = join(folder.path, name, "run", "general.metrics.jsonl");
    await untilLogged(log, 3, outcome);
    const resumed = await runOutglow(folder.path, "train", "--resume", `--out=${name}`);
    const replaced = await runOutglow(folder.path, ...train, `--out=${name}`, "--force", "--steps=1");
    child.kill("SIGKILL");
    await outcome;
    for (const second of [resumed, replaced]) {
      expect(second.code).toBe(1);
      expect(second.stderr).toMatch(new RegExp(`got one with process ${child.pid} on .*; stop that one first`));
    }
  });
});

test("a PixelCNN++ that is killed in both phases ends with the same weights", async () => {
  const own = ["--architecture=pixelcnn", "--size=8", "--depth=1", "--width=3", "--objective=outlier"];
  const usual = train.filter((flag) => !/^--(scales|size|depth|width|general-steps)/.test(flag));
  const pixels = [...usual, ...own, "--general-steps=8", "--steps=8"];
  const undisturbed = await runOutglow(folder.path, ...pixels, "--out=pixels-reference");
  expect(undisturbed.code, undisturbed.stderr).toBe(0);
  let args = [...pixels, "--out=pixels-killed"];
  for (const phase of ["general", "normal"]) {
    const { child, outcome } = startOutglow(folder.path, args);
    await untilLogged(join(folder.path, "pixels-killed", "run", `${phase}.metrics.jsonl`), 2, outcome);
    child.kill("SIGKILL");
    expect((await outcome).signal).toBe("SIGKILL");
    args = ["train", "--resume", "--out=pixels-killed"];
  }
  const resumed = await runOutglow(folder.path, ...args);
  expect(resumed.stderr).toMatch(/training the normal model \(.*going on from step/);
  expect(await fingerprints("pixels-killed")).toEqual(await fingerprints("pixels-reference"));
  expect(await loggedSteps("pixels-killed")).toEqual(Array.from({ length: 8 }, (_, index) => index + 1));
});

test("with classes and a classifier, a run that is killed in both phases ends with the same weights", async () => {
  for (const kind of ["crosses", "stars"] as const) {
    await writeMadeImages(join(folder.path, "classes", kind), kind, 60);
  }
  const more = ["--normal=classes", "--classes", "--objective=outlier", "--classifier=exposed", "--general-steps=1"];
  const files = ["weights.safetensors", "classifier.safetensors", "classifier.onnx", "golden.safetensors"];
  const undisturbed = await runOutglow(folder.path, ...train, ...more, "--out=classes-reference");
  expect(undisturbed.code, undisturbed.stderr).toBe(0);
  let args = [...train, ...more, "--out=classes-killed"];
  for (const phase of ["normal", "classifier"]) {
    const { child, outcome } = startOutglow(folder.path, args);
    const log = join(folder.path, "classes-killed", "run", `${phase}.metrics.jsonl`);
    await untilLogged(log, 7, outcome);
    child.kill("SIGKILL");
    expect((await outcome).signal).toBe("SIGKILL");
    args = ["train", "--resume", "--out=classes-killed"];
  }
  const resumed = await runOutglow(folder.path, ...args);
  expect(resumed.stderr).toMatch(/training the classifier model \(.*going on from step/);
  expect(await fingerprints("classes-killed", files)).toEqual(await fingerprints("classes-reference", files));
  for (const phase of ["normal", "classifier"]) {
    expect(await loggedSteps("classes-killed", phase)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  }
});

test("Ctrl-C saves, names the command that resumes, and that command ends with the same weights", async () => {
  const { child, outcome } = startOutglow(folder.path, [...train, "--out=interrupted", "--checkpoint-every=1h"]);
  await untilSaid(child, "step", outcome);
  child.kill("SIGINT");
  const stopped = await outcome;
  expect(stopped.stderr).toContain("outglow train --resume --out interrupted");
  expect(stopped.code).toBe(130);
  const resumed = await runOutglow(folder.path, "train", "--resume", "--out", "interrupted");
  expect(resumed.code).toBe(0);
  expect(await fingerprints("interrupted")).toEqual(reference);
});

test("--resume with other images is refused", async () => {
  await cp(join(folder.path, "reference"), join(folder.path, "moved"), { recursive: true });
  const config = join(folder.path, "moved", "run", "config.json");
  const record = JSON.parse(await readFile(config, "utf8")) as { normal: { location: string } };
  record.normal.location = join(folder.path, "general");
  await writeFile(config, JSON.stringify(record));
  const outcome = await runOutglow(folder.path, "train", "--resume", "--out=moved");
  expect(outcome.stderr).toMatch(/outglow: --resume: expected the images the run began with/);
  expect(outcome.code).toBe(2);
});

test.each([
  ["no JSON", "not json", /config\.json': expected JSON/],
  ["missing parts", "{}", /config\.json': expected the record of a run, got configuration: /],
])("--resume of a run whose record has %s is refused in one line", async (_name, text, message) => {
  const name = `damaged-${text.length}`;
  await cp(join(folder.path, "reference"), join(folder.path, name), { recursive: true });
  await writeFile(join(folder.path, name, "run", "config.json"), text);
  const outcome = await runOutglow(folder.path, "train", "--resume", `--out=${name}`);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).not.toMatch(/\n\s+at /);
  expect(outcome.code).toBe(1);
});
