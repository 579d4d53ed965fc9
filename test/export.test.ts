/** Detectors as ONNX files: the same numbers outside Outglow, said what they are, and nothing handed out that differs. */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { type DetectorParts, loadManifest, type TrainedModel, writeDetector } from "../src/detector/index.ts";
import { writeManifest } from "../src/detector/manifest.ts";
import { checkExport, checkedImages, isFaithful } from "../src/export/checking.ts";
import { exportableScores, exportModel, withResize } from "../src/export/index.ts";
import { exportDetector, loadDetector, verifyDetector } from "../src/index.ts";
import { makeImages } from "../src/made/index.ts";
import { modelOf, type PhaseName, type TrainingConfiguration } from "../src/model/index.ts";
import { type ArraysOf, layoutOf, type ParameterTree, packArrays } from "../src/nn/index.ts";
import { readModel } from "../src/onnx/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { runOutglow, temporaryFolder } from "./command.ts";
import { onePhase, trainingWith } from "./reference/training.ts";

const input = { channels: 1, height: 16, width: 16 };
const options = { threads: 1 };
const model = { scales: 2, depth: 1, hidden: 4 };
const classes = ["discs", "rings"];
const everything = trainingWith({
  ...{ input, model, classes },
  classifier: { ...onePhase, hidden: 4, blocks: 1, exposed: false },
});
/** Its images keep their proportions. */
const conditional = trainingWith({ input: { ...input, fit: "pad" }, model, classes, classConditional: true });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names);

/** A model whose numbers are drawn, some more widely than a fresh one's. */
function drawn(training: TrainingConfiguration, name: PhaseName): TrainedModel {
  const own = modelOf(training, name);
  const kept = { steps: 0, heldOutBitsPerDimension: null };
  const stream = randomKey(name).stream();
  if (own.kind === "classifier") {
    const trainable = new Float32Array(layoutOf(own.parameters).trainableSize).map(() => 0.3 * stream.normal());
    return { parameters: { trainable, fixed: new Float32Array(0) }, ...kept };
  }
  const maker = own.kind === "flow" ? own.flow : own.top;
  const arrays = maker.createParameters(randomKey(name)) as ArraysOf<ParameterTree>;
  const { trainable, fixed } = packArrays(own.parameters, arrays);
  return { parameters: { trainable: trainable.map((value) => value + 0.05 * stream.normal()), fixed }, ...kept };
}

function partsWith(training: TrainingConfiguration, names: readonly PhaseName[]): DetectorParts {
  return {
    training,
    role: "detector",
    models: {
      normal: drawn(training, "normal"),
      ...Object.fromEntries(names.map((name) => [name, drawn(training, name)])),
    },
    data: { normal: { location: "made", count: 60, fingerprint: "made" }, general: null, outliers: null },
    heldOutPixels: makeImages({ kind: "normal", count: 60, specification: input, key: randomKey("held out") }).pixels,
  };
}

/** The outputs of an exported file for some images, by what a person has who knows nothing of Outglow. */
async function outside(path: string, pixels: Uint8Array): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(path);
  const images = new Tensor("uint8", pixels, [pixels.length / 256, 1, 16, 16]);
  const results = await session.run({ images });
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

const pixels = checkedImages(input);

beforeAll(async () => {
  folder = await temporaryFolder();
  const engine = nodeEngine(options);
  await writeDetector(at("whole"), partsWith(everything, ["general", "local", "classifier"]), engine);
  await writeDetector(at("classes"), partsWith(conditional, ["general"]), engine);
});

afterAll(() => folder.dispose());

describe("an exported detector", () => {
  test("gives the same scores and p-values to a program that knows nothing of it", async () => {
    const { files, score, check, golden } = await exportDetector({ detector: at("whole"), out: at("plain") }, options);
    expect(files.map(({ path }) => path)).toEqual(
      ["model.onnx", "inverse.onnx", "metadata.json"].map((name) => at("plain", name)),
    );
    expect(score).toEqual({ name: "hierarchy" });
    expect(golden.map(({ part }) => part)).toEqual(["normal", "general", "local", "classifier"]);
    expect(check.differences.map(({ output }) => output)).toEqual([
      "score",
      "p_value",
      "terms",
      "general_terms",
      "local_terms",
      "logits",
      "inverse",
    ]);
    expect(isFaithful(check)).toBe(true);
    const got = await outside(at("plain", "model.onnx"), pixels);
    const detector = await loadDetector(at("whole"), options);
    const images = Array.from({ length: pixels.length / 256 }, (_, image) => ({
      ...{ kind: "raw" as const, ...input },
      pixels: pixels.subarray(image * 256, (image + 1) * 256),
    }));
    const rows = await detector.score(images);
    await detector.dispose();
    for (const [image, { score: own, pValue }] of rows.entries()) {
      expect(got.score![image]! / own).toBeCloseTo(1, 4);
      expect(got.p_value![image]).toBeCloseTo(pValue, 6);
    }
  });

  test("holds a class-conditional flow and the ratio of its classes", async () => {
    const request = { detector: at("classes"), out: at("by-class") };
    const { score, check, metadata } = await exportDetector(request, options);
    expect(score).toEqual({ name: "class-ratio" });
    expect(check.differences.map(({ output }) => output)).toContain("classes");
    expect(isFaithful(check)).toBe(true);
    expect(exportableScores(await loadManifest(at("classes")))).not.toContain("ratio-png");
    expect(metadata.preparation).toMatchObject({ fit: "pad", deepRange: null });
    expect(metadata.preparation.steps.at(-1)).toMatch(/^put it in the middle of 16x16 of #000000; of an odd rest/);
    await expect(exportDetector({ ...request, out: at("none"), resize: true }, options)).rejects.toThrow(
      /^resize: expected a detector trained with fit stretch, got one with fit pad; leave it out/,
    );
  });

  test("says in the file and beside it what it is", async () => {
    const out = at("named");
    const names = { names: "anomalib", map: true, latents: true, license: "ours alone", score: "ratio" } as const;
    await exportDetector({ detector: at("whole"), out, ...names }, options);
    const { inputs, outputs, metadata } = readModel(await readFile(at("named", "model.onnx")));
    expect(inputs).toEqual([{ name: "images", elementType: "uint8", shape: ["N", 1, 16, 16] }]);
    expect(outputs.map(({ name, shape }) => [name, ...shape])).toEqual([
      ["pred_score", "N"],
      ["p_value", "N"],
      ["terms", "N", 2, 2],
      ["general_terms", "N", 2, 2],
      ["local_terms", "N", 1, 2],
      ["logits", "N", 2],
      ["anomaly_map", "N", 16, 16],
      ["latent0", "N", 2, 8, 8],
      ["latent1", "N", 8, 4, 4],
    ]);
    expect(metadata.licence).toBe("ours alone");
    const beside = JSON.parse(await readFile(at("named", "metadata.json"), "utf8"));
    expect(beside).toMatchObject({ kind: "outglow export", map: "ratio", score: { name: "ratio", unit: "nats" } });
    for (const key of ["preparation", "calibration", "decision", "versions", "outputs"]) {
      expect(JSON.parse(metadata[key]!)).toEqual(beside[key]);
    }
    expect(beside.decision).toMatchObject({ rule: { kind: "false-alarm", rate: 0.01 }, pValueAtMost: 0.01 });
    expect(beside.check.differences.every(({ share }: { share: number }) => share <= 1)).toBe(true);
  });

  test("lies as Triton looks for it, with images of any size where asked for", async () => {
    const request = {
      detector: at("whole"),
      out: at("models"),
      layout: "triton",
      name: "shapes",
      resize: true,
    } as const;
    const { resizing } = await exportDetector(request, options);
    const config = await readFile(at("models", "shapes", "config.pbtxt"), "utf8");
    expect(config).toContain('name: "shapes"\nplatform: "onnxruntime_onnx"\nmax_batch_size: 64\n');
    expect(config).toContain('name: "images"\n    data_type: TYPE_UINT8\n    dims: [ 1, -1, -1 ]');
    expect(config).toContain('name: "score"\n    data_type: TYPE_FP32\n    dims: [ 1 ]\n    reshape { shape: [ ] }');
    expect(resizing!.mean).toBeLessThan(1);
    const session = await InferenceSession.create(at("models", "shapes", "1", "model.onnx"));
    const images = new Tensor("uint8", new Uint8Array(2 * 40 * 50).fill(80), [2, 1, 40, 50]);
    const { prepared, score } = await session.run({ images });
    expect(prepared!.data).toEqual(new Uint8Array(2 * 256).fill(80));
    expect(score!.dims).toEqual([2]);
    await session.release();
    await readFile(at("models", "shapes-inverse", "1", "model.onnx"));
  });

  test("is refused where it differs, is there already, or has a score that no graph holds", async () => {
    const request = { detector: at("whole"), out: at("plain") };
    await expect(exportDetector(request, options)).rejects.toThrow(/^out: expected a folder without an export, got/);
    await expect(exportDetector({ ...request, out: at("none"), score: "ratio-png" }, options)).rejects.toThrow(
      /^score ratio-png: expected a score that one graph holds, such as hierarchy, .*, got one that takes the coded sizes/,
    );
    await expect(exportDetector({ ...request, out: at("none"), name: "../up" }, options)).rejects.toThrow(/^name: /);
    const detector = await loadDetector(at("whole"), options);
    const { manifest } = detector;
    const other = partsWith(everything, ["local"]).models;
    const weights = {
      normal: other.normal.parameters,
      general: other.normal.parameters,
      local: other.local!.parameters,
    };
    const wrong = exportModel(manifest, weights, {});
    const check = await checkExport(detector, wrong, "outglow", nodeEngine(options));
    expect(isFaithful(check)).toBe(false);
    expect(check.differences.find(({ output }) => output === "general_terms")!.share).toBeGreaterThan(1);
    await detector.dispose();
  });

  test("gives another score where a graph cannot hold the detector's, and says so", async () => {
    const { checksum: _, ...manifest } = JSON.parse(await readFile(at("whole", "detector.json"), "utf8"));
    await mkdir(at("coded"));
    for (const name of Object.keys(manifest.files))
      await writeFile(at("coded", name), await readFile(at("whole", name)));
    await writeFile(at("coded", "detector.json"), await writeManifest({ ...manifest, defaultScore: "ratio-png" }));
    const texts: string[] = [];
    const { score } = await exportDetector({ detector: at("coded"), out: at("instead") }, options, {
      onEvent: (event) => event.kind === "warning" && texts.push(event.text),
    });
    expect(score).toEqual({
      name: "hierarchy",
      insteadOf: { name: "ratio-png", needs: "the coded sizes of its images" },
    });
    expect(texts).toEqual([expect.stringMatching(/^the detector's score ratio-png takes .* gives hierarchy instead/)]);
  });

  test("passes ONNX's own checker and its reference implementation", async (context) => {
    const python = `
import sys, json, numpy, onnx
from onnx.reference import ReferenceEvaluator
for name in sys.argv[1:]: onnx.checker.check_model(onnx.load(name), full_check=True)
pixels = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8).reshape(-1, 1, 16, 16)
run = ReferenceEvaluator(sys.argv[1])
print(json.dumps(run.run(["terms"], {"images": pixels})[0].reshape(-1).tolist()))`;
    const interpreter = process.env.OUTGLOW_PYTHON ?? "python3";
    try {
      execFileSync(interpreter, ["-c", "import onnx, onnx.reference"], { stdio: "ignore" });
    } catch {
      const lacking = `${interpreter} has no onnx`;
      process.stdout.write(`test/export.test.ts skips ONNX's own checker: ${lacking}\n`);
      return context.skip(lacking);
    }
    const paths = ["model.onnx", "inverse.onnx"].map((name) => at("plain", name));
    const few = pixels.subarray(0, 5 * 256);
    const terms: number[] = JSON.parse(
      execFileSync(interpreter, ["-c", python, ...paths, at("models", "shapes", "1", "model.onnx")], {
        input: few,
        encoding: "utf8",
      }),
    );
    const got = await outside(paths[0]!, few);
    expect(terms).toHaveLength(20);
    for (const [index, term] of terms.entries()) expect(got.terms![index]! / term).toBeCloseTo(1, 5);
  });
});

test("a resizing model gives back what it was given at the model's own size", async () => {
  const plain = readModel(await readFile(at("plain", "model.onnx")));
  const program = await nodeEngine(options).load(
    (await import("../src/onnx/index.ts")).writeModel(withResize(plain, input)),
  );
  const { prepared } = await program.run({ images: { data: pixels, shape: [pixels.length / 256, 1, 16, 16] } });
  expect(prepared!.data).toEqual(pixels);
  await program.dispose();
});

describe("verifying", () => {
  test("tells how far golden outputs are on a device", async () => {
    const { devices, onnxruntime } = await verifyDetector({ detector: at("whole"), devices: ["cpu"] }, options);
    expect(devices).toEqual([
      {
        device: "cpu",
        verdict: "same",
        comparisons: ["normal", "general", "local", "classifier"].map((part) => ({ part, largest: 0, share: 0 })),
      },
    ]);
    expect(onnxruntime.here).toBe(onnxruntime.written);
  });

  test("tells of every model where one differs, and of damage as such", async () => {
    const manifest = await loadManifest(at("whole"));
    await mkdir(at("swapped"));
    for (const name of Object.keys(manifest.files))
      await writeFile(at("swapped", name), await readFile(at("whole", name)));
    await writeFile(at("swapped", "general.onnx"), await readFile(at("whole", "model.onnx")));
    await writeFile(at("swapped", "detector.json"), await readFile(at("whole", "detector.json")));
    await expect(verifyDetector({ detector: at("swapped"), devices: ["cpu"] })).rejects.toThrow(
      /to match its checksum/,
    );
    const files = { ...manifest.files, "general.onnx": manifest.files["model.onnx"]! };
    await writeFile(at("swapped", "detector.json"), await writeManifest({ ...manifest, files }));
    const { devices } = await verifyDetector({ detector: at("swapped"), devices: ["cpu"] }, options);
    expect(devices[0]).toMatchObject({ verdict: "differs", fault: { code: "mismatch" } });
    expect(devices[0]!.comparisons.map(({ part, share }) => [part, share > 1])).toEqual([
      ["normal", false],
      ["general", true],
      ["local", false],
      ["classifier", false],
    ]);
  });
});

describe("on the command line", () => {
  test("paths go to stdout, differences to stderr, and a device that differs is exit code 1", async () => {
    const made = await runOutglow(folder.path, "export", "whole", "--out", "typed", "--map", "--threads", "1");
    expect(made).toMatchObject({ code: 0, stdout: "typed/model.onnx\ntyped/inverse.onnx\ntyped/metadata.json\n" });
    expect(made.stderr).toMatch(/^score +differs by [\d.e-]+ at most, allowed are 0.001 \+ 0.0001 of the value$/m);
    const fine = await runOutglow(folder.path, "verify", "whole", "--device", "cpu");
    expect(fine).toMatchObject({ code: 0, stderr: "" });
    expect(fine.stdout).toMatch(
      /^ok {3}cpu: normal differs by 0.0, 0 % of what may be; .*\nONNX Runtime [\d.]+ here, /,
    );
    const differing = await runOutglow(folder.path, "verify", "swapped", "--device", "cpu");
    expect(differing).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^FAIL cpu: detector 'swapped': expected/),
    });
  });
});
