/** `outglow analyze` on tiny detectors: the page, the pictures, the numbers, and what it refuses. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { type AnalysisReport, analyze, nameDetectors } from "../src/analysis/index.ts";
import type { EvaluationReport, WorkflowEvent } from "../src/workflow/index.ts";
import { quickTraining, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const folder = ownWorkplace();
const { at, run, succeed } = folder;

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 100);
  await writeMadeImages(at("general"), "general", 60);
  await writeMadeImages(at("test-normal"), "normal", 30, "test");
  await writeMadeImages(at("crosses"), "crosses", 30);
  await writeMadeImages(at("stars"), "stars", 7);
  await writeMadeImages(at("one"), "stars", 1);
  await succeed("train", "--as=general", "--general=general", ...quickTraining, "--steps=1", "--out=photos");
  const models = ["--normal=normal", "--general=general", "--local"];
  await succeed("train", ...models, "--out=both", ...quickTraining, "--held-out=0.4");
  const smaller = quickTraining.map((flag) => (flag.startsWith("--size") ? "--size=8" : flag));
  await succeed("train", "--normal=normal", "--out=small", ...smaller, "--scales=1");
}, 120_000);

/** The ids of a page, and what its links and references lead to. */
function referencesOf(page: string): { ids: string[]; targets: string[] } {
  return {
    ids: Array.from(page.matchAll(/\sid="([^"]+)"/g), ([, id]) => id!),
    targets: Array.from(page.matchAll(/(?:url\(#|href="#)([^")]+)/g), ([, id]) => id!),
  };
}

describe("analyze", () => {
  const args = ["--normal=test-normal", "--data=crosses", "--data=odd=stars", "--threads=1"];
  let report: AnalysisReport;

  beforeAll(async () => {
    const { stdout } = await succeed("analyze", "both", "small", ...args, "--out=analysis", "--json");
    report = JSON.parse(stdout) as AnalysisReport;
  }, 120_000);

  test("writes the page, the numbers and every picture", async () => {
    expect((await readdir(at("analysis"))).sort()).toEqual(["analysis.json", "figures", "index.html"]);
    expect((await readdir(at("analysis", "figures"))).map((name) => `figures/${name}`).sort()).toEqual(
      Object.keys(report.figures).sort(),
    );
    const page = await readFile(at("analysis", "index.html"), "utf8");
    expect(page).toContain("Analysis of both, small");
    expect(page).toContain("different sizes or colours");
    expect(page).toContain("outglow analyze both small --data crosses --data odd=stars --normal test-normal");
    const { ids, targets } = referencesOf(page);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(targets));
  });

  test("draws a picture of every kind", () => {
    const names = Object.keys(report.figures).map((name) => name.replace(/^figures\//, ""));
    expect(names).toEqual(
      expect.arrayContaining([
        "likelihoods-both-normal-model-both-general-model.svg",
        "likelihoods-both-normal-model-small-normal-model.png",
        "likelihoods-both-normal-model-both-local-model.svg",
        "rank-correlations.svg",
        "auroc-both.svg",
        "histogram-both-hierarchy.svg",
        "histogram-small-likelihood.png",
        "scales-both-scale.svg",
        "scales-both-ratio-scale.svg",
        "scales-small-scale.svg",
        "sorted-both.png",
        "samples-small.png",
        "scales-kept-both-normal.png",
        "scales-kept-both-general.png",
      ]),
    );
    // One scale leaves nothing to redraw, and one model no ratio to another.
    expect(names.filter((name) => /^scales-kept-(small|both-local)|^scales-small-ratio/.test(name))).toEqual([]);
  });

  test("pictures decode, and those of charts are twice the size of their SVG", async () => {
    for (const name of Object.keys(report.figures).filter((file) => file.endsWith(".png"))) {
      const { width, height } = await sharp(at("analysis", name)).metadata();
      const svg = await readFile(at("analysis", name.replace(/png$/, "svg")), "utf8").catch(() => undefined);
      if (svg)
        expect([`width="${width / 2}"`, `height="${height / 2}"`].every((size) => svg.includes(size))).toBe(true);
      expect(width, name).toBeGreaterThan(300);
      expect(height, name).toBeGreaterThan(100);
    }
  });

  test("measures what evaluate measures", async () => {
    const sets = ["--normal=test-normal", "--anomalous=crosses", "--anomalous=odd=stars"];
    const { stdout } = await succeed("evaluate", "both", ...sets, "--json", "--threads=1");
    const { evaluations } = JSON.parse(stdout) as EvaluationReport;
    const own = report.evaluations.filter(({ detector }) => detector === "both");
    // All metrics are evaluate's alone.
    expect(own).toEqual(evaluations.map(({ metrics: _, ...evaluation }) => ({ detector: "both", ...evaluation })));
  });

  test("correlates every two models, a model with itself perfectly", () => {
    expect(report.rankCorrelations).toHaveLength(10); // of four models
    for (const { models, rankCorrelation, sets } of report.rankCorrelations) {
      if (models[0] === models[1]) expect(rankCorrelation).toBe(1);
      expect(Math.abs(rankCorrelation!)).toBeLessThanOrEqual(1);
      expect(Object.keys(sets)).toEqual(["normal", "crosses", "odd"]);
    }
  });

  test("keeps the numbers of every image", async () => {
    const numbers = JSON.parse(await readFile(at("analysis", "analysis.json"), "utf8"));
    expect(numbers.images).toHaveLength(2);
    const [, , odd] = numbers.images[0].sets;
    expect(odd).toMatchObject({ name: "odd", location: "stars", normal: false, skipped: [] });
    expect(odd.files).toHaveLength(7);
    expect(odd.logLikelihoods.general).toHaveLength(7);
    expect(odd.scores.likelihood).toEqual(odd.logLikelihoods.normal.map((value: number) => -value));
  });

  test("says the same for the same seed, byte by byte, and refuses to mix with other files", async () => {
    const refused = await run("analyze", "both", "small", ...args, "--out=analysis");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /--out: expected a new folder, got 'analysis' with files in it; choose another or give --force/,
    );
    const before = await readFile(at("analysis", "index.html"), "utf8");
    const { stdout } = await succeed("analyze", "both", "small", ...args, "--out=analysis", "--force");
    expect(stdout).toBe("analysis/index.html\n");
    expect(await readFile(at("analysis", "index.html"), "utf8")).toBe(before);
  });
});

test("one image, without normal ones to compare with, is enough", async () => {
  const { stdout } = await succeed("analyze", "small", "--data=one", "--out=of-one", "--json");
  const report = JSON.parse(stdout) as AnalysisReport;
  expect(report.evaluations).toEqual([]);
  expect(report.rankCorrelations).toEqual([
    { models: ["normal model", "normal model"], rankCorrelation: null, sets: { one: null } },
  ]);
  expect(await readFile(at("of-one", "index.html"), "utf8")).toContain("there is no AUROC");
});

test("a program calls it with plain data, follows it, and calls it off", async () => {
  const request = {
    detectors: [at("small")],
    data: [{ name: "odd", location: at("crosses") }],
    out: at("called"),
    limit: 5,
    score: [],
    coders: false,
    seed: 0,
    strict: false,
    force: false,
    engine: { threads: 1 },
    commands: [],
  };
  const events: WorkflowEvent[] = [];
  const report = await analyze(request, { onEvent: (event) => events.push(event) });
  expect(events).toContainEqual(expect.objectContaining({ kind: "progress", task: "scoring", done: 5, total: 5 }));
  expect(await readFile(report.page, "utf8")).not.toContain("How to make this report again");

  const controller = new AbortController();
  const called = analyze(
    { ...request, out: at("called-off") },
    { signal: controller.signal, onEvent: () => controller.abort(new Error("enough")) },
  );
  await expect(called).rejects.toThrow("enough");
  expect(await readdir(at("called-off"))).toEqual(["figures"]);
});

test("detectors whose names are alike, as a file's name has them, are told apart", () => {
  const named = nameDetectors(["x/parts", "y/parts", "parts-2", "my parts", "my-parts"]);
  expect(named.map(({ name }) => name)).toEqual(["parts", "parts-2", "parts-2-2", "my parts", "my-parts-2"]);
});

test("--limit takes some images and --score some scores", async () => {
  const flags = ["--data=crosses", "--limit=5", "--score=ratio", "--score=scale-1"];
  const { stdout } = await succeed("analyze", "both", ...flags, "--out=limited", "--json");
  const names = Object.keys((JSON.parse(stdout) as AnalysisReport).figures);
  expect(names.filter((name) => /histogram.*svg/.test(name))).toEqual(["figures/histogram-both-ratio.svg"]);
  const numbers = JSON.parse(await readFile(at("limited", "analysis.json"), "utf8"));
  expect(numbers.images[0].sets[0].files).toHaveLength(5);
  expect(Object.keys(numbers.images[0].sets[0].scores)).toEqual(["ratio", "scale-1"]);
});

test.each<[string, string[], RegExp]>([
  ["no data", ["analyze", "both", "--out=new"], /--data: expected one set of images or more, got none/],
  ["no images", ["analyze", "both", "--data=empty", "--out=new"], /--data: expected images, got an empty folder/],
  ["no detector", ["analyze", "empty", "--data=crosses", "--out=new"], /expected a detector at 'empty'/],
  [
    "a detector twice",
    ["analyze", "both", "./both", "--data=crosses", "--out=new"],
    /detectors: expected different ones, got '\.\/both' twice/,
  ],
  [
    "two sets of one name",
    ["analyze", "both", "--data=crosses", "--data=crosses", "--out=new"],
    /--data: expected a different name for every set, got 'crosses' again; name it, as in --data NAME=DATA/,
  ],
  [
    "an unknown score",
    ["analyze", "both", "--data=crosses", "--score=ratoi", "--out=new"],
    /score: expected one of .* got 'ratoi'; did you mean 'ratio'\?/,
  ],
  [
    "a score that needs a general model",
    ["analyze", "small", "--data=crosses", "--score=ratio", "--out=new"],
    /score ratio: expected a detector with a general model, got one without/,
  ],
  [
    "a general model",
    ["analyze", "both", "photos", "--data=crosses", "--out=new"],
    /expected a detector, got the general model 'photos'/,
  ],
  ["a file for a folder", ["analyze", "both", "--data=crosses", "--out=file"], /--out: expected a folder, got 'file'/],
])("%s is refused in one line, and nothing is written", async (_what, args, message) => {
  await mkdir(at("empty"), { recursive: true });
  await writeFile(at("file"), "mine");
  const { code, stdout, stderr } = await run(...args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect([code, stdout]).toEqual([2, ""]);
  expect(await readdir(folder.path)).not.toContain("new");
});
