/** Calibrating anew and deciding by other rules, through the command line: what changes, what stays, what is refused. */
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { loadManifest, type Manifest, manifestName } from "../src/detector/index.ts";
import { writeManifest } from "../src/detector/manifest.ts";
import { discoveries } from "../src/score/index.ts";
import { quickTraining, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const { at, run, succeed } = ownWorkplace();

interface Table {
  readonly rule: { readonly kind: string; readonly words: string };
  readonly threshold: number | null;
  readonly images: readonly {
    readonly file: string;
    readonly score: number;
    readonly pValue: number;
    readonly anomalous: boolean;
    readonly scores: Readonly<Record<string, number>>;
  }[];
}

async function predicted(detector: string, ...flags: string[]): Promise<Table> {
  const { stdout } = await succeed("predict", detector, "new", "crosses", "--json", "--quiet", ...flags);
  return JSON.parse(stdout) as Table;
}

/** A copy of the detector under another name. */
async function copied(name: string): Promise<string> {
  await cp(at("detector"), at(name), { recursive: true });
  return name;
}

const marked = ({ images }: Table): string[] => images.filter(({ anomalous }) => anomalous).map(({ file }) => file);

beforeAll(async () => {
  await writeMadeImages(at("normal"), "normal", 100);
  await writeMadeImages(at("other"), "normal", 60, "other");
  await writeMadeImages(at("new"), "normal", 30, "new");
  await writeMadeImages(at("crosses"), "crosses", 30);
  for (let tray = 0; tray < 10; tray++) {
    await writeMadeImages(at("trays", `tray-${tray}`), "normal", 6, `tray ${tray}`);
  }
  await succeed("train", "--normal=normal", "--out=detector", ...quickTraining, "--held-out=0.4");
});

describe("calibrate", () => {
  let before: Manifest;
  beforeAll(async () => {
    before = await loadManifest(at("detector"));
  });

  test("takes other normal images without training, keeps the former calibration and comes back to it", async () => {
    const detector = await copied("moved");
    const first = await predicted(detector, "--score=likelihood");
    const { stdout, stderr } = await succeed("calibrate", detector, "--normal=other");
    expect(stdout).toBe(
      "calibrated on 60 images: 30 images are references, which resolve false-alarm rates from 0.033\n" +
        "decides by joined: at most 1 % of normal images are marked, on average\n",
    );
    expect(stderr).toMatch(
      /warning: nothing can be marked: .* needs a calibration on at least 99 images; this one has 30/,
    );
    expect(stderr).toContain(`kept: ${join("moved", "calibrations", "calibration-1.json")}`);
    const after = await loadManifest(at(detector));
    expect(after.calibration.count).toBe(30);
    expect(after.calibrated).toMatchObject({ location: at("other"), count: 60, groups: null });
    expect({ ...after, ...pick(before), calibrated: undefined, formerCalibration: undefined }).toEqual({
      ...before,
      calibrated: undefined,
      decision: undefined,
      formerCalibration: undefined,
    });
    // Scores without a fit are the same, p-values are those of the new references.
    const second = await predicted(detector, "--score=likelihood");
    expect(second.images.map(({ score }) => score)).toEqual(first.images.map(({ score }) => score));
    const references = after.calibration.scores.likelihood!;
    for (const { score, pValue } of second.images) {
      expect(pValue).toBeCloseTo((1 + references.filter((value) => value >= score).length) / 31, 12);
    }
    const undone = await succeed("calibrate", detector, "--undo");
    expect(undone.stdout).toBe("back to the calibration on 40 images; joined decides\n");
    expect(await loadManifest(at(detector))).toEqual(before);
    expect(await predicted(detector, "--score=likelihood")).toEqual(first);
    // What was taken back is kept, too.
    expect((await readdir(at(detector, "calibrations"))).sort()).toEqual(["calibration-1.json", "calibration-2.json"]);
    const { code, stderr: none } = await run("calibrate", detector, "--undo");
    expect([code, none]).toEqual([2, expect.stringContaining("got only the one of its training")]);
  });

  test("goes back step by step, and not by a file that was changed", async () => {
    const detector = await copied("stepped");
    await succeed("calibrate", detector, "--normal=other");
    const once = await loadManifest(at(detector));
    await succeed("calibrate", detector, "--normal=new", "--false-alarm=0.2");
    await succeed("calibrate", detector, "--undo");
    expect(await loadManifest(at(detector))).toEqual(once);
    const file = at(detector, "calibrations", once.formerCalibration!.file);
    const kept = await readFile(file, "utf8");
    await writeFile(file, kept.replace('"count"', '"counts"'));
    const { code, stderr } = await run("calibrate", detector, "--undo");
    expect([code, stderr]).toEqual([1, expect.stringContaining("expected content that matches its checksum")]);
    expect(await loadManifest(at(detector))).toEqual(once);
    await writeFile(file, kept);
    await succeed("calibrate", detector, "--undo");
    expect(await loadManifest(at(detector))).toEqual(before);
  });

  test("refuses images of another preparation, and a former calibration of one", async () => {
    const detector = await copied("prepared");
    await succeed("calibrate", detector, "--normal=other");
    const present = await loadManifest(at(detector));
    const prepareBy = async (input: Partial<Manifest["input"]>): Promise<void> =>
      writeFile(at(detector, manifestName), await writeManifest({ ...present, input: { ...present.input, ...input } }));
    const refused = async (...flags: string[]): Promise<readonly [number | null, string]> => {
      const { code, stderr } = await run("calibrate", detector, ...flags);
      return [code, stderr];
    };
    await prepareBy({ sampleBits: 12 });
    expect(await refused("--normal=new")).toEqual([
      2,
      expect.stringContaining("--normal: expected images of 12 bits a sample, as in training, got images of 8 bits"),
    ]);
    expect(await refused("--undo")).toEqual([
      1,
      expect.stringContaining("expected a calibration of images that are prepared alike, got one of another"),
    ]);
    await prepareBy({ sampleRange: [0, 2] });
    expect(await refused("--normal=new")).toEqual([
      2,
      expect.stringContaining("--normal: expected images of floating point, as in training, got images of whole"),
    ]);
    expect(await readdir(at(detector, "calibrations"))).toEqual(["calibration-1.json"]);
    await prepareBy({});
    expect(await loadManifest(at(detector))).toEqual(present);
  });

  test.each([["folder"], ["tray-(\\d)"]])("by group (%s) counts every group once", async (group) => {
    const detector = await copied(`grouped-${group.length}`);
    const { stdout } = await succeed("calibrate", detector, "--normal=trays", `--group=${group}`);
    expect(stdout).toContain("calibrated on 60 images in 10 groups: 5 groups are references");
    const { calibration, calibrated } = await loadManifest(at(detector));
    expect(calibration.count).toBe(5);
    expect(calibrated!.groups).toEqual({ count: 10, by: group });
    for (const { pValue } of (await predicted(detector)).images) {
      expect(pValue * 6).toBeCloseTo(Math.round(pValue * 6), 9);
    }
  });

  test("with fewer images than a fit takes all are references and the fit stays", async () => {
    await writeMadeImages(at("few"), "normal", 9, "few");
    const detector = await copied("of-few");
    await succeed("calibrate", detector, "--normal=few");
    const { calibration } = await loadManifest(at(detector));
    expect(calibration.count).toBe(9);
    expect(calibration.scores.hierarchy).toHaveLength(9);
    expect(calibration.fits).toEqual(before.calibration.fits);
  });

  test("doubts one image, equal images and anomalies among them, and says so", async () => {
    await mkdir(at("one"));
    await mkdir(at("equal"));
    const [name] = await readdir(at("other"));
    await cp(at("other", name!), at("one", "a.png"));
    for (let copy = 0; copy < 12; copy++) await cp(at("other", name!), at("equal", `${copy}.png`));
    await cp(at("other"), at("mixed"), { recursive: true });
    for (let image = 0; image < 8; image++) {
      const noise = Buffer.from(Array.from({ length: 256 }, (_, pixel) => ((pixel * (31 + image)) % 2) * 255));
      await sharp(noise, { raw: { width: 16, height: 16, channels: 1 } })
        .toColourspace("b-w")
        .png()
        .toFile(at("mixed", `noise-${image}.png`));
    }
    const doubtsOf = async (data: string): Promise<string[]> => {
      const detector = await copied(`doubted-${data}`);
      const { stdout, stderr } = await succeed(
        "calibrate",
        detector,
        `--normal=${data}`,
        "--score=likelihood",
        "--json",
      );
      const { doubts } = JSON.parse(stdout) as { doubts: string[] };
      for (const doubt of doubts) expect(stderr).toContain(`warning: ${doubt}`);
      return doubts;
    };
    expect(await doubtsOf("one")).toEqual([expect.stringContaining("one normal image says next to nothing")]);
    expect(await doubtsOf("equal")).toEqual([expect.stringContaining("different scores")]);
    expect(await doubtsOf("mixed")).toEqual([expect.stringMatching(/^\d of 34 calibration images score far above/)]);
    expect(await doubtsOf("other")).toEqual([]);
    await cp(at("other"), at("seen"), { recursive: true });
    for (const image of (await readdir(at("normal"))).slice(0, 7)) {
      await cp(at("normal", image), at("seen", `seen-${image}`));
    }
    expect(await doubtsOf("seen")).toEqual([
      expect.stringMatching(/^7 of 67 images are among the images that the detector/),
    ]);
  });

  test.each([
    ["the images of the training", ["--normal=normal"], /expected images that the detector was not trained on/],
    ["a pattern that is none", ["--normal=other", "--group=("], /--group: expected folder or a regular expression/],
    ["a pattern without a capture", ["--normal=other", "--group=\\d"], /a regular expression with a capture/],
    ["one group", ["--normal=other", "--group=folder"], /images of at least two groups/],
    [
      "names without the group",
      ["--normal=other", "--group=camera(\\d)"],
      /names in which 'camera\(\\d\)' finds a group/,
    ],
    ["two rules", ["--false-alarm=0.1", "--fdr=0.1"], /--false-alarm: expected one rule, got --fdr, too; choose one/],
    ["a budget of nothing", ["--budget=3"], /--budget: expected the number of images.*give --expected/],
    ["nothing to do", [], /calibrate: expected normal images.*give --normal/],
    ["an undo with more", ["--undo", "--normal=other"], /--undo: expected nothing beside it, got --normal/],
    ["a score that it lacks", ["--score=ratio"], /score ratio: expected a detector with a general model/],
  ])("refuses %s and changes nothing", async (_name, flags, message) => {
    const { code, stdout, stderr } = await run("calibrate", "detector", ...flags);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, ""]);
    expect(await loadManifest(at("detector"))).toEqual(before);
  });

  test("saves the rule that decides where nobody asks for another", async () => {
    const detector = await copied("ruled");
    const { stdout } = await succeed("calibrate", detector, "--false-alarm=0.2", "--score=likelihood");
    expect(stdout).toBe("decides by likelihood: at most 20 % of normal images are marked, on average\n");
    const table = await predicted(detector);
    expect(table.rule).toEqual({
      kind: "false-alarm",
      rate: 0.2,
      words: "at most 20 % of normal images are marked, on average",
    });
    for (const { pValue, anomalous } of table.images) expect(anomalous).toBe(pValue <= 0.2);
    expect(await predicted(detector, "--false-alarm=0.2")).toEqual(table);
    const budget = await succeed("calibrate", detector, "--budget=30", "--expected=100");
    expect(budget.stdout).toBe("decides by likelihood: at most 30 of 100 normal images are marked, on average\n");
    for (const { pValue, anomalous } of (await predicted(detector)).images) expect(anomalous).toBe(pValue <= 0.3);
    const [middle] = [...table.images].sort((a, b) => a.score - b.score).slice(40);
    await succeed("calibrate", detector, `--threshold=${middle!.score}`);
    const above = await predicted(detector);
    expect(above.threshold).toBe(middle!.score);
    expect(marked(above)).toHaveLength(19);
    const { code, stderr } = await run("predict", detector, "new", "--score=final-scale");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/--score: expected a rule for final-scale, .* give --false-alarm/),
    ]);
    await succeed("calibrate", detector, "--undo");
    await succeed("calibrate", detector, "--undo");
    expect(await predicted(detector)).toEqual(table);
  });

  test("a threshold of a score that is fitted anew does not survive unasked", async () => {
    const detector = await copied("thresholded");
    await succeed("calibrate", detector, "--threshold=3");
    const { code, stderr } = await run("calibrate", detector, "--normal=other");
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--threshold: expected a rule for the new scores/)]);
    await succeed("calibrate", detector, "--normal=other", "--threshold=4");
    expect((await loadManifest(at(detector))).decision).toEqual({ kind: "score", above: 4 });
  });
});

describe("rules", () => {
  test("--fdr is Benjamini-Hochberg over all images, and says before what it cannot mark", async () => {
    const table = await predicted("detector", "--fdr=0.6");
    const { marked: expected } = discoveries(
      table.images.map(({ pValue }) => pValue),
      0.6,
    );
    expect(table.images.map(({ anomalous }) => anomalous)).toEqual(expected);
    expect(table.rule.words).toBe("at most 60 % of the marked images are normal, on average");
    const { stderr } = await succeed("predict", "detector", "new", "crosses", "--fdr=0.01");
    expect(stderr).toContain(
      "warning: nothing can be marked: the calibration has 40 images, and 5999 could mark a single one",
    );
    expect(stderr).toContain("0 of 60 images marked anomalous by joined: at most 1 % of the marked images are normal");
  });

  test("--budget marks at most so many, the most anomalous ones, each at a rate that the budget allows", async () => {
    const table = await predicted("detector", "--budget=12");
    const chosen = table.images.filter(({ pValue }) => pValue <= 12 / 60);
    const best = [...chosen].sort((a, b) => b.score - a.score).slice(0, 12);
    expect(marked(table).sort()).toEqual(best.map(({ file }) => file).sort());
    const { stdout, stderr } = await succeed(
      "predict",
      "detector",
      "new",
      "crosses",
      "--budget=12",
      "--sort",
      "--top=3",
    );
    expect(
      stdout
        .trim()
        .split("\n")
        .slice(1)
        .every((line) => line.includes(",budget 12 of 60,")),
    ).toBe(true);
    expect(stderr).toContain("at most 12 of 60 images are marked, the most anomalous ones");
  });

  test("--threshold marks by score alone, and rows say which rule decided", async () => {
    const { stdout } = await succeed("predict", "detector", "new", "--threshold=-1e9", "--quiet");
    const lines = stdout.trim().split("\n").slice(1);
    expect(lines.every((line) => line.includes(",true,score -1000000000,"))).toBe(true);
    const usual = await succeed("predict", "detector", "new", "--quiet");
    expect(usual.stdout.split("\n")[1]).toContain(",false,false-alarm 0.01,");
  });
});

function pick({ calibration, defaultScore, decision }: Manifest): Partial<Manifest> {
  return { calibration, defaultScore, decision };
}
