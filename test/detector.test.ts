/** Training in process, and the detector that comes of it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { dequantize, type ImageSet } from "../src/data/index.ts";
import {
  coderTerms,
  type Detector,
  detectorSources,
  loadDetectorFolder,
  loadWeights,
  type Manifest,
  writeDetector,
} from "../src/detector/index.ts";
import { makeGlow } from "../src/flow/index.ts";
import { makeImages } from "../src/made/index.ts";
import { parseConfiguration } from "../src/model/index.ts";
import { packArrays } from "../src/nn/index.ts";
import { readModel } from "../src/onnx/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { computeScore, logLikelihoods, scoreNames } from "../src/score/index.ts";
import {
  checkpointFile,
  compileLikelihoods,
  type LoopInput,
  type LoopResult,
  makeBatchSource,
  maximumLikelihood,
  type StepReport,
  trainModel,
} from "../src/train/index.ts";
import { temporaryFolder } from "./command.ts";

const input = { channels: 1, height: 16, width: 16 };
const phase = { steps: 120, seconds: null, learningRate: 1e-3, warmup: 10, milestones: [], factor: 1 };
const configuration = parseConfiguration(
  {
    input,
    model: { scales: 2, depth: 2, hidden: 12 },
    batchSize: 16,
    optimizer: "adamax",
    weightDecay: 5e-5,
    clipNorm: null,
    augmentation: { flip: true, translate: 0 },
    heldOut: 0.2,
    evaluateEvery: 20,
    patience: 20,
    seed: 0,
    threads: 1,
    device: "cpu",
    normal: phase,
    general: null,
  },
  "test",
);

function madeSet(count: number): ImageSet {
  const found = { count, grey: count, smallest: undefined, largest: undefined, remarks: [] };
  const { pixels, names } = makeImages({ kind: "normal", count, specification: input, key: randomKey("detector") });
  const indices = names.map((_, index) => index);
  return {
    specification: input,
    count,
    pixels,
    names,
    classNames: [],
    problems: [],
    indices,
    found,
    fingerprint: "made",
  };
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const images = madeSet(200);
/** What a training with these settings gives, and what it reports of every step. */
let learned: LoopResult;
const reports: StepReport[] = [];
const flow = makeGlow({ ...input, ...configuration.model });
const heldOut = Uint32Array.from({ length: 60 }, (_, index) => index);
const train = Uint32Array.from({ length: 140 }, (_, index) => 60 + index);

const loop = (name: string, change: Partial<LoopInput> = {}): LoopInput => ({
  objective: maximumLikelihood(flow),
  batches: makeBatchSource({
    main: { images, split: { train, heldOut, duplicates: 0 } },
    configuration,
    key: randomKey("loop"),
  }),
  configuration,
  phase,
  key: randomKey("loop"),
  engine: nodeEngine({ threads: 1 }),
  checkpoints: checkpointFile(join(folder.path, `${name}.safetensors`)),
  checkpointEvery: 3600,
  ...change,
});

beforeAll(async () => {
  folder = await temporaryFolder();
  learned = await trainModel(loop("learns", { onStep: (report) => reports.push(report) }));
});

afterAll(() => folder.dispose());

describe("training", () => {
  test("lowers bits/dim on images that it does not train on", () => {
    const heldOutBits = reports.flatMap(({ heldOut }) => heldOut?.bitsPerDimension ?? []);
    expect(heldOutBits).toHaveLength(6);
    expect(heldOutBits.at(-1)!).toBeLessThan(heldOutBits[0]! - 0.05); // it falls by 0.11
  });

  test("logs terms that sum to the likelihood", () => {
    expect(reports).toHaveLength(120);
    for (const { bitsPerDimension, measures } of reports) {
      const logLikelihood = (measures.terms as number[]).reduce((sum, term) => sum + term, 0);
      expect(8 - logLikelihood / (256 * Math.LN2)).toBeCloseTo(bitsPerDimension!, 4);
    }
  });

  test("keeps the weights with the best held-out value", async () => {
    const likelihoods = await compileLikelihoods(flow, learned.parameters, nodeEngine({ threads: 1 }));
    const values = await likelihoods.measure(dequantize(images.pixels.subarray(0, 60 * 256), input));
    await likelihoods.dispose();
    const mean = values.reduce((sum, value) => sum + value, 0) / 60;
    expect(-mean).toBeCloseTo(learned.progress.best!, 3);
    expect(8 - mean / (256 * Math.LN2)).toBeCloseTo(learned.progress.bestBitsPerDimension!, 5);
  });

  test("leaves the weights that it starts from as they are: a general model is saved beside what came of it", async () => {
    const start = packArrays(flow.parameters, flow.createParameters(randomKey("start")));
    const before = start.trainable.slice();
    const { parameters } = await trainModel(loop("from", { start, phase: { ...phase, steps: 3 } }));
    expect(start.trainable).toEqual(before);
    expect(parameters.trainable).not.toEqual(before);
  });

  test("stops early once held-out images stop improving", async () => {
    const hasty = { ...configuration, evaluateEvery: 1, patience: 2 };
    const long = { ...phase, steps: 100_000, learningRate: 0.05, warmup: 0 };
    const result = await trainModel(loop("hasty", { configuration: hasty, phase: long }));
    expect(result.progress.finished).toBe(true);
    expect(result.progress.evaluationsSinceBest).toBe(2);
  });

  test("stops with a clear error when no step is finite", async () => {
    const wild = { ...phase, learningRate: 1e30, warmup: 0 };
    await expect(trainModel(loop("wild", { phase: wild }))).rejects.toThrow(
      /training: expected finite losses, got 20 steps in a row without one .*lower learningRate/,
    );
  });

  test("stops at a time limit", async () => {
    const timed = { ...phase, steps: null, seconds: 0.3 };
    const result = await trainModel(loop("timed", { phase: timed }));
    expect(result.progress.finished).toBe(true);
    expect(result.progress.seconds).toBeGreaterThanOrEqual(0.3);
  });
});

describe("a detector", () => {
  let detector: Detector;
  let manifest: Manifest;

  beforeAll(async () => {
    const { parameters, progress } = learned;
    const model = { parameters, steps: progress.step, heldOutBitsPerDimension: progress.bestBitsPerDimension };
    const data = { normal: { location: "made", count: 200, fingerprint: "made" }, general: null, outliers: null };
    const heldOutPixels = images.pixels.subarray(0, 60 * 256);
    const models = { normal: model, general: model };
    const parts = { training: configuration, role: "detector" as const, models, data, heldOutPixels };
    manifest = await writeDetector(join(folder.path, "detector"), parts, nodeEngine({ threads: 1 }));
    detector = await loadDetectorFolder(join(folder.path, "detector"), { threads: 1 });
  });

  afterAll(() => detector.dispose());

  test("is read as it was written", () => {
    expect(detector.manifest).toEqual(manifest);
  });

  test("gives the likelihood that training measured", async () => {
    const { normal } = await detector.terms(images.pixels.subarray(0, 60 * 256));
    const mean = logLikelihoods(normal).reduce((sum, value) => sum + value, 0) / 60;
    expect(8 - mean / (256 * Math.LN2)).toBeCloseTo(manifest.models.normal.heldOutBitsPerDimension!, 5);
  });

  test("gives the same terms for one image as for many", async () => {
    const many = await detector.terms(images.pixels.subarray(0, 70 * 256));
    const one = await detector.terms(images.pixels.subarray(65 * 256, 66 * 256));
    const row = many.normal.values.subarray(65 * 4, 66 * 4);
    expect(one.normal.values).toBeAllclose(row, { relative: 1e-5, absolute: 1e-3 }); // blocking differs with the batch
  });

  test("has a ratio of exactly zero where both models are the same", async () => {
    const terms = await detector.terms(images.pixels.subarray(0, 20 * 256));
    const ratio = computeScore("ratio", terms, manifest.calibration).values;
    expect(Array.from(ratio, Math.abs)).toEqual(Array.from(ratio, () => 0));
  });

  test("calibrates every score it has", () => {
    expect(Object.keys(manifest.calibration.scores)).toEqual(
      scoreNames(2, ["general", "coders"]).filter((name) => name !== "joined"),
    );
    expect(manifest.defaultScore).toBe("hierarchy");
    expect([...detectorSources(manifest)]).toEqual(["general", "coders"]);
  });

  test("calibrates coders on the sizes of the held-out images", async () => {
    const { coders } = await coderTerms(images.pixels.subarray(0, 60 * 256), input);
    const { png } = manifest.calibration.scores;
    const sizes = Array.from(coders!.png, (bits) => bits * Math.LN2);
    expect(png).toHaveLength(60);
    expect(png!.every((size) => sizes.includes(size))).toBe(true);
    const some = images.pixels.subarray(0, 3 * 256);
    const { coders: measured, ...others } = await detector.terms(some, { coders: true });
    expect(measured).toEqual((await coderTerms(some, input)).coders);
    expect(others).toEqual(await detector.terms(some));
    expect(await coderTerms(new Uint8Array(8), { channels: 2, height: 2, width: 2 })).toEqual({});
  });

  test("keeps the weights it was given", async () => {
    expect(await loadWeights(detector.location, manifest, "normal")).toEqual(learned.parameters);
  });

  test("carries a graph of standard operators with a free batch size", async () => {
    const model = readModel(await readFile(join(detector.location, "model.onnx")));
    expect(model.inputs).toEqual([{ name: "images", elementType: "uint8", shape: ["N", 1, 16, 16] }]);
    expect(model.outputs).toEqual([{ name: "terms", elementType: "float32", shape: ["N", 2, 2] }]);
    const operators = model.nodes.map(({ operator }) => operator);
    expect(operators.filter((operator) => operator === "Conv")).toHaveLength(2 * 2 * 4); // scales, steps, convolutions of a step
    expect(operators).not.toContain("Gather"); // what products would unfold with
  });
});
