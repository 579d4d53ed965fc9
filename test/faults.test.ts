/** Local faults end to end: parts in MVTec's layout, a detector trained for seconds, scores, maps, an evaluation with masks, and what is refused. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { loadDetectorFolder, loadManifest } from "../src/detector/index.ts";
import type { PartKind } from "../src/made/index.ts";
import { type EvaluationReport, exportDetector, train, type WorkflowEvent } from "../src/workflow/index.ts";
import { type Outcome, partSide, writeMadeParts } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const side = partSide;
const examples = "parts#split=test,class=dent";
const training = [
  `--faults-like=${examples}`,
  "--faults",
  "--fault-steps=40",
  "--steps=2",
  "--size=8",
  "--scales=2",
  "--depth=1",
  "--width=8",
  "--threads=1",
];
const { at, run, succeed } = ownWorkplace();

const write = (place: string, kind: PartKind, count: number): Promise<void> =>
  writeMadeParts(at("parts"), place, kind, count, "faults");

let trained: Outcome;
beforeAll(async () => {
  await write("train/good", "good", 24);
  await write("test/good", "good", 10);
  await write("test/scratch", "scratch", 8);
  await write("test/dent", "dent", 8);
  trained = await succeed("train", "--normal=parts", "--out=detector", ...training, "--cells", "--cell-steps=3");
}, 120_000);

test("what looks for faults is exported, a model a level, and said to be no part of the other model", async () => {
  const texts: string[] = [];
  const onEvent = (event: WorkflowEvent) => event.kind === "warning" && texts.push(event.text);
  const request = { detector: at("detector"), out: at("exported"), faults: true };
  const { score, files, check, metadata } = await exportDetector(request, { threads: 1 }, { onEvent });
  expect(score.insteadOf).toEqual({ name: "faults", needs: "a detector of local faults" });
  expect(texts).toEqual([expect.stringContaining("which no single graph has")]);
  const levels = check.differences.filter(({ output }) => output.startsWith("faults-"));
  expect(levels.length).toBeGreaterThan(0);
  expect(levels.filter(({ share }) => !(share <= 1))).toEqual([]);
  expect(files.map(({ path }) => path)).toContain(at("exported", `${levels[0]!.output}.onnx`));
  expect(metadata.score.name).toBe(score.name);
});

describe("training", () => {
  test("says what it did, and leaves a picture of what was looked for", async () => {
    expect(trained.stderr).toContain("training 2 networks to find local faults (40 steps each)");
    expect(trained.stderr).toMatch(/faults: \d+ faults in 8 examples are learned, too/);
    expect(trained.stderr).toContain("cells: 2 pairs of flows, 2 and 3 steps or more");
    expect(trained.stderr).toMatch(/default score: faults, calibrated on 24 held-out images/);
    expect(trained.stderr).toContain("--maps MAPS");
    const { width, format } = await sharp(at("detector", "faults.png")).metadata();
    expect(format).toBe("png");
    expect(width).toBeGreaterThan(500);
  });

  test("keeps it in the detector with a checksum, its own calibration and golden outputs", async () => {
    const { faults, cells, files, calibration, defaultScore } = await loadManifest(at("detector"));
    expect(faults?.record.images).toBe(24);
    expect(files["faults.safetensors"]).toMatch(/^[0-9a-f]{64}$/);
    expect(cells?.record).toMatchObject({ images: 24, foldOf: faults!.record.foldOf! });
    expect(cells!.record.folds.map(({ leftOut }) => leftOut)).toEqual(
      faults!.record.folds.map(({ leftOut }) => leftOut),
    );
    expect(files["cells.safetensors"]).toMatch(/^[0-9a-f]{64}$/);
    expect(calibration.counts).toEqual({ faults: 24, cells: 24 });
    expect(calibration.scores.faults).toHaveLength(24);
    expect(defaultScore).toBe("faults");
    const detector = await loadDetectorFolder(at("detector"), { threads: 1 });
    expect(detector.faults).toBeDefined();
    expect(detector.cells).toBeDefined();
    await detector.dispose();
  });

  test("is the same for the same seed, stopped and gone on with", async () => {
    const controller = new AbortController();
    const steps: number[] = [];
    const count = (event: WorkflowEvent): void => {
      if (event.kind === "faults") steps.push(event.network);
    };
    const request = {
      faults: true,
      faultsLike: at(examples),
      faultSteps: 2,
      steps: 2,
      size: 8,
      scales: 2,
      depth: 1,
      width: 8,
      threads: 1,
    };
    const stopped = await train(
      { normal: at("parts"), out: at("again"), ...request },
      {
        signal: controller.signal,
        onEvent: (event) => {
          count(event);
          if (event.kind === "faults" && event.network === 2) controller.abort();
        },
      },
    );
    expect(stopped.outcome).toBe("interrupted");
    steps.length = 0;
    expect(await train({ out: at("again"), resume: true }, { onEvent: count })).toMatchObject({ outcome: "finished" });
    expect(steps).toEqual([2, 2]);
    await succeed("train", "--normal=parts", "--out=unstopped", ...training, "--fault-steps=2");
    const weights = (name: string) => readFile(at(name, "faults.safetensors"));
    expect(await weights("again")).toEqual(await weights("unstopped"));
  }, 300_000);

  test("replaced by one without, the picture and the weights are gone", async () => {
    await succeed(
      "train",
      "--normal=parts",
      "--out=again",
      "--force",
      ...training.slice(2).filter((flag) => !flag.startsWith("--fault")),
    );
    expect(await readdir(at("again"))).not.toContain("faults.png");
    expect(await readdir(at("again"))).not.toContain("faults.safetensors");
  });
});

describe("what was trained", () => {
  test("finds scratches that nobody showed it and dents like those that it was shown, and their places", async () => {
    const sets = ["--normal=parts", "--anomalous=parts", "--no-coders", "--report=report.html"];
    const { stdout } = await succeed("evaluate", "detector", ...sets);
    const page = await readFile(at("report.html"), "utf8");
    expect(page.match(/<img class="map"/g)).toHaveLength(page.match(/<li data-score=/g)!.length);
    expect(stdout).toMatch(/^score\s+dent\s+scratch$/m);
    expect(stdout).toMatch(/mean AUROC of faults over 2 sets/);
    const report = JSON.parse(await readFile(at("detector", "evaluation-1.json"), "utf8")) as EvaluationReport;
    const [maps] = report.maps!;
    expect(maps).toMatchObject({ score: "faults", limit: 0.3, step: 1, without: 0, all: { count: 16 } });
    expect(maps!.all.pixelAuroc).toBeGreaterThan(0.7);
    expect(maps!.all.aupro).toBeGreaterThan(0.25);
    expect(Object.keys(maps!.sets).sort()).toEqual(["dent", "scratch"]);
    expect(maps!.all.regions.regions).toBeGreaterThanOrEqual(16);
    expect(report.sets.scratch!.count).toBe(8);
    expect(report.maps!.map(({ score }) => score)).toEqual(["faults", "cells"]);
  });

  test("leaves a picture and numbers of the image's size for every image, under names that lead nowhere else", async () => {
    await succeed("predict", "detector", "parts/test/scratch", "--maps=maps", "--out=scores.csv");
    const names = await readdir(at("maps"));
    expect(names).toHaveLength(16);
    expect(names.every((name) => !name.includes("/") && /\.(png|npy)$/.test(name))).toBe(true);
    const picture = names.find((name) => name.endsWith(".png"))!;
    expect(await sharp(at("maps", picture)).metadata()).toMatchObject({ width: side, height: side });
    const array = await readFile(at("maps", picture.replace(/png$/, "npy")));
    expect(array.subarray(0, 128).toString("latin1")).toContain(`'shape': (${side}, ${side})`);
    expect(array.length).toBe(128 + 4 * side * side);
    const [head] = (await readFile(at("scores.csv"), "utf8")).split("\n");
    expect(head).toContain(",faults");
  });

  test("does not look at faults where another score is asked for", async () => {
    const { stdout } = await succeed("predict", "detector", "parts/test/good", "--score=likelihood");
    expect(stdout.split("\n")[0]).not.toContain("faults");
  });
});

describe("what is refused", () => {
  test("a folder of other files", async () => {
    const full = await run("predict", "detector", "parts/test/good", "--maps=parts");
    expect(full.code).toBe(2);
    expect(full.stderr).toMatch(/--maps: expected a new folder, got 'parts' with files in it; .*--force/);
  });

  test.each([
    [["--normal=parts", "--fault-steps=5"], /--fault-steps: expected --faults, got none/],
    [["--normal=parts", "--faults", "--group=("], /expected a regular expression such as part\\d\+, got '\('/],
    [["--normal=parts", "--cells"], /--cells: expected --faults, got none/],
    [["--as=general", "--general=parts", "--faults"], /--as general: expected nothing but images, got --faults/],
    [
      ["--normal=parts", "--faults", "--group=good"],
      /--normal: expected images of at least 2 different things, got 24 images of 1;/,
    ],
  ])("%j", async (flags, message) => {
    const { code, stderr } = await run("train", "--out=refused", "--steps=1", "--size=8", "--scales=1", ...flags);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("changed networks", async () => {
    const bytes = await readFile(at("detector", "faults.safetensors"));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(at("detector", "faults.safetensors"), bytes);
    const { code, stderr } = await run("predict", "detector", "parts/test/good");
    expect(code).toBe(1);
    expect(stderr).toMatch(/faults\.safetensors' to match its checksum/);
  });
});
