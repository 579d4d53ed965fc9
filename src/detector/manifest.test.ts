/** `detector.json`: what is refused, and in which words. */
import { describe, expect, test } from "vitest";
import { FormatError } from "../base/index.ts";
import { checksumOf } from "./checksum.ts";
import { type Manifest, parseManifest, writeManifest } from "./manifest.ts";

const checksum = "0".repeat(64);
const phase = { steps: 5, seconds: null, learningRate: 1e-3, warmup: 0, milestones: [], factor: 1 };
const manifest: Manifest = {
  kind: "outglow detector",
  role: "detector",
  formatVersion: 1,
  versions: { outglow: "0.1.0", onnxruntime: "1.0.0", node: "22.0.0", sharp: "0.35.0", libvips: "8.18.0" },
  input: {
    channels: 1,
    height: 8,
    width: 8,
    background: "#ffffff",
    sampleBits: null,
    sampleRange: null,
    type: "uint8",
    layout: "NCHW",
    transform: "x = pixel / 256 - 0.5 + 1 / 512",
  },
  orientation: "higher is more anomalous",
  unit: "nats",
  defaultScore: "likelihood",
  models: {
    normal: { weights: "weights.safetensors", graph: "model.onnx", steps: 5, heldOutBitsPerDimension: null },
    general: { weights: "general.safetensors", graph: "general.onnx", steps: null, heldOutBitsPerDimension: null },
    local: null,
    classifier: null,
  },
  data: { normal: { location: "good", count: 10, fingerprint: checksum }, general: null, outliers: null },
  generalDetector: { folder: "../faces", weights: checksum },
  training: {
    input: { channels: 1, height: 8, width: 8, background: "#ffffff", sampleBits: null, sampleRange: null },
    model: { architecture: "glow", scales: 1, depth: 1, hidden: 2 },
    batchSize: 4,
    optimizer: "adamax",
    weightDecay: 0,
    clipNorm: null,
    augmentation: { flip: false, translate: 0 },
    heldOut: 0.1,
    evaluateEvery: 5,
    patience: 5,
    seed: 0,
    threads: 1,
    device: "cpu",
    memory: "auto",
    normal: phase,
    general: null,
    local: null,
    classifier: null,
    classes: null,
    classConditional: false,
    objective: { loss: "nll" },
    start: "fresh",
    trainedScales: null,
  },
  calibration: { count: 1, scores: { likelihood: [1] }, fits: {} },
  faults: null,
  files: { "model.onnx": checksum },
};

/** A manifest with a right checksum over content that need not be right. */
async function sealed(content: object): Promise<string> {
  return JSON.stringify({ ...content, checksum: await checksumOf(JSON.stringify(content)) });
}

async function refusal(text: string): Promise<string> {
  const error: unknown = await parseManifest(text, "detector.json").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  return (error as FormatError).message;
}

test("is read as it was written", async () => {
  expect(await parseManifest(await writeManifest(manifest), "detector.json")).toEqual(manifest);
  const without = { ...manifest, generalDetector: null };
  expect(await parseManifest(await writeManifest(without), "detector.json")).toEqual(without);
});

test("of a program that knew Glow alone is one of a Glow", async () => {
  const { scales, depth, hidden } = manifest.training.model;
  const text = await sealed({ ...manifest, training: { ...manifest.training, model: { scales, depth, hidden } } });
  expect(await parseManifest(text, "detector.json")).toEqual(manifest);
});

describe("refused is", () => {
  test.each(["null", "3", "[]", '"text"', "true", "{}", '{"kind":"another"}', "[null]"])("%s", async (text) => {
    expect(await refusal(text)).toBe("detector.json: expected an outglow detector, got another file; choose another");
  });

  test.each(["", "{", "text"])("'%s', which is not JSON", async (text) => {
    expect(await refusal(text)).toMatch(
      /^detector\.json: expected JSON, got .*; copy the detector again or train anew$/,
    );
  });

  test.each([
    [[2], "expected format version 1 or 2, got [2]; use the version of outglow that wrote it, or train again"],
    [0, "got 0; use the version of outglow that wrote it"],
    [3, "got 3; it was written by a newer outglow: update this one, or use the one that wrote it"],
  ])("format version %j", async (formatVersion, message) => {
    expect(await refusal(await sealed({ ...manifest, formatVersion }))).toContain(message);
  });

  test("content that does not match its checksum", async () => {
    expect(await refusal((await writeManifest(manifest)).replace('"likelihood"', '"ratio"'))).toContain(
      "matches its checksum",
    );
  });

  test.each([
    [{ unit: "bits" }, 'unit: expected "nats", got "bits"'],
    [{ defaultScore: undefined }, "defaultScore: expected string, got none"],
    [{ extra: 1, more: 2 }, "expected no other keys, got 'extra', 'more'"],
    [{ files: { "model.onnx": 3 } }, "files.model.onnx: expected string, got 3"],
    [{ files: { "../model.onnx": checksum } }, "files: expected no other keys, got '../model.onnx'"],
    [
      { models: { ...manifest.models, normal: { ...manifest.models.normal, graph: "/etc/passwd" } } },
      'models.normal.graph: expected "model.onnx", got "/etc/passwd"',
    ],
    [{ input: { ...manifest.input, width: 1e9 } }, "input.width: expected number to be <=65536, got 1000000000"],
    [{ input: { ...manifest.input, width: 16 } }, "training.input: expected the same size as input, got an object"],
    [
      { training: { ...manifest.training, model: { ...manifest.training.model, scales: 1e9 } } },
      "training.model.scales: expected number to be <=16, got 1000000000",
    ],
    [{ models: [] }, "models: expected object, got a list"],
    [{ calibration: { ...manifest.calibration, count: {} } }, "calibration.count: expected number, got an object"],
    [{ input: { ...manifest.input, height: 0 } }, "input.height: expected number to be >=1, got 0"],
    [{ versions: { ...manifest.versions, libvips: 8 } }, "versions.libvips: expected string, got 8"],
    [{ generalDetector: { folder: "x" } }, "generalDetector.weights: expected string, got none"],
    [
      { training: { ...manifest.training, device: "tpu" } },
      'training.device: expected one of "cpu"|"webgpu"|"cuda", got "tpu"',
    ],
  ])("%j", async (change, message) => {
    const text = await sealed(JSON.parse(JSON.stringify({ ...manifest, ...change })) as object);
    expect(await refusal(text)).toBe(`detector.json: ${message}; copy the detector again or train anew`);
  });
});

test("a hierarchy of means and deviations alone, as earlier programs wrote it, measures the same", async () => {
  const fit = {
    featureNames: ["a"],
    mean: [100],
    standardDeviation: [20],
    shrinkage: 0,
    cholesky: [[1]],
    count: 9,
  };
  const { fits: _, ...calibration } = manifest.calibration;
  const earlier = { ...manifest, calibration: { ...calibration, hierarchy: { hierarchy: fit } } };
  const text = await writeManifest(earlier as unknown as Manifest);
  const read = (await parseManifest(text, "detector.json")).calibration.fits.hierarchy!;
  if (read.kind !== "hierarchy") throw new Error(`a fit of kind ${read.kind}`);
  expect(read.densities).toEqual([
    { marginals: [{ quantiles: [80, 120], scores: [-1, 1] }], mean: [0], standardDeviation: [1], cholesky: [[1]] },
  ]);
});
