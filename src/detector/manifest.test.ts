/** `detector.json`: what is refused, and in which words. */
import { describe, expect, test } from "vitest";
import { FormatError } from "../base/index.ts";
import { checksumOf, type Manifest, readManifest, writeManifest } from "./manifest.ts";

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
    input: { channels: 1, height: 8, width: 8 },
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
  calibration: { count: 1, scores: { likelihood: [1] }, hierarchy: {} },
  files: { "model.onnx": checksum },
};

/** A manifest with a right checksum over content that need not be right. */
function sealed(content: object): string {
  return JSON.stringify({ ...content, checksum: checksumOf(JSON.stringify(content)) });
}

function refusal(text: string): string {
  try {
    readManifest(text, "detector.json");
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).message;
  }
  throw new Error("it was accepted");
}

test("is read as it was written", () => {
  expect(readManifest(writeManifest(manifest), "detector.json")).toEqual(manifest);
  expect(
    readManifest(writeManifest({ ...manifest, generalDetector: null }), "detector.json").generalDetector,
  ).toBeNull();
});

test("of a program that knew Glow alone is one of a Glow", () => {
  const { scales, depth, hidden } = manifest.training.model;
  const text = sealed({ ...manifest, training: { ...manifest.training, model: { scales, depth, hidden } } });
  expect(readManifest(text, "detector.json")).toEqual(manifest);
});

describe("refused is", () => {
  test.each(["null", "3", "[]", '"text"', "true", "{}", '{"kind":"another"}', "[null]"])("%s", (text) => {
    expect(refusal(text)).toBe(
      "detector.json: expected an outglow detector, got another file; name a folder made by outglow train",
    );
  });

  test.each(["", "{", "text"])("'%s', which is not JSON", (text) => {
    expect(refusal(text)).toMatch(/^detector\.json: expected JSON, got .*; the file was damaged or edited$/);
  });

  test("another format version", () => {
    expect(refusal(sealed({ ...manifest, formatVersion: [2] }))).toContain("expected format version 1, got [2]; use");
  });

  test("content that does not match its checksum", () => {
    expect(refusal(writeManifest(manifest).replace('"likelihood"', '"ratio"'))).toContain("matches its checksum");
  });

  test.each([
    [{ unit: "bits" }, 'unit: expected "nats", got "bits"'],
    [{ defaultScore: undefined }, "defaultScore: expected string, got none"],
    [{ extra: 1, more: 2 }, "expected no other keys, got 'extra', 'more'"],
    [{ files: { "model.onnx": 3 } }, "files.model.onnx: expected string, got 3"],
    [{ models: [] }, "models: expected object, got a list"],
    [{ calibration: { ...manifest.calibration, count: {} } }, "calibration.count: expected number, got an object"],
    [{ input: { ...manifest.input, height: 0 } }, "input.height: expected number to be >=1, got 0"],
    [{ versions: { ...manifest.versions, libvips: 8 } }, "versions.libvips: expected string, got 8"],
    [{ generalDetector: { folder: "x" } }, "generalDetector.weights: expected string, got none"],
    [
      { training: { ...manifest.training, device: "tpu" } },
      'training.device: expected one of "cpu"|"webgpu"|"cuda", got "tpu"',
    ],
  ])("%j", (change, message) => {
    const text = sealed(JSON.parse(JSON.stringify({ ...manifest, ...change })) as object);
    expect(refusal(text)).toBe(`detector.json: ${message}; the file was damaged or edited`);
  });
});

test("a hierarchy of means and deviations alone, as earlier programs wrote it, measures the same", () => {
  const fit = {
    featureNames: ["a"],
    mean: [100],
    standardDeviation: [20],
    shrinkage: 0,
    cholesky: [[1]],
    count: 9,
  };
  const earlier = { ...manifest, calibration: { ...manifest.calibration, hierarchy: { hierarchy: fit } } };
  const read = readManifest(writeManifest(earlier as unknown as Manifest), "detector.json").calibration.hierarchy
    .hierarchy!;
  expect(read.densities).toEqual([
    { marginals: [{ quantiles: [80, 120], scores: [-1, 1] }], mean: [0], standardDeviation: [1], cholesky: [[1]] },
  ]);
});
