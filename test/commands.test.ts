/** The commands on small made images: what they print, write, keep and refuse. */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { loadManifest, manifestName } from "../src/detector/index.ts";
import { writeManifest } from "../src/detector/manifest.ts";
import type { EvaluationReport } from "../src/workflow/index.ts";
import { type Outcome, quickTraining, startOutglow, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const folder = ownWorkplace();
const { at, run, succeed } = folder;

/** Rewrites a manifest as if its calibration had never known the scores whose names match. */
async function forgetScores(detector: string, pattern: RegExp): Promise<void> {
  const manifest = await loadManifest(detector);
  const scores = Object.entries(manifest.calibration.scores).filter(([name]) => !pattern.test(name));
  const calibration = { ...manifest.calibration, scores: Object.fromEntries(scores) };
  await writeFile(join(detector, manifestName), await writeManifest({ ...manifest, calibration }));
}

/** What the training of `plain` said: a detector of normal images alone. */
let plain: Outcome;

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 100);
  await writeMadeImages(at("general"), "general", 60);
  await writeMadeImages(at("test-normal"), "normal", 30, "test");
  await writeMadeImages(at("crosses"), "crosses", 30);
  await succeed("train", "--normal=normal", "--general=general", "--out=detector", ...quickTraining, "--held-out=0.4");
  plain = await succeed("train", "--normal=normal", "--out=plain", ...quickTraining);
});

describe("train", () => {
  test("leaves the files of a detector", async () => {
    expect((await readdir(at("detector"))).sort()).toEqual([
      "detector.json",
      "general.onnx",
      "general.safetensors",
      "golden.safetensors",
      "model.onnx",
      "run",
      "weights.safetensors",
    ]);
    expect((await readdir(at("detector", "run"))).sort()).toEqual([
      "config.json",
      "general.checkpoint.safetensors",
      "general.hashes",
      "general.metrics.jsonl",
      "normal.checkpoint.safetensors",
      "normal.hashes",
      "normal.metrics.jsonl",
      "split.csv",
    ]);
  });

  test("shows the very split that it uses", async () => {
    const [head, ...rows] = (await readFile(at("detector", "run", "split.csv"), "utf8")).trimEnd().split("\n");
    expect(head).toBe("set,image,class,side");
    const manifest = JSON.parse(await readFile(at("detector", "detector.json"), "utf8"));
    const count = (end: string, set: string): number =>
      rows.filter((row) => row.startsWith(`${set},${set}/`) && row.endsWith(end)).length;
    expect(rows).toHaveLength(manifest.data.normal.count + manifest.data.general.count);
    expect(count(",held out", "normal")).toBe(manifest.calibration.count);
    expect(count(",trained on", "normal")).toBe(manifest.data.normal.count - manifest.calibration.count);
    expect(count(",held out", "general")).toBe(Math.round(manifest.training.heldOut * manifest.data.general.count));
  });

  test("moves no image to the other side for another one, where each is told by its content", async () => {
    const sidesOf = async (data: string, out: string): Promise<ReadonlyMap<string, string>> => {
      await succeed(
        "train",
        `--normal=${data}`,
        `--out=${out}`,
        "--split-by=content",
        "--held-out=0.3",
        ...quickTraining,
      );
      const table = await readFile(at(out, "run", "split.csv"), "utf8");
      return new Map(
        table
          .trimEnd()
          .split("\n")
          .slice(1)
          .map((row) => [row.split(",")[1]!, row.split(",")[3]!]),
      );
    };
    const few = await sidesOf("normal#limit=40,seed=1", "by-content-few");
    const all = await sidesOf("normal", "by-content");
    expect([...few].filter(([image, side]) => all.get(image) !== side)).toEqual([]);
    expect(new Set(few.values())).toEqual(new Set(["trained on", "held out"]));
  });

  test("says before the first step what the images resolve, and advises at the end what marks something", async () => {
    const { stderr } = await succeed("train", "--normal=normal", "--out=advised", ...quickTraining);
    const lines = stderr.trim().split("\n");
    const told = lines.findIndex((line) =>
      /^100 normal images will resolve .* from 0\.091; a rate of 0\.01 takes 985 normal images$/.test(line),
    );
    expect(told, stderr).toBeGreaterThanOrEqual(0);
    expect(told).toBeLessThan(lines.findIndex((line) => line.startsWith("training the")));
    const [, advised] = /next: outglow predict advised IMAGES --false-alarm ([\d.]+)$/.exec(stderr.trim())!;
    const predicted = await succeed("predict", "advised", "crosses", `--false-alarm=${advised}`);
    expect(predicted.stderr).not.toContain("nothing is marked");
    const below = await succeed("predict", "advised", "crosses", "--false-alarm=0.09");
    expect(below.stderr).toContain("nothing is marked at 0.09; give --false-alarm 0.091 or more");
  });

  test("prints the folder, or with --json one object", async () => {
    expect(plain.stdout).toBe("plain\n");
    const json = await succeed("train", "--normal=normal", "--out=json", "--json", ...quickTraining);
    expect(JSON.parse(json.stdout)).toMatchObject({ detector: "json", defaultScore: "final-scale", skipped: [] });
  });

  test("takes the general model of another detector, and keeps its own copy", async () => {
    await succeed("train", "--as=general", "--general=general", "--out=other", ...quickTraining);
    await succeed("train", "--normal=normal", "--general-detector=other", "--out=borrowed", ...quickTraining);
    const weights = (name: string, file: string) => readFile(at(name, file));
    expect(await weights("borrowed", "general.safetensors")).toEqual(await weights("other", "weights.safetensors"));
  });

  test("takes the general model of a detector that has one, and says so; its normal one is refused", async () => {
    const taken = await succeed(
      "train",
      "--normal=crosses",
      "--general-detector=detector",
      "--out=lent",
      ...quickTraining,
    );
    expect(taken.stderr).toContain(
      "--general-detector: 'detector' is a detector of normal images; its general model is taken",
    );
    const weights = (name: string) => readFile(at(name, "general.safetensors"));
    expect(await weights("lent")).toEqual(await weights("detector"));
    const refused = await run("train", "--normal=crosses", "--general-detector=plain", "--out=no", ...quickTraining);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /--general-detector: expected a model of general images, got the detector 'plain', .*; train one with --as general and --general/,
    );
  });

  test("a general model of another size is refused by name", async () => {
    const { code, stderr } = await run(
      ...["train", "--normal=normal", "--general-detector=detector", "--out=unequal"],
      ...quickTraining.map((flag) => (flag.startsWith("--width") ? "--width=9" : flag)),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/--general-detector: expected a model of .* width 9, got one of .* width 8/);
  });

  test("--force replaces a detector and nothing beside it", async () => {
    await cp(at("detector"), at("forced"), { recursive: true });
    await writeFile(at("forced", "notes.txt"), "mine");
    await succeed("train", "--normal=normal", "--out=forced", "--force", ...quickTraining);
    const names = await readdir(at("forced"));
    expect(names).toContain("notes.txt");
    expect(names).not.toContain("general.onnx");
  });

  test("--force leaves a folder alone that only looks like a run", async () => {
    await mkdir(at("project", "run"), { recursive: true });
    await writeFile(at("project", "run", "notes.txt"), "mine");
    await writeFile(at("project", "code.txt"), "mine");
    const { code, stderr } = await run("train", "--normal=normal", "--out=project", "--force", ...quickTraining);
    expect(code).toBe(2);
    expect(stderr).toMatch(/with other files in it/);
    expect(await readFile(at("project", "run", "notes.txt"), "utf8")).toBe("mine");
  });

  test("--force removes nothing before the new data was read", async () => {
    await cp(at("plain"), at("precious"), { recursive: true });
    const { code } = await run("train", "--normal=nowhere", "--out=precious", "--force", ...quickTraining);
    expect(code).toBe(2);
    expect(await readdir(at("precious"))).toContain("detector.json");
  });

  test("--resume with other settings is refused", async () => {
    const { code, stderr } = await run("train", "--resume", "--out=detector", "--steps=500", "--depth=3");
    expect(code).toBe(2);
    expect(stderr).toMatch(/--resume: expected no other settings than those the run began with, got --steps, --depth/);
  });

  test.each([
    [1, /--normal.*expected 3 images or more.*got 1/],
    [2, /--normal.*expected 3 images or more.*got 2/],
  ])("%i images are too few, and the folder stays free", async (count, message) => {
    await writeMadeImages(at(`few-${count}`), "normal", count);
    const { code, stderr } = await run("train", `--normal=few-${count}`, `--out=of-${count}`, ...quickTraining);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(message);
    expect(await readdir(folder.path)).not.toContain(`of-${count}`);
  });

  test("three images, fewer than a batch, are enough", async () => {
    await writeMadeImages(at("three"), "normal", 3);
    await succeed("train", "--normal=three", "--out=of-three", ...quickTraining);
  });

  test("images that equal held-out ones are left out of training, and said so", async () => {
    await writeMadeImages(at("twice", "a"), "normal", 20);
    await writeMadeImages(at("twice", "b"), "normal", 20);
    const { stderr } = await succeed("train", "--normal=twice", "--out=of-twice", ...quickTraining);
    expect(stderr).toMatch(/\d+ normal images equal held-out normal ones and are not trained on/);
  });
});

describe("predict", () => {
  test("prints a line for every image in input order, every score in it", async () => {
    const { stdout } = await succeed("predict", "detector", "test-normal", "crosses", "--quiet");
    const [header, ...lines] = stdout.trim().split("\n");
    expect(header).toMatch(
      /^file,score,p_value,anomalous,rule,spokesman,joined,hierarchy,hierarchy-normal,likelihood,final-scale,ratio,/,
    );
    expect(lines).toHaveLength(60);
    expect(lines[0]).toMatch(/^test-normal\/.*\.png,/);
    expect(lines[59]).toMatch(/^crosses\/.*\.png,/);
  });

  test("has columns of coders where the chosen score needs them, and only there", async () => {
    const plain = await succeed("predict", "detector", "crosses", "--quiet");
    expect(plain.stdout.split("\n")[0]).not.toMatch(/png|webp/);
    const { stdout } = await succeed("predict", "detector", "crosses", "--score=ratio-png", "--json");
    const { images, score } = JSON.parse(stdout) as {
      images: { score: number; scores: Record<string, number> }[];
      score: string;
    };
    expect(score).toBe("ratio-png");
    for (const image of images) {
      const { likelihood, png } = image.scores;
      expect(image.score).toBeCloseTo(256 * Math.log(256) + likelihood! - png!, 9);
      expect(png! / Math.LN2 / 8).toBeCloseTo(Math.round(png! / Math.LN2 / 8), 6); // whole bytes
    }
  });

  test("a detector from before coders were calibrated predicts, and says how to come to their scores", async () => {
    await cp(at("detector"), at("old"), { recursive: true });
    await forgetScores(at("old"), /png|webp/);
    await succeed("predict", "old", "crosses", "--quiet");
    const { code, stdout, stderr } = await run("predict", "old", "crosses", "--score=ratio-png");
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /score ratio-png: expected one of the calibrated scores hierarchy, .*; calibrate with this version/,
    );
    expect(stderr).not.toContain("scoring");
    const evaluated = await succeed("evaluate", "old", "--normal=test-normal", "--anomalous=crosses");
    expect(evaluated.stdout).toMatch(/^ratio-png +[01]\./m);
  });

  test("a score whose model the detector lacks names the flag", async () => {
    const { code, stderr } = await run("predict", "detector", "crosses", "--score=ratio-local");
    expect(code).toBe(2);
    expect(stderr).toMatch(/score ratio-local: expected a detector with a local model, .*; train with --local/);
  });

  test("--sort puts the most anomalous first, by the score that is asked for", async () => {
    const { stdout } = await succeed("predict", "detector", "test-normal", "--sort", "--score=likelihood", "--json");
    const { images, score } = JSON.parse(stdout) as { images: { score: number }[]; score: string };
    expect(score).toBe("likelihood");
    const scores = images.map((image) => image.score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  test("--out takes its format from the name, and --json still prints", async () => {
    const { stdout } = await succeed("predict", "detector", "crosses", "--out=crosses.csv", "--json");
    expect((JSON.parse(stdout) as { images: unknown[] }).images).toHaveLength(30);
    expect(await readFile(at("crosses.csv"), "utf8")).toMatch(/^file,score/);
  });

  test.each([
    ["in a folder that is scored", ["crosses"], "crosses/sheet.png"],
    ["below it", ["."], "most-anomalous.png"],
  ])("a contact sheet %s is refused: it would be scored the next time", async (_where, images, sheet) => {
    const { code, stdout, stderr } = await run("predict", "detector", ...images, "--top=5", `--sheet=${sheet}`);
    expect(stderr).toMatch(
      /--sheet: expected a place outside of the images that are scored, .* got '.*\.png'; choose another/,
    );
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("--top draws a contact sheet", async () => {
    await succeed("predict", "detector", "crosses", "--top=5", "--sheet=sheet.png", "--quiet");
    const { format, width, height } = await sharp(at("sheet.png")).metadata();
    expect(format).toBe("png");
    expect(width).toBeGreaterThan(5 * 128);
    expect(height).toBeGreaterThan(128);
  });

  test("marks every image at the most generous rate and none below what the calibration resolves", async () => {
    const all = await succeed("predict", "detector", "crosses", "--false-alarm=0.999", "--quiet");
    const marked = (text: string): number => text.split("\n").filter((line) => line.includes(",true,")).length;
    const none = await succeed("predict", "detector", "crosses", "--false-alarm=0.001");
    expect(marked(all.stdout)).toBeGreaterThan(15);
    expect(marked(none.stdout)).toBe(0);
    expect(none.stderr).toMatch(
      /warning: 40 calibration images resolve false-alarm rates from 0\.025, so nothing is marked at 0\.001; give --false-alarm 0\.025 or more, or train with 4,992 normal images\n/,
    );
  });

  test.each([
    ["a location that does not exist", ["predict", "detector", "crosses", "nowhere"], /got nothing at 'nowhere'/],
    ["a folder that does not exist", ["predict", "detector", "crosses", "--out=no/scores.csv"], /make 'no' first/],
    [
      "another format",
      ["predict", "detector", "crosses", "--out=scores.txt"],
      /ends in \.csv or \.json, got 'scores\.txt'/,
    ],
  ])("%s is found before anything is scored", async (_name, args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("scoring");
  });
});

describe("evaluate", () => {
  const sets = ["--normal=test-normal", "--anomalous=crosses", "--anomalous=again=crosses"];
  let evaluated: Outcome;

  beforeAll(async () => {
    evaluated = await succeed("evaluate", "detector", ...sets);
  });

  test("prints a table of every score and set and writes the numbers beside it", async () => {
    const { stdout, stderr } = evaluated;
    expect(stdout).toMatch(/score +crosses +again/);
    expect(stdout).toMatch(/joined \(default\) +[01]\.\d{3} \[/);
    expect(stdout).toContain("rank correlation of both models' likelihoods: normal ");
    const [, path] = /written: (.+)/.exec(stderr)!;
    const report = JSON.parse(await readFile(at(path!), "utf8")) as EvaluationReport;
    expect(Object.keys(report.sets)).toEqual(["normal", "crosses", "again"]);
    expect(report.sets.crosses).toMatchObject({ location: "crosses", count: 30, skipped: [] });
    const of = (set: string) => report.evaluations.filter((evaluation) => evaluation.set === set);
    expect(of("crosses").map(({ auroc }) => auroc)).toEqual(of("again").map(({ auroc }) => auroc));
  });

  test("has coders among the scores, unless --no-coders leaves them out", async () => {
    const { stdout } = evaluated;
    const without = await succeed("evaluate", "detector", ...sets, "--no-coders");
    for (const score of ["ratio-png", "ratio-webp", "png", "webp"]) {
      expect(stdout).toMatch(new RegExp(`^${score} +[01]\\.`, "m"));
      expect(without.stdout).not.toMatch(new RegExp(`^${score} `, "m"));
    }
    expect(without.stdout).toMatch(/^ratio +[01]\./m);
  });

  test("never replaces an earlier report", async () => {
    const reports = async () => (await readdir(at("detector"))).filter((name) => name.startsWith("evaluation-"));
    const before = await reports();
    expect(before.length).toBeGreaterThan(0);
    await succeed("evaluate", "detector", ...sets, "--no-coders");
    const after = await reports();
    expect(after).toHaveLength(before.length + 1);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  test("two sets of one name are refused", async () => {
    const { code, stderr } = await run(
      "evaluate",
      "detector",
      "--normal=test-normal",
      "--anomalous=crosses",
      "--anomalous=crosses",
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/--anomalous: expected different names, got 'crosses' again/);
  });
});

test("sample draws a grid, the same for the same seed", async () => {
  await succeed("sample", "detector", "--count=4", "--out=one.png", "--seed=3");
  await succeed("sample", "detector", "--count=4", "--out=two.png", "--seed=3");
  await succeed("sample", "detector", "--count=4", "--out=three.png", "--model=general");
  expect(await readFile(at("one.png"))).toEqual(await readFile(at("two.png")));
  expect(await readFile(at("one.png"))).not.toEqual(await readFile(at("three.png")));
});

test("doctor finds the engine sound", async () => {
  const { stdout } = await succeed("doctor", "--json");
  const { checks, devices } = JSON.parse(stdout) as {
    checks: { name: string; passed: boolean }[];
    devices: { name: string; works: boolean; detail: string }[];
  };
  expect(checks.map(({ name, passed }) => [name, passed])).toEqual([
    ["training", true],
    ["determinism", true],
  ]);
  expect(devices.map(({ name }) => name)).toEqual(["cpu", "webgpu", "cuda"]);
  expect(devices[0]).toEqual({ name: "cpu", works: true, detail: "works" });
  for (const { name, works, detail } of devices.slice(1)) {
    expect(detail).toMatch(works ? /^works/ : new RegExp(`^--device ${name}: expected .*; .*--device cpu$`));
  }
});

test("a reader that stops early is no failure", async () => {
  const program = new URL("../dist/cli/main.js", import.meta.url).pathname;
  const command = `"${process.execPath}" "${program}" predict detector test-normal --json --quiet | head -c 10; exit \${PIPESTATUS[0]}`;
  const { stdout } = await promisify(execFile)("bash", ["-c", command], { cwd: folder.path });
  expect(stdout).toBe('{"score":"');
});

test("Ctrl-C while predicting leaves nothing behind", async () => {
  const before = await readdir(folder.path);
  const args = ["predict", "detector", "builtin#limit=20000", "--out", "interrupted.csv"];
  const { child, outcome } = startOutglow(folder.path, args);
  await vi.waitUntil(
    async () => (await readdir(folder.path)).some((name) => name.startsWith("interrupted.csv.")),
    20_000,
  );
  child.kill("SIGINT");
  expect((await outcome).code).toBe(130);
  expect(await readdir(folder.path)).toEqual(before);
});

// Most tests run many commands in one process: it has to do as one of its own does, and that one has to end.
test.each([
  ["train", "--as=general", "--general=general", ...quickTraining, "--steps=1", "--force", "--out=general-alone"],
  ["predict", "detector", "crosses", "--sort", "--top=2", "--force"],
  ["evaluate", "detector", "--normal=test-normal", "--anomalous=crosses", "--no-coders"],
  ["calibrate", "detector-alone", "--threshold=3"],
  ["analyze", "plain", "--data=crosses", "--limit=2", "--score=likelihood", "--no-coders", "--force", "--out=page"],
  ["sample", "detector", "--count=2", "--out=alone.png", "--force"],
  ["scores", "detector"],
  ["scores", "nothing"],
])("%s in a process of its own does as beside others", async (...args) => {
  await cp(at("detector"), at("detector-alone"), { recursive: true, force: true });
  const alone = await startOutglow(folder.path, args).outcome;
  const { code, signal, stdout } = await run(...args);
  expect(alone).toMatchObject({ code, signal, stdout });
});

test("the help that is at hand is the parser's", async () => {
  const { stdout } = await succeed("help");
  expect(stdout).toMatch(/^Usage: outglow/);
  for (const flag of ["--help", "-h"]) expect((await succeed(flag)).stdout).toBe(stdout);
});
