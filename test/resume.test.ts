/** Training that is stopped, in every way, goes on as if it had never been. */
import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { quickTraining, runOutglow, startOutglow, temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let reference: string[];

const train = [
  "train",
  "--normal=normal",
  "--general=general",
  "--general-steps=25",
  "--checkpoint-every=0.05s",
  ...quickTraining,
];

/** Checksums of everything the weights depend on and everything that depends on them. */
async function fingerprints(detector: string): Promise<string[]> {
  const files = ["weights.safetensors", "general.safetensors", "model.onnx", "golden.safetensors"];
  const contents = await Promise.all(files.map((name) => readFile(join(folder.path, detector, name))));
  return contents.map((bytes) => createHash("sha256").update(bytes).digest("hex"));
}

async function loggedSteps(detector: string): Promise<number[]> {
  const text = await readFile(join(folder.path, detector, "run", "normal.metrics.jsonl"), "utf8");
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
  // Seeded moments spread over the run, start-up included.
  const moments = randomKey("kill").stream();
  const delays = Array.from({ length: 5 }, () => 300 + moments.integer(1500));

  test.each(delays)("after %i ms, then --resume, ends with the same weights", async (delay) => {
    const name = `killed-${delay}`;
    const { child, outcome } = startOutglow(folder.path, [...train, `--out=${name}`]);
    await wait(delay);
    child.kill("SIGKILL");
    await outcome;
    const begun = await access(join(folder.path, name, "run", "config.json")).then(
      () => true,
      () => false,
    );
    const arguments_ = begun
      ? ["train", "--resume", `--out=${name}`, "--checkpoint-every=0.05s"]
      : [...train, `--out=${name}`];
    const resumed = await runOutglow(folder.path, ...arguments_);
    expect(resumed.stderr).not.toContain("outglow:");
    expect(await fingerprints(name)).toEqual(reference);
    expect(await loggedSteps(name)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });
});

test("Ctrl-C saves, names the command that resumes, and that command ends with the same weights", async () => {
  const { child, outcome } = startOutglow(folder.path, [...train, "--out=interrupted", "--checkpoint-every=1h"]);
  await new Promise<void>((resolve) => {
    child.stderr?.on("data", (text: string) => {
      if (text.includes("step")) resolve();
    });
  });
  child.kill("SIGINT");
  const stopped = await outcome;
  expect(stopped.stderr).toContain("outglow train --resume --out interrupted");
  expect(stopped.code).toBe(130);
  const resumed = await runOutglow(folder.path, "train", "--resume", "--out", "interrupted");
  expect(resumed.code).toBe(0);
  expect(await fingerprints("interrupted")).toEqual(reference);
});

test("--resume with other images is refused", async () => {
  await runOutglow(folder.path, ...train, "--out=moved");
  await writeMadeImages(join(folder.path, "normal-copy"), "normal", 120);
  const { path } = folder;
  const config = join(path, "moved", "run", "config.json");
  const text = await readFile(config, "utf8");
  const { writeFile } = await import("node:fs/promises");
  await writeFile(config, text.replace('"location": "normal"', '"location": "general"'));
  const outcome = await runOutglow(path, "train", "--resume", "--out=moved");
  expect(outcome.stderr).toMatch(/outglow: train: --resume expects the images the run began with/);
  expect(outcome.code).toBe(2);
});
