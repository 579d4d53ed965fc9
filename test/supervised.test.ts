/** The supervised setting from the command line: classes as sub-folders, from training to scores, samples and accuracy. */
import { readdir, readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { detectorSources, loadDetectorFolder, loadManifest, loadWeights } from "../src/detector/index.ts";
import { flowOf, modelOf } from "../src/model/index.ts";
import { layoutOf } from "../src/nn/index.ts";
import { logLikelihoods } from "../src/score/index.ts";
import type { EvaluationReport } from "../src/workflow/index.ts";
import { quickTraining, writeMadeImages } from "./command.ts";
import { ownWorkplace } from "./workplace.ts";

const folder = ownWorkplace();
const { at, run, succeed } = folder;
const kinds = ["crosses", "normal", "stars"] as const;

async function measuresOf(detector: string, phase: string): Promise<Record<string, number>[]> {
  const text = await readFile(at(detector, "run", `${phase}.metrics.jsonl`), "utf8");
  const lines = text.trim().split("\n");
  return lines.map((line) => (JSON.parse(line) as { measures: Record<string, number> }).measures);
}

beforeAll(async () => {
  for (const kind of kinds) {
    await writeMadeImages(at("classes", kind), kind, 40);
    await writeMadeImages(at("test", kind), kind, 15, `test ${kind}`);
  }
  await writeMadeImages(at("trios"), "trios", 20);
  await writeMadeImages(at("general"), "general", 60);
  const more = ["--classes", "--classifier=exposed", "--objective=outlier", "--general-steps=20"];
  more.push("--warmup=5", "--learning-rate=0.004");
  await succeed("train", "--normal=classes", "--general=general", "--out=detector", ...quickTraining, ...more);
}, 60_000);

describe("train --classes --classifier", () => {
  test("keeps classes by name and the classifier's files", async () => {
    const manifest = await loadManifest(at("detector"));
    expect(manifest.training).toMatchObject({ classes: [...kinds], classConditional: true });
    expect(manifest.models.classifier).toMatchObject({ steps: 30, heldOutBitsPerDimension: null });
    expect(manifest.defaultScore).toBe("class-ratio");
    expect(detectorSources(manifest)).toEqual(["general", "classifier", "classes", "coders"]);
    const names = await readdir(at("detector"));
    expect(names).toEqual(expect.arrayContaining(["classifier.onnx", "classifier.safetensors"]));
    expect(await readdir(at("detector", "run"))).toContain("classifier.checkpoint.safetensors");
  });

  test("reports the losses of both models, which learn", async () => {
    const normal = await measuresOf("detector", "normal");
    expect(Object.keys(normal[0]!).sort()).toEqual(
      [
        "classAccuracy",
        "classNegativeLogLikelihood",
        "negativeLogLikelihood",
        "outlierDifference",
        "outlierLoss",
        "terms",
        "wrongClassLoss",
      ].sort(),
    );
    // The weight belongs to 256 dimensions; all classes begin as the general model.
    const weight = (6000 * 256) / 3072;
    expect(normal[0]!.outlierLoss).toBeCloseTo(weight * Math.LN2, 1);
    expect(normal[0]!.wrongClassLoss).toBeCloseTo((weight * Math.LN2 * 2) / 3, 1);
    expect(normal[0]!.classAccuracy).toBe(0);
    for (const loss of ["wrongClassLoss", "outlierLoss"]) expect(normal.at(-1)![loss]).toBeLessThan(normal[0]![loss]!);
    const classifier = await measuresOf("detector", "classifier");
    expect(classifier[0]).toMatchObject({ accuracy: 0 });
    expect(classifier[0]!.crossEntropy).toBeCloseTo(Math.log(3), 5);
    expect(classifier[0]!.uniformCrossEntropy).toBeCloseTo(Math.log(3), 5);
    const late = classifier.slice(-5).reduce((sum, { crossEntropy }) => sum + crossEntropy! / 5, 0);
    expect(late).toBeLessThan(Math.log(3) - 0.02);
  });

  test("the progress line says the accuracy", async () => {
    const { stderr } = await succeed(
      ...["train", "--normal=classes", "--classifier=plain", "--out=plain", ...quickTraining],
    );
    expect(stderr).toMatch(/training the classifier model \(30 steps\)/);
    expect(stderr).toMatch(/loss [\d.]+ {2}accuracy [\d.]+ {2}held out [\d.]+/);
    const manifest = await loadManifest(at("plain"));
    expect(manifest.training).toMatchObject({ classes: [...kinds], classConditional: false });
    expect(detectorSources(manifest)).toEqual(["classifier", "coders"]);
  });

  test("--fine-tune leaves other scales of the flow and trains every class", async () => {
    const args = ["--normal=classes", "--init=plain", "--classes", "--fine-tune=1", "--out=tuned", ...quickTraining];
    await succeed("train", ...args);
    const [start, tuned] = [await loadManifest(at("plain")), await loadManifest(at("tuned"))];
    const before = await loadWeights(at("plain"), start, "normal");
    const after = await loadWeights(at("tuned"), tuned, "normal");
    const { trainableSize } = layoutOf(flowOf(start.training, "normal").parameters);
    for (const { name, trainable, offset, size } of layoutOf(modelOf(tuned.training, "normal").parameters).entries) {
      if (!trainable) continue;
      const values = after.trainable.subarray(offset, offset + size);
      const kept = offset < trainableSize && before.trainable.subarray(offset, offset + size);
      const unchanged = kept ? values.every((value, index) => value === kept[index]) : values.every((v) => v === 0);
      if (/^flow\.(scale0|prior0)/.test(name)) expect(unchanged, name).toBe(true);
      if (/^(classes|flow\.prior1)/.test(name)) expect(unchanged, name).toBe(false);
    }
  });

  test("a class-conditional detector gives its flow to --init", async () => {
    await succeed("train", "--normal=classes", "--init=detector", "--out=plain-again", ...quickTraining, "--steps=2");
  });
});

describe("a detector with classes", () => {
  test("has a marginal whose terms sum to that of its classes, posteriors that sum to one", async () => {
    const detector = await loadDetectorFolder(at("detector"), { threads: 1 });
    const pixels = new Uint8Array(3 * 256).map((_, index) => (index * 37) % 256);
    const { normal, classes, classifier } = await detector.terms(pixels);
    await detector.dispose();
    expect(classes!.names).toEqual([...kinds]);
    expect(classifier).toMatchObject({ count: 3, names: [...kinds] });
    const marginal = Array.from({ length: 3 }, (_, image) => {
      const row = Array.from(classes!.values.subarray(3 * image, 3 * image + 3));
      const most = Math.max(...row);
      return most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0) / 3);
    });
    expect(logLikelihoods(normal)).toBeAllclose(marginal, { relative: 1e-5, absolute: 1e-2 });
  });

  test("predicts a class and its probability beside every score", async () => {
    const { stdout } = await succeed("predict", "detector", "test", "--quiet");
    const [header, ...lines] = stdout.trim().split("\n");
    expect(header).toMatch(/^file,score,p_value,anomalous,rule,predicted_class,class_probability,likelihood,/);
    expect(header).toMatch(/,class-ratio,class-likelihood,msp,/);
    const classes = lines.map((line) => line.split(","));
    for (const [, , , , , name, probability] of classes) {
      expect(kinds).toContain(name);
      expect(Number(probability)).toBeGreaterThan(1 / 3 - 1e-9);
      expect(Number(probability)).toBeLessThanOrEqual(1);
    }
    const json = await succeed("predict", "plain", "test", "--json", "--quiet");
    const { images } = JSON.parse(json.stdout) as {
      images: { predictedClass: string; scores: { msp: number }; classProbability: number }[];
    };
    for (const { predictedClass, classProbability, scores } of images) {
      expect(kinds).toContain(predictedClass);
      expect(scores.msp).toBeCloseTo(-Math.log(classProbability), 9);
    }
  });

  test("is evaluated by its accuracy on normal images too", async () => {
    const args = ["--normal=test", "--anomalous=trios", "--no-coders", "--json"];
    const { stdout } = await succeed("evaluate", "detector", ...args);
    const { sets } = JSON.parse(stdout) as EvaluationReport;
    const { count, flow, classifier } = sets.normal!.classAccuracy!;
    expect(count).toBe(45);
    for (const share of [flow!, classifier!]) {
      expect(share * 45).toBeCloseTo(Math.round(share * 45), 9);
      expect(share).toBeGreaterThan(0);
    }
    expect(sets.trios!.classAccuracy).toBeUndefined();
    const text = await succeed("evaluate", "plain", "--normal=test", "--anomalous=trios", "--no-coders");
    expect(text.stdout).toMatch(/class accuracy on 45 normal images: classifier [\d.]+/);
  });

  test("samples every class and any one", async () => {
    await succeed("sample", "detector", "--out=all.png");
    await succeed("sample", "detector", "--class=stars", "--out=stars.png");
    await succeed("sample", "detector", "--class=crosses", "--out=crosses.png");
    const bytes = (name: string) => readFile(at(name));
    expect(await bytes("stars.png")).not.toEqual(await bytes("crosses.png"));
    expect(await bytes("stars.png")).not.toEqual(await bytes("all.png"));
    const { code, stderr } = await run("sample", "detector", "--class=star", "--out=none.png");
    expect(code).toBe(2);
    expect(stderr).toMatch(/--class: expected one of crosses, normal, stars, got 'star'; did you mean 'stars'\?/);
  });
});

describe("bad input: one line", () => {
  const refuse = async (message: RegExp, ...args: string[]): Promise<void> => {
    const { code, stderr } = await run("train", "--out=new", ...quickTraining, ...args);
    expect(code, stderr).toBe(2);
    expect(stderr.split("\n").filter((line) => line.startsWith("outglow:"))).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(await readdir(folder.path)).not.toContain("new");
  };

  test.each([["--classes"], ["--classifier=plain"]])("no labels for %s", async (flag) => {
    await refuse(
      new RegExp(`${flag.split("=")[0]}: expected class labels, got none in 'trios'; put images in sub-folders`),
      "--normal=trios",
      flag,
    );
  });

  test("steps for a classifier that is not asked for", async () => {
    await refuse(
      /--classifier-steps: expected --classifier plain or exposed/,
      "--normal=classes",
      "--classifier-steps=5",
    );
  });

  test("one class only", async () => {
    await writeMadeImages(at("one", "stars"), "stars", 10);
    await refuse(/--classes: expected two classes or more, got only 'stars' in 'one'/, "--normal=one", "--classes");
  });

  test("labels for some images only", async () => {
    for (const kind of kinds) await writeMadeImages(at("partly", kind), kind, 5);
    await writeMadeImages(at("partly"), "trios", 2);
    await refuse(
      /--classes: expected a class label for every image, got 2 without, such as 'partly\/trios-0/,
      "--normal=partly",
      "--classes",
    );
  });

  test("a class with too few images to hold one out", async () => {
    await writeMadeImages(at("few", "stars"), "stars", 10);
    await writeMadeImages(at("few", "crosses"), "crosses", 2);
    await refuse(
      /class 'crosses': .*expected 3 images or more.*got 2.*or leave the class out/,
      "--normal=few",
      "--classes",
    );
  });

  test("what does not go together", async () => {
    const classes = ["--normal=classes", "--classes"];
    await refuse(
      /--objective margin: expected a flow without classes/,
      ...classes,
      "--objective=margin",
      "--outliers=general",
    );
    await refuse(
      /--classifier exposed: expected images that are not normal, got none/,
      "--normal=classes",
      "--classifier=exposed",
    );
    await refuse(/--as general: expected nothing but images, got --classes/, ...classes, "--as=general");
  });
});
