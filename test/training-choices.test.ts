/** What a training can be told about general models, starts, outliers and local models, and what it refuses. */
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { readTensors } from "../src/nn/index.ts";
import { loadCheckpoint } from "../src/train/index.ts";
import { type Outcome, quickTraining, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const { at, run } = ownWorkplace();
const train = (out: string, ...more: string[]): Promise<Outcome> =>
  run("train", `--out=${out}`, ...quickTraining, ...more);

async function succeed(outcome: Promise<Outcome>): Promise<Outcome> {
  const result = await outcome;
  expect(result.code, result.stderr).toBe(0);
  return result;
}

async function manifestOf(name: string) {
  return JSON.parse(await readFile(at(name, "detector.json"), "utf8"));
}

async function firstMeasures(name: string) {
  const text = await readFile(at(name, "run", "normal.metrics.jsonl"), "utf8");
  return JSON.parse(text.split("\n")[0]!).measures;
}

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 100);
  await writeMadeImages(at("general"), "general", 60);
  await writeMadeImages(at("crosses"), "crosses", 40);
  await succeed(train("photos", "--as=general", "--general=general"));
}, 60_000);

describe("a general model", () => {
  test("is trained once and shared, and is no detector itself", async () => {
    expect(await manifestOf("photos")).toMatchObject({ role: "general", models: { general: null } });
    await succeed(train("shares", "--normal=normal", "--general-detector=photos"));
    const weights = (name: string, file: string) => readFile(at(name, file));
    expect(await weights("shares", "general.safetensors")).toEqual(await weights("photos", "weights.safetensors"));
    const { code, stderr } = await run("predict", "photos", "normal");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /expected a detector, got the general model 'photos'; train one on normal images with --normal and --general/,
    );
  });
});

describe("the start of the normal model", () => {
  test.each([
    ["the general model", [], "photos", "weights.safetensors", true],
    ["another detector", ["--init=start"], "start", "weights.safetensors", true],
    ["fresh weights", ["--init=fresh"], "photos", "weights.safetensors", false],
  ])("is %s", async (label, flags, source, file, same) => {
    if (label === "another detector") await succeed(train("start", "--normal=crosses"));
    const name = `from-${source}-${same}`;
    await succeed(
      train(name, "--normal=normal", "--general-detector=photos", ...flags, "--steps=1", "--learning-rate=1e-9"),
    );
    const { tensors } = readTensors(await readFile(at(source, file)), "start");
    const begun = readTensors(await readFile(at(name, "weights.safetensors")), "begun").tensors;
    const key = "scale0.step0.coupling.conv1.weight";
    const close = Array.from(tensors[key]!.data).every(
      (value, index) => Math.abs(value - begun[key]!.data[index]!) < 1e-6,
    );
    expect(close).toBe(same);
  });

  test("and its scales: those that are not named stay as they are", async () => {
    await succeed(train("fine", "--normal=normal", "--general-detector=photos", "--fine-tune=1"));
    const before = readTensors(await readFile(at("photos", "weights.safetensors")), "before").tensors;
    const after = readTensors(await readFile(at("fine", "weights.safetensors")), "after").tensors;
    const changed = Object.keys(before).filter(
      (name) => Buffer.compare(bytesOf(before[name]!.data), bytesOf(after[name]!.data)) !== 0,
    );
    expect(changed.length).toBeGreaterThan(10);
    expect(changed.filter((name) => !/^(scale1|prior1)\./.test(name))).toEqual([]);
  });
});

describe("a start that was trained on the same images", () => {
  test("is silent where both hold out the same ones, and counts what leaks where not", async () => {
    await succeed(train("first", "--normal=normal", "--held-out=0.2"));
    const again = (out: string, ...flags: string[]) =>
      succeed(train(out, "--normal=normal", "--init=first", "--held-out=0.2", ...flags));
    expect((await again("same")).stderr).not.toContain("trained on by");
    const { stderr } = await again("leaks", "--seed=1");
    const [, seen] = /(\d+) of 20 held-out normal images were trained on by the detector of --init/.exec(stderr)!;
    expect(Number(seen)).toBeGreaterThan(8);
    expect(Number(seen)).toBeLessThan(20);
  });
});

function bytesOf(data: Float32Array | Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

describe("outliers", () => {
  test("cost weight ln 2 before the first step, and the log has both terms", async () => {
    const { stderr } = await succeed(
      train("outliers", "--normal=normal", "--general=general", "--objective=outlier", "--general-steps=20"),
    );
    const { negativeLogLikelihood, outlierLoss, outlierDifference } = await firstMeasures("outliers");
    const share = 256 / 3072;
    expect(outlierLoss).toBeCloseTo(6000 * share * Math.LN2, 2);
    expect(Math.abs(outlierDifference)).toBeLessThan(1e-3);
    expect(negativeLogLikelihood).toBeLessThan(0);
    expect((await manifestOf("outliers")).training.objective).toEqual({
      loss: "outlier",
      weight: 6000 * share,
      temperature: 1000 * share,
    });
    expect(stderr).toMatch(/outlier loss \d+\.\d, difference -?\d+ nats/);
  });

  test("of the margin loss need no general model", async () => {
    await succeed(train("margin", "--normal=normal", "--outliers=crosses", "--objective=margin", "--margin=50"));
    expect((await manifestOf("margin")).training.objective).toEqual({ loss: "margin", weight: 1, margin: 50 });
    expect((await firstMeasures("margin")).outlierLoss).toBeGreaterThan(0);
  });

  test("that are normal images are counted and left out", async () => {
    await writeMadeImages(at("mixed"), "normal", 10, "normal");
    await writeMadeImages(at("mixed"), "stars", 30);
    const outcome = await succeed(train("mixed-out", "--normal=normal", "--outliers=mixed", "--objective=margin"));
    expect(outcome.stderr).toMatch(/10 outliers are exact duplicates of normal images and are left out/);
  });
});

describe("a local model", () => {
  test("comes with the score ratio-local", async () => {
    await succeed(train("local", "--normal=normal", "--local", "--held-out=0.4"));
    const manifest = await manifestOf("local");
    expect(manifest.models.local).toMatchObject({ weights: "local.safetensors", steps: 30 });
    expect(Object.keys(manifest.calibration.scores)).toContain("ratio-local");
    const { stdout } = await succeed(run("predict", "local", "crosses", "--score=ratio-local"));
    expect(stdout.split("\n")[0]).toContain("ratio-local");
    const progress = (await loadCheckpoint(at("local", "run", "local.checkpoint.safetensors")))!.progress;
    expect(progress.finished).toBe(true);
  });
});

describe("what does not go together", () => {
  test.each([
    [
      ["--normal=normal", "--objective=outlier", "--general-detector=photos"],
      /--objective outlier: expected images that are not normal, got none; give --outliers$/m,
    ],
    [
      ["--normal=normal", "--objective=outlier", "--outliers=crosses"],
      /--objective outlier: expected a general model to compare with, got none; give --general/,
    ],
    [
      ["--normal=normal", "--outliers=crosses"],
      /--outliers: expected --objective outlier or margin, or --classifier exposed, got none of them/,
    ],
    [["--normal=normal", "--outlier-weight=3"], /--outlier-weight: expected another --objective, got nll/],
    [["--normal=normal", "--init=general"], /--init general: expected a general model, got none/],
    [["--normal=normal", "--fine-tune=2"], /--fine-tune: expected scales from 0 to 1, got 2/],
    [["--normal=normal", "--fine-tune=1"], /--fine-tune: expected a trained model to start from, got a fresh one/],
    [["--normal=normal", "--local", "--size=20"], /patch: expected a size divisible by the patches' 8, got 20x20/],
    [["--normal=normal", "--general-steps=9"], /--general-steps: expected a general model .*; give --general or/],
    [["--as=general", "--general=general", "--general-time=9s"], /--general-time: expected .*; give --time or leave/],
    [["--as=general"], /--as general: expected images in --general, got none/],
    [["--as=general", "--general=general", "--local"], /--as general: expected nothing but images, got --local/],
    [
      ["--normal=normal", "--init=photos", "--depth=3"],
      /--init: expected a model of .* depth 3.* got one of .* depth 1/,
    ],
    [
      ["--normal=normal", "--general-detector=photos", "--fit=pad"],
      /--general-detector: expected images of other proportions prepared by --fit pad, got 'photos', trained with --fit stretch; give the same/,
    ],
    [
      ["--normal=normal", "--outliers=normal", "--objective=margin"],
      /--outliers: expected two images or more that differ from every normal image, got 0/,
    ],
  ])("%s", async (flags, message) => {
    const { code, stderr } = await train("refused", ...flags);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("training the");
    expect(stderr.split("\n").filter((line) => line.startsWith("outglow:"))).toHaveLength(1);
    expect(code).toBe(2);
  });
});
