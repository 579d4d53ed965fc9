/** Everything that `evaluate` measures beside its table, and the list of scores, through the command line. */
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { loadManifest } from "../src/detector/index.ts";
import { metricNames } from "../src/score/index.ts";
import type { EvaluationReport } from "../src/workflow/index.ts";
import { quickTraining, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const { at, run, succeed } = ownWorkplace();

const sets = ["--normal=test-normal", "--anomalous=crosses"];

async function evaluated(...flags: string[]): Promise<EvaluationReport> {
  const { stdout } = await succeed("evaluate", "detector", ...sets, "--json", "--quiet", ...flags);
  return JSON.parse(stdout) as EvaluationReport;
}

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 60);
  for (const tray of ["a", "b", "c"]) {
    await writeMadeImages(at("test-normal", tray), "normal", 10, `normal ${tray}`);
    await writeMadeImages(at("crosses", tray), "crosses", 10, `crosses ${tray}`);
  }
  await succeed("train", "--normal=normal", "--out=detector", ...quickTraining, "--held-out=0.4");
  await succeed("train", "--normal=normal", "--out=other", ...quickTraining, "--held-out=0.4", "--seed=5");
});

test("takes both sides of a data set with train/ and test/, and refuses one that has none", async () => {
  await cp(at("test-normal", "a"), at("whole", "train", "good"), { recursive: true });
  await cp(at("test-normal", "b"), at("whole", "test", "good"), { recursive: true });
  await cp(at("crosses", "a"), at("whole", "test", "cross"), { recursive: true });
  const { stdout } = await succeed("evaluate", "detector", "whole", "--json", "--quiet", "--no-coders");
  const { sets: found } = JSON.parse(stdout) as EvaluationReport;
  expect(Object.entries(found).map(([name, { count }]) => [name, count])).toEqual([
    ["normal", 10],
    ["whole", 10],
  ]);
  const both = await run("evaluate", "detector", "crosses", "--quiet");
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("got 'crosses' for both")]);
  const none = await run("evaluate", "detector", "--normal=normal", "--quiet");
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("--anomalous: expected images, got none")]);
});

describe("evaluate", () => {
  test("measures every metric of every score, with intervals of the default one", async () => {
    const { evaluations, thresholds, comparisons } = await evaluated();
    expect(comparisons).toEqual([]);
    for (const { score, auroc, averagePrecision, fpr95NormalPositive, metrics } of evaluations) {
      expect(Object.keys(metrics)).toEqual([...metricNames]);
      expect(metrics.auroc.value).toBe(auroc);
      expect(metrics.averagePrecision.value).toBe(averagePrecision);
      expect(metrics.fpr95Normal.value).toBe(fpr95NormalPositive);
      for (const { value, interval } of Object.values(metrics)) {
        expect(interval === undefined).toBe(score !== "hierarchy");
        if (interval) expect(interval.low <= value && value <= interval.high).toBe(true);
      }
    }
    const [{ score, bestF1, detection } = thresholds[0]!] = thresholds;
    expect(score).toBe("hierarchy");
    const ofDefault = evaluations.find((evaluation) => evaluation.score === "hierarchy")!;
    expect(bestF1.f1).toBe(ofDefault.metrics.bestF1.value);
    expect(detection.rate).toBe(0.95);
    expect(detection.detections).toBeGreaterThanOrEqual(0.95 * 30);
  });

  test("--intervals gives them to all, and the table stays what it was", async () => {
    const { evaluations } = await evaluated("--intervals");
    expect(evaluations.every(({ metrics }) => metrics.bestF1.interval !== undefined)).toBe(true);
    const plain = await succeed("evaluate", "detector", ...sets);
    const more = await succeed("evaluate", "detector", ...sets, "--intervals");
    expect(more.stdout).toBe(plain.stdout);
  });

  test("--compare says whether a difference is noise: of a score and of another detector", async () => {
    const { comparisons, evaluations } = await evaluated("--compare=likelihood", "--compare=other");
    expect(comparisons.map(({ names }) => names)).toEqual([
      { first: "hierarchy", second: "likelihood" },
      { first: "hierarchy of detector", second: "hierarchy of other" },
    ]);
    const of = (score: string) => evaluations.find((evaluation) => evaluation.score === score)!;
    expect(comparisons[0]!.difference).toBeCloseTo(of("hierarchy").auroc - of("likelihood").auroc, 12);
    expect(of("likelihood").metrics.fpr95.interval).toBeDefined();
    for (const { method, pValue, verdict } of comparisons) {
      expect(method).toBe("DeLong");
      expect(verdict === "noise").toBe(pValue > 0.05);
    }
    const { stdout } = await succeed("evaluate", "detector", ...sets, "--compare=likelihood", "--detection=0.8");
    expect(stdout).toMatch(/^crosses: AUROC.*(noise|better than).*DeLong\)$/m);
    expect(stdout).toMatch(/^crosses: hierarchy above .* finds \d+\.\d % \(95 % interval .*\) at .* false alarms/m);
  });

  test("--group draws whole groups", async () => {
    const { evaluations, comparisons } = await evaluated("--group=folder", "--compare=likelihood");
    expect(comparisons[0]!.method).toBe("paired bootstrap");
    for (const { aurocInterval, metrics } of evaluations) expect(metrics.auroc.interval).toEqual(aurocInterval);
  });

  test.each([
    ["a score that there is not", "--compare=nonsense", /score: expected one of joined, hierarchy, .*got 'nonsense'/],
    ["the default score", "--compare=hierarchy", /--compare: expected another score than the default one/],
    ["a score without what it needs", "--compare=ratio", /score ratio: expected a detector with a general model/],
  ])("refuses to compare with %s before anything is scored", async (_name, flag, message) => {
    const { code, stdout, stderr } = await run("evaluate", "detector", ...sets, flag);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("scoring");
    expect([code, stdout]).toEqual([2, ""]);
  });
});

/** What a page about decisions says at the threshold that decided: marked images by set. */
async function markedOn(file: string): Promise<{ marked: string[]; html: string; score: number | null }> {
  const html = await readFile(at(file), "utf8");
  const [, json] = /<script type="application\/json" id="decision-data">(.*?)<\/script>/s.exec(html)!;
  const data = JSON.parse(json!) as { marked: string[][]; initial: number; scores: (number | null)[] };
  return { html, marked: data.marked.map((stops) => stops[data.initial]!), score: data.scores[data.initial]! };
}

describe("--report", () => {
  const rows = (csv: string): string[][] =>
    csv
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(","));

  test.each([["--false-alarm=0.2"], ["--fdr=0.7"], ["--budget=7"], ["--threshold=-1e9"], ["--false-alarm=0.001"]])(
    "of predict marks what the table marks, by %s",
    async (rule) => {
      const { stdout } = await succeed(
        "predict",
        "detector",
        "crosses",
        "test-normal",
        rule,
        "--report=p.html",
        "--force",
      );
      const { marked, html, score } = await markedOn("p.html");
      const table = rows(stdout);
      expect(marked).toEqual([String(table.filter(([, , , anomalous]) => anomalous === "true").length)]);
      for (const [, value, , anomalous] of table) {
        expect(anomalous === "true").toBe(score !== null && Number(value) > score);
      }
      expect(html).toContain(`outglow predict detector crosses test-normal ${rule}`);
      expect(html.match(/<li data-score=/g)).toHaveLength(24);
      expect(html.match(/<img class="map"/g)).toHaveLength(24);
      expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    },
  );

  test("of evaluate has every set, its metrics and its mistakes", async () => {
    const { stderr } = await succeed("evaluate", "detector", ...sets, "--report=e.html", "--compare=likelihood");
    expect(stderr).toContain("report: e.html");
    const { html, marked } = await markedOn("e.html");
    expect(marked).toHaveLength(2);
    expect(html).toContain("Anomalous images with the lowest scores");
    expect(html).toContain("detection rate at 5 % false alarms");
    expect(html).toMatch(/crosses: AUROC.*DeLong\)\./);
    const { code, stderr: again } = await run("evaluate", "detector", ...sets, "--report=e.html");
    expect([code, again]).toEqual([2, expect.stringContaining("--report: expected a new file")]);
  });
});

describe("scores by name", () => {
  const held = ["whitening", "latent-fit", "gradient-norm", "gradient-layers"];

  test("are learned from the detector's own held-out images, and nothing else changes", async () => {
    await cp(at("detector"), at("measured"), { recursive: true });
    const before = await loadManifest(at("measured"));
    const { stdout } = await succeed("calibrate", "measured", `--scores=${held.join(",")}`);
    expect(stdout).toBe(`calibrated on the same 24 images, 24 of them references: ${held.join(", ")}\n`);
    const after = await loadManifest(at("measured"));
    expect(Object.keys(after.calibration.scores)).toEqual([...Object.keys(before.calibration.scores), ...held]);
    expect(after.calibration.scores).toMatchObject(before.calibration.scores);
    expect(after.calibration.fits).toMatchObject(before.calibration.fits);
    for (const name of held) expect(after.calibration.scores[name]).toHaveLength(24);
    const again = await run("calibrate", "measured", "--scores=latent-fit");
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("--scores: expected scores that the")]);
    await succeed("calibrate", "measured", "--undo");
    expect((await loadManifest(at("measured"))).calibration).toEqual(before.calibration);
    await succeed("calibrate", "measured", `--scores=${held.join(",")}`);
  });

  test("are evaluated where they are named, with WAIC over detectors, and predict by themselves", async () => {
    const flags = ["measured", ...sets, "--json", "--quiet"];
    const plain = JSON.parse((await succeed("evaluate", ...flags)).stdout) as EvaluationReport;
    const names = plain.evaluations.map(({ score }) => score);
    for (const name of [...held, "waic"]) expect(names).not.toContain(name);
    const { stdout } = await succeed("evaluate", ...flags, "--scores=all", "--with=other");
    const { evaluations } = JSON.parse(stdout) as EvaluationReport;
    expect(evaluations.map(({ score }) => score)).toEqual([...names, ...held, "waic"]);
    expect(evaluations.slice(0, names.length)).toEqual(plain.evaluations);
    const rows = JSON.parse(
      (await succeed("predict", "measured", "crosses", "--score=latent-fit", "--json")).stdout,
    ) as {
      images: { score: number; pValue: number; scores: Record<string, number> }[];
    };
    for (const { score, pValue, scores } of rows.images) {
      expect(scores["latent-fit"]).toBe(score);
      expect(pValue).toBeGreaterThanOrEqual(1 / 25);
      expect(Object.keys(scores)).not.toContain("gradient-norm");
    }
  });

  test.each([
    [["evaluate", "detector", ...sets, "--scores=latent-fit"], "--scores: expected scores that the detector is calib"],
    [["evaluate", "detector", ...sets, "--scores=latent"], "did you mean 'latent-fit'?"],
    [["evaluate", "detector", ...sets, "--scores=waic"], "score waic: expected other detectors of the same images"],
    [["evaluate", "detector", ...sets, "--scores=waic", "--with=smaller"], "--with: expected detectors that prepare"],
    [["predict", "detector", "crosses", "--score=latent-fit"], "calibrate with this version of outglow"],
  ])("%j is refused in one line", async (words, message) => {
    if (words.includes("--with=smaller")) {
      const quick = quickTraining.map((flag) =>
        flag.replace("--size=16", "--size=24").replace("--steps=30", "--steps=2"),
      );
      await succeed("train", "--normal=normal", "--out=smaller", ...quick, "--held-out=0.4");
    }
    const { code, stderr } = await run(...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test("are not learned from images that have changed", async () => {
    await cp(at("detector"), at("astray"), { recursive: true });
    await cp(at("normal"), at("kept"), { recursive: true });
    try {
      const [name] = await readdir(at("normal"));
      await rm(at("normal", name!));
      const { code, stderr } = await run("calibrate", "astray", "--scores=latent-fit");
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/--scores: expected the images of its calibration.*; give --normal/),
      ]);
    } finally {
      await cp(at("kept"), at("normal"), { recursive: true });
    }
  });
});

test("scores lists what there is, what it needs and costs, and how well it did", async () => {
  const { stderr } = await succeed("evaluate", "detector", ...sets);
  const [, path] = /written: (.+)/.exec(stderr)!;
  const { evaluations } = JSON.parse(await readFile(at(path!), "utf8")) as EvaluationReport;
  const { stdout } = await succeed("scores", "detector", "--json");
  const listed = JSON.parse(stdout) as {
    evaluation: string;
    scores: { name: string; calibrated: boolean | null; auroc: object; needs: string[]; paper: string }[];
  };
  expect(listed.evaluation).toBe(path);
  const byName = new Map(listed.scores.map((score) => [score.name, score]));
  for (const { score, auroc } of evaluations) expect(byName.get(score)!.auroc).toEqual({ crosses: auroc });
  expect(byName.get("ratio")).toMatchObject({ calibrated: null, needs: ["a general model"], auroc: {} });
  expect(byName.get("ratio-png")).toMatchObject({ calibrated: true, paper: "Serra et al. 2020" });
  const table = (await succeed("scores", "detector")).stdout;
  expect(table).toMatch(/^hierarchy \(default\) +yes +[01]\.\d{3} +a fit on normal images +none +none +this project/m);
  expect(byName.get("latent-fit")).toMatchObject({ calibrated: false, onDemand: true, paper: "Bomatter 2026" });
  expect(table).toMatch(/^latent-fit +by name, no p-values yet /m);
  expect(table).toMatch(/^ratio +no +a general model +a second flow/m);
});
