/** `outglow reproduce` on tiny models: the table, the files, going on, and what it refuses. */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadManifest } from "../src/detector/index.ts";
import { type Plan, type ReproductionResults, reproduce } from "../src/experiments/index.ts";
import type { EvaluationReport, WorkflowEvent } from "../src/workflow/index.ts";
import { type Outcome, runOutglow, startOutglow, temporaryFolder, writeMadeImages } from "./command.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
const run = (...args: string[]): Promise<Outcome> => runOutglow(folder.path, "reproduce", ...args);

const tiny = ["--general-steps=8", "--steps=6", "--depth=1", "--width=8", "--limit=40", "--threads=1"];

/** Sets of anomalous images in `given/`, and the flags of all images there: few, where the suite quick makes 3,900. */
const kinds = ["crosses", "trios"] as const;
const given = ["--config=given.json", "--size=16", "--batch=16"];

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeMadeImages(at("given", "rings"), "normal", 210);
  await writeMadeImages(at("given", "general"), "general", 100);
  for (const kind of kinds) await writeMadeImages(at("given", kind), kind, 44);
  const anomalous = Object.fromEntries(kinds.map((kind) => [kind, `given/${kind}`]));
  await writeFile(at("given.json"), JSON.stringify({ normal: "given/rings", anomalous, general: "given/general" }));
});

afterAll(() => folder.dispose());

/** The rows of the first table under a heading: cells by column. */
function tableUnder(markdown: string, heading: string): Record<string, string>[] {
  const lines = markdown.split(`## ${heading}\n`)[1]!.trim().split("\n");
  const cells = (line: string): string[] =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim());
  const rows = lines.slice(
    2,
    lines.findIndex((line) => !line.startsWith("|")),
  );
  const names = cells(lines[0]!);
  return rows.map((row) => Object.fromEntries(cells(row).map((cell, index) => [names[index], cell])));
}

describe("the paper's methods", () => {
  let first: Outcome;
  let outcome: Outcome;
  let results: ReproductionResults;
  let weightsBefore: number;
  const weights = (): string => at("paper", "seed-0", "plain", "weights.safetensors");

  beforeAll(async () => {
    first = await startOutglow(folder.path, [
      "reproduce",
      "fashion",
      "--out=paper",
      "--seeds=1",
      ...given,
      ...tiny,
      "--json",
    ]).outcome;
    expect(first.code, first.stderr).toBe(0);
    weightsBefore = (await stat(weights())).mtimeMs;
    outcome = await run("fashion", "--out=paper", "--seeds=2");
    expect(outcome.code, outcome.stderr).toBe(0);
    results = JSON.parse(await readFile(at("paper", "results.json"), "utf8")) as ReproductionResults;
  }, 180_000);

  test("prints the table that it writes: a row a pair, a column a method, mean (deviation) [interval]", async () => {
    expect(outcome.stdout).toBe(`${await readFile(at("paper", "table.md"), "utf8")}\n`);
    const rows = tableUnder(outcome.stdout, "The paper's methods");
    expect(rows.map((row) => row["Fashion-MNIST against"])).toEqual(["crosses", "trios"]);
    for (const { "Fashion-MNIST against": _, ...cells } of rows) {
      expect(Object.keys(cells)).toEqual([
        "raw",
        "ratio",
        "ratio, margin",
        "ratio, outlier loss",
        "final scale",
        "ratio to local",
        "ratio to PNG",
      ]);
      for (const cell of Object.values(cells)) {
        expect(cell).toMatch(/^[01]\.\d{3} \(\d\.\d{3}\) \[[01]\.\d{3}, [01]\.\d{3}\]$/);
      }
    }
    expect(tableUnder(outcome.stdout, "Scale by scale; scale 0 is the finest")).toHaveLength(6);
  });

  test("writes every number: one a seed, their mean and deviation, an interval around it", () => {
    expect(results.seeds).toEqual([0, 1]);
    for (const { values, mean, deviation, interval, intervals } of [...results.main, ...results.scales]) {
      const [a, b] = values as [number, number];
      expect(mean).toBeCloseTo((a + b) / 2, 12);
      expect(deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
      expect(intervals).toHaveLength(2);
      expect(interval.low).toBeLessThanOrEqual(mean + 1e-12);
      expect(interval.high).toBeGreaterThanOrEqual(mean - 1e-12);
    }
    expect(results.expectations.map(({ held }) => typeof held)).toContain("boolean");
    expect(results.sets.map(({ name, count }) => [name, count])).toEqual([
      ["normal", 40],
      ["crosses", 40],
      ["trios", 40],
    ]);
  });

  test("agrees with what evaluate measures by the commands that it prints", async () => {
    const command = outcome.stdout
      .split("\n")
      .find((line) => line.startsWith("outglow evaluate paper/seed-0/outlier"))!;
    const { stdout } = await runOutglow(folder.path, ...command.split(" ").slice(1), "--json", "--threads=1");
    const { evaluations } = JSON.parse(stdout) as EvaluationReport;
    const own = results.main.filter(({ detector }) => detector === "outlier");
    expect(own.length).toBeGreaterThanOrEqual(4);
    for (const { score, set, values, intervals } of own) {
      const { auroc, aurocInterval } = evaluations.find((one) => one.score === score && one.set === set)!;
      expect([auroc, aurocInterval]).toEqual([values[0], intervals[0]]);
    }
  });

  test("draws the page with its pictures", async () => {
    const page = await readFile(at("paper", "index.html"), "utf8");
    for (const { name } of results.methods.filter(({ group }) => group !== "scales")) expect(page).toContain(name);
    expect(page).toContain("outglow reproduce fashion --out paper");
    expect(await readdir(at("paper", "figures"))).toEqual(
      expect.arrayContaining([
        "auroc.svg",
        "likelihoods-general-plain.svg",
        "rank-correlations.png",
        "histogram-plain-fine-tuning-likelihood.svg",
        "histogram-outlier-loss-ratio.svg",
        "scales-outlier-loss-ratio-scale.svg",
        "sorted-plain-fine-tuning.png",
        "samples-outlier-loss.png",
        "scales-kept-plain-fine-tuning-normal.png",
      ]),
    );
  });

  test("called again with more seeds trains and scores those alone", async () => {
    expect(outcome.stderr).toMatch(/seed 1: general model, 8 steps/);
    expect(outcome.stderr).toMatch(/scoring \w+ with paper\/seed-1/);
    expect(outcome.stderr).not.toMatch(/seed 0:|with paper\/seed-0/);
    expect((await stat(weights())).mtimeMs).toBe(weightsBefore);
    const before = JSON.parse(first.stdout) as ReproductionResults;
    expect(before.main.map(({ values }) => values)).toEqual(results.main.map(({ values }) => values.slice(0, 1)));
  });

  test("takes data from a configuration file, and holds normal images back where there is no test split", async () => {
    const { normal, test, anomalous } = results.plan.data;
    expect(normal).toBe("paper/images/normal-train");
    expect(test).toMatch(/^paper\/images\/normal-test#/);
    expect(anomalous.map(({ location }) => location)).toEqual(
      kinds.map((kind) => expect.stringContaining(`given/${kind}#`)),
    );
    const parts = await Promise.all(["train", "test"].map((part) => readdir(at("paper", "images", `normal-${part}`))));
    expect(parts.map((names) => names.length)).toEqual([168, 42]);
    expect(new Set(parts.flat()).size).toBe(210);
  });

  test("refuses what contradicts the run, in one line", async () => {
    const steps = await run("fashion", "--out=paper", "--steps=7");
    expect(steps).toMatchObject({ code: 2, stdout: "" });
    expect(steps.stderr).toMatch(
      /--steps: expected what 'paper' was begun with \(6\), got 7; leave it out or choose another --out/,
    );
    const suite = await run("quick", "--out=paper");
    expect(suite.stderr).toMatch(
      /suite: expected fashion, with which 'paper' was begun, got quick; choose another --out/,
    );
  });
});

test("Ctrl-C names the command that goes on, and no other", async () => {
  const { child, outcome } = startOutglow(folder.path, [
    "reproduce",
    "fashion",
    "--out=stopped",
    ...given,
    ...tiny,
    "--steps=9999",
  ]);
  await new Promise<void>((resolve) => {
    child.stderr?.on("data", (text: string) => {
      if (text.includes("% step ")) resolve();
    });
    child.once("close", () => resolve());
  });
  child.kill("SIGINT");
  const { code, stderr } = await outcome;
  expect(code).toBe(130);
  expect(stderr).toMatch(/stopped; the same command goes on: outglow reproduce fashion --out stopped/);
  expect(stderr).not.toContain("train --resume");
}, 60_000);

test("a program calls a reproduction of made images off, and what it was begun with stays", async () => {
  const out = at("called");
  const request = {
    suite: "quick",
    out,
    threads: 1,
    steps: 5,
    generalSteps: 5,
    depth: 1,
    width: 8,
    limit: 30,
  } as const;
  const controller = new AbortController();
  const told: string[] = [];
  const onEvent = (event: WorkflowEvent): void => {
    told.push(event.kind);
    if (event.kind === "step" && event.report.step === 2) controller.abort();
  };
  expect(await reproduce(request, { onEvent, signal: controller.signal })).toBeUndefined();
  expect(told).toEqual(expect.arrayContaining(["note", "progress", "phase", "step"]));
  expect(await readdir(at("called", "seed-0"))).toEqual(["general"]);
  const plan = JSON.parse(await readFile(at("called", "plan.json"), "utf8")) as Plan;
  expect(plan).toMatchObject({ title: "Made images", input: { channels: 1, height: 16, width: 16 } });
  const images = await Promise.all(
    (await readdir(join(out, "images"), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => [name, (await readdir(join(out, "images", name))).length]),
  );
  expect(Object.fromEntries(images)).toEqual({
    ...{ "normal-train": 1200, "normal-test": 300, general: 1500 },
    ...{ crosses: 300, stars: 300, trios: 300 },
  });
  await expect(reproduce({ ...request, steps: 6 })).rejects.toMatchObject({
    fault: { code: "conflicting-settings", got: "6" },
  });
}, 60_000);

describe("supervised, with a general model for all seeds", () => {
  const data = ["--normal=classes", "--anomalous=trios=trios", "--general=general", "--general-model=photos"];
  const flags = ["--steps=6", "--limit=40", "--threads=1", "--seeds=1"];
  let results: ReproductionResults;
  let markdown: string;

  beforeAll(async () => {
    for (const [part, count] of [
      ["train", 40],
      ["test", 12],
    ] as const) {
      for (const kind of ["normal", "crosses"] as const) {
        // A class called normal beside others would say that the others are not.
        const name = kind === "normal" ? "rings" : kind;
        await writeMadeImages(at("classes", part, name), kind, count, `${part} ${kind}`);
      }
    }
    await writeMadeImages(at("trios"), "trios", 20);
    await writeMadeImages(at("general"), "general", 60);
    const sizes = ["--size=16", "--scales=2", "--depth=1", "--width=8", "--steps=8", "--threads=1"];
    const general = ["train", "--as=general", "--general=general", "--out=photos", ...sizes];
    expect((await runOutglow(folder.path, ...general)).code).toBe(0);
    const plain = await run("fashion", "--out=classed", ...data, ...flags);
    expect(plain.code, plain.stderr).toBe(0);
    expect(plain.stdout).not.toContain("With the classes");
    const more = await run("fashion", "--out=classed", "--supervised", "--threads=1");
    expect(more.code, more.stderr).toBe(0);
    expect(more.stderr).not.toMatch(/plain model|outlier model/);
    results = JSON.parse(await readFile(at("classed", "results.json"), "utf8")) as ReproductionResults;
    markdown = more.stdout;
  }, 180_000);

  test("a later call adds the table of the paper's supervised setting", () => {
    expect(tableUnder(markdown, "The paper's methods")[0]!.raw).toMatch(/^[01]\.\d{3} \[/);
    const [row] = tableUnder(markdown, "With the classes of the normal images");
    const { "Fashion-MNIST against": set, ...cells } = row!;
    expect(set).toBe("trios");
    expect(Object.keys(cells)).toEqual([
      "class ratio, outlier loss",
      "class likelihood, outlier loss",
      "MSP",
      "MSP, outlier exposure",
    ]);
    for (const cell of Object.values(cells)) expect(cell).toMatch(/^[01]\.\d{3} \[[01]\.\d{3}, [01]\.\d{3}\]$/);
    expect(tableUnder(markdown, "Class accuracy on 24 normal test images")).toHaveLength(1);
  });

  test("agrees with what evaluate measures, class accuracy included", async () => {
    for (const detector of ["classes", "exposed"]) {
      const command = markdown
        .split("\n")
        .find((line) => line.startsWith(`outglow evaluate classed/seed-0/${detector}`))!;
      const { stdout } = await runOutglow(folder.path, ...command.split(" ").slice(1), "--json", "--threads=1");
      const { evaluations, sets } = JSON.parse(stdout) as EvaluationReport;
      for (const { score, values } of results.supervised.filter((one) => one.detector === detector)) {
        expect(evaluations.find((one) => one.score === score)!.auroc).toBe(values[0]);
      }
      const { flow, classifier } = sets.normal!.classAccuracy!;
      const { models } = results.classAccuracy!;
      if (detector === "classes") expect([flow, classifier]).toEqual([models.flow.mean, models.classifier.mean]);
      else expect([flow, classifier]).toEqual([undefined, models.exposedClassifier.mean]);
    }
  });

  test("takes the general model's size, trains no other, and names it in the commands", async () => {
    expect(results.plan).toMatchObject({
      generalModel: { folder: "photos", steps: 8 },
      input: { channels: 1, height: 16, width: 16 },
      model: { scales: 2, depth: 1, hidden: 8 },
      supervised: { classes: 6, classifier: 6 },
    });
    // Beside the exposed classifier stands the least flow that a detector can have.
    const exposed = await loadManifest(at("classed", "seed-0", "exposed"));
    expect(exposed.training.model).toMatchObject({ scales: 1, depth: 1 });
    expect(exposed.models).toMatchObject({ normal: { steps: 1 }, classifier: { steps: 6 } });
    expect((await readdir(at("classed", "seed-0"))).sort()).toEqual([
      "classes",
      "exposed",
      "margin",
      "outlier",
      "plain",
      "scores",
    ]);
    expect(markdown).toMatch(/--general-model photos .*--supervised/);
    expect(markdown.match(/^outglow train .*--general-detector photos/gm)).toHaveLength(4);
    expect(markdown).not.toContain("--as general");
  });

  test("shows histograms of the scores on the page", async () => {
    expect(await readFile(at("classed", "index.html"), "utf8")).toContain("MSP, outlier exposure");
    expect(await readdir(at("classed", "figures"))).toEqual(
      expect.arrayContaining(["histogram-with-classes-class-ratio.svg", "histogram-outlier-exposure-msp.svg"]),
    );
  });

  test.each<[string, string[], RegExp]>([
    ["another depth", [...data, "--depth=3"], /--general-model: expected .* depth 3, width 8, got .* depth 1, width 8/],
    ["no classes", ["--normal=trios", ...data.slice(1), "--supervised"], /two classes or more, got none in 'trios'/],
    [
      "general steps",
      [...data, "--general-steps=3", "--steps=2"],
      /--general-model: expected no --general-steps beside it, got both; choose one/,
    ],
  ])("%s is refused before anything is written", async (_what, args, message) => {
    const { code, stderr } = await run("fashion", "--out=new", ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(await readdir(folder.path)).not.toContain("new");
  });

  test("goes on with a plan of version 0.1, which holds sets as they were typed and no device", async () => {
    const path = at("classed", "plan.json");
    const text = await readFile(path, "utf8");
    const { device, ...plan } = JSON.parse(text) as Plan;
    expect(device).toBe("cpu");
    expect(plan.given.anomalous).toEqual([{ name: "trios", location: "trios" }]);
    await writeFile(path, JSON.stringify({ ...plan, given: { ...plan.given, anomalous: ["trios=trios"] } }));
    const again = await run("fashion", "--out=classed", ...data, "--threads=1");
    const other = await run("fashion", "--out=classed", "--anomalous=trios=classes");
    await writeFile(path, text);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout.trim()).toBe(markdown.trim());
    expect(other.stderr).toMatch(/--anomalous: expected what 'classed' was begun with \(.*\), got .*; leave it out or/);
  });

  test("refuses another general model in the place of the one it began with", async () => {
    const path = at("classed", "plan.json");
    const plan = await readFile(path, "utf8");
    await writeFile(path, plan.replace(/("weights": ")\w{8}/, "$100000000"));
    const { code, stderr } = await run("fashion", "--out=classed");
    await writeFile(path, plan);
    expect(code).toBe(2);
    expect(stderr).toMatch(/expected the model in 'photos' that this was begun with, got another/);
  });
});

test.each<[string, string[], RegExp]>([
  [
    "classes of made images",
    ["quick", "--out=new", "--supervised"],
    /--supervised: expected normal images in classes, got those of the suite quick, which have none; choose fashion/,
  ],
  [
    "no data",
    ["fashion", "--out=new"],
    /normal images: expected 'fashion-mnist' in the folder of --data, got no folder; give --data or --normal/,
  ],
  [
    "an empty data folder",
    ["cifar", "--out=new", "--data=nothing"],
    /got nothing of that name in 'nothing'; give --normal/,
  ],
  ["a file for a folder", ["quick", "--out=mine.txt"], /--out: expected a folder, got 'mine\.txt'/],
  [
    "somebody's folder",
    ["quick", "--out=theirs"],
    /--out: expected a new folder, got 'theirs' with other files in it; choose another/,
  ],
  [
    "steps and a budget",
    ["quick", "--out=new", "--budget=5m", "--steps=3"],
    /--budget: expected no --steps beside it, got both; choose one/,
  ],
  [
    "general steps alone",
    ["quick", "--out=new", "--general-steps=3"],
    /--general-steps: expected --steps beside it, got none; give both/,
  ],
  ["an unknown suite", ["fashoin", "--out=new"], /expected fashion, cifar, medical, quick, got 'fashoin'/],
  ["no budget", ["quick", "--out=new", "--budget=soon"], /expected a duration such as 90s, 20m or 1\.5h/],
  ["a seed twice", ["quick", "--out=new", "--seeds=1,1"], /expected different seeds, got '1,1'/],
  ["no JSON", ["fashion", "--out=new", "--config=mine.txt"], /--config: expected JSON, got .* in 'mine\.txt'/],
])("%s is refused in one line, and nothing is written", async (_what, args, message) => {
  await mkdir(at("nothing"), { recursive: true });
  await mkdir(at("theirs", "images"), { recursive: true });
  await writeFile(at("theirs", "images", "theirs.png"), "theirs");
  await writeFile(at("mine.txt"), "mine");
  await writeFile(at("own.json"), JSON.stringify({ normal: "x", anomalous: { y: "y" }, general: "z" }));
  const { code, stdout, stderr } = await run(...args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect([code, stdout]).toEqual([2, ""]);
  expect(await readdir(folder.path)).not.toContain("new");
});
