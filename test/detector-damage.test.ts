/** A detector that is damaged, incomplete or written over another: refused or made whole, with no session of the engine left open. */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FormatError, RunError, randomKey } from "../src/base/index.ts";
import { decoderVersions } from "../src/data/index.ts";
import {
  type DetectorParts,
  detectorFiles,
  loadDetector,
  loadManifest,
  sampleImages,
  type TrainedModel,
  writeDetector,
} from "../src/detector/index.ts";
import { checksumOf, type Manifest, writeManifest } from "../src/detector/manifest.ts";
import { makeGlow } from "../src/flow/index.ts";
import { makeImages } from "../src/made/index.ts";
import { flowOf, modelOf, parseConfiguration } from "../src/model/index.ts";
import { layoutOf, packArrays } from "../src/nn/index.ts";
import { temporaryFolder } from "./command.ts";

const input = { channels: 1, height: 16, width: 16 };
const options = { threads: 1 };
const training = parseConfiguration(
  {
    input,
    model: { scales: 2, depth: 1, hidden: 4 },
    batchSize: 8,
    optimizer: "adamax",
    weightDecay: 0,
    clipNorm: null,
    augmentation: { flip: false, translate: 0 },
    heldOut: 0.2,
    evaluateEvery: 10,
    patience: 10,
    seed: 0,
    threads: 1,
    device: "cpu",
    normal: { steps: 1, seconds: null, learningRate: 1e-3, warmup: 0, milestones: [], factor: 1 },
    general: null,
    classifier: {
      ...{ steps: 1, seconds: null, learningRate: 1e-3, warmup: 0, milestones: [], factor: 1 },
      ...{ hidden: 4, blocks: 1, exposed: false },
    },
    classes: ["discs", "rings"],
  },
  "test",
);
const flow = makeGlow({ ...input, ...training.model });

function freshModel(label: "normal" | "general" | "local"): TrainedModel {
  const model = flowOf(training, label);
  const parameters = packArrays(model.parameters, model.createParameters(randomKey(label)));
  return { parameters, steps: 0, heldOutBitsPerDimension: null };
}

/** A classifier with every number drawn: a fresh one's last layer is zero, whatever comes before it. */
function drawnClassifier(label: string): TrainedModel {
  const stream = randomKey(label).stream();
  const { trainableSize } = layoutOf(modelOf(training, "classifier").parameters);
  const trainable = Float32Array.from({ length: trainableSize }, () => 0.3 * stream.normal());
  return { parameters: { trainable, fixed: new Float32Array(0) }, steps: 0, heldOutBitsPerDimension: null };
}

const normalOnly: DetectorParts = {
  training,
  role: "detector",
  models: { normal: freshModel("normal") },
  data: { normal: { location: "made", count: 20, fingerprint: "made" }, general: null, outliers: null },
  heldOutPixels: makeImages({ kind: "normal", count: 10, specification: input, key: randomKey("damage") }).pixels,
};
const parts: DetectorParts = {
  ...normalOnly,
  models: {
    ...normalOnly.models,
    general: freshModel("general"),
    local: freshModel("local"),
    classifier: drawnClassifier("classifier"),
  },
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names);

/** The methods that all sessions share; their type does not tell that InferenceSession is a class. */
const sessionMethods = (InferenceSession as unknown as { readonly prototype: InferenceSession }).prototype;

/** Counts sessions from now to the end of the test: those made and those freed. */
function countSessions(): () => { readonly made: number; readonly freed: number } {
  const create = vi.spyOn(InferenceSession, "create");
  const release = vi.spyOn(sessionMethods, "release");
  return () => ({
    made: create.mock.settledResults.filter(({ type }) => type === "fulfilled").length,
    freed: release.mock.calls.length,
  });
}

/** A copy of the whole detector with other contents in one file, and a manifest that fits them. */
async function replaceFile(copy: string, name: string, bytes: Uint8Array): Promise<void> {
  await cp(at("whole"), at(copy), { recursive: true });
  const manifest = await loadManifest(at(copy));
  await writeFile(at(copy, name), bytes);
  await sealManifest(copy, { ...manifest, files: { ...manifest.files, [name]: checksumOf(bytes) } });
}

function sealManifest(copy: string, manifest: Manifest): Promise<void> {
  return writeFile(at(copy, "detector.json"), writeManifest(manifest));
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeDetector(at("whole"), parts, options);
});

afterAll(() => folder.dispose());

describe("writing", () => {
  test("lists every file it wrote and nothing else", async () => {
    const { files } = await loadManifest(at("whole"));
    expect(Object.keys(files).sort()).toEqual([...detectorFiles].sort());
    expect((await readdir(at("whole"))).sort()).toEqual(["detector.json", ...detectorFiles].sort());
  });

  test("states the versions of all that its numbers depend on", async () => {
    const { versions } = await loadManifest(at("whole"));
    expect(versions).toMatchObject({ node: process.versions.node, ...decoderVersions() });
    for (const version of Object.values(decoderVersions())) expect(version).toMatch(/^\d+\.\d+/);
  });

  test("keeps where a general model came from", async () => {
    const generalDetector = { folder: "../faces", weights: checksumOf("weights") };
    await writeDetector(at("adopted"), { ...parts, generalDetector }, options);
    expect((await loadManifest(at("adopted"))).generalDetector).toEqual(generalDetector);
    expect((await loadManifest(at("whole"))).generalDetector).toBeNull();
  });

  test("over a detector with a general model leaves nothing of it, and nothing else is touched", async () => {
    await cp(at("whole"), at("replaced"), { recursive: true });
    await writeFile(at("replaced", "notes.txt"), "mine");
    await writeDetector(at("replaced"), normalOnly, options);
    expect((await readdir(at("replaced"))).sort()).toEqual(
      ["detector.json", "golden.safetensors", "model.onnx", "notes.txt", "weights.safetensors"].sort(),
    );
    await (await loadDetector(at("replaced"), options)).dispose();
  });

  test("frees its sessions, where it fails too", async () => {
    const sessions = countSessions();
    await writeDetector(at("freed"), parts, options);
    expect(sessions()).toEqual({ made: 4, freed: 4 });
    vi.spyOn(sessionMethods, "run").mockRejectedValueOnce(new Error("out of memory"));
    await expect(writeDetector(at("failed"), parts, options)).rejects.toBeInstanceOf(RunError);
    expect(await readdir(folder.path)).not.toContain("failed");
    expect(sessions()).toEqual({ made: 8, freed: 8 });
  });
});

describe("loading", () => {
  test("opens a session a model, and disposing frees them all", async () => {
    const sessions = countSessions();
    const detector = await loadDetector(at("whole"), options);
    expect(sessions()).toEqual({ made: 4, freed: 0 });
    await detector.dispose();
    expect(sessions()).toEqual({ made: 4, freed: 4 });
  });

  test.each(detectorFiles)("refuses a flipped byte in %s", async (name) => {
    await cp(at("whole"), at(`flipped-${name}`), { recursive: true });
    const path = at(`flipped-${name}`, name);
    const bytes = await readFile(path);
    bytes[bytes.length - 10]! ^= 1;
    await writeFile(path, bytes);
    const loading = loadDetector(at(`flipped-${name}`), options);
    await expect(loading).rejects.toBeInstanceOf(FormatError);
    await expect(loading).rejects.toThrow(`expected '${path}' to match its checksum, got other content; copy`);
  });

  test.each(detectorFiles)("refuses a detector without %s", async (name) => {
    await cp(at("whole"), at(`without-${name}`), { recursive: true });
    await rm(at(`without-${name}`, name));
    const loading = loadDetector(at(`without-${name}`), options);
    await expect(loading).rejects.toBeInstanceOf(FormatError);
    await expect(loading).rejects.toThrow(name);
  });

  test.each(detectorFiles)("refuses a manifest that does not list %s", async (name) => {
    await cp(at("whole"), at(`unlisted-${name}`), { recursive: true });
    const manifest = await loadManifest(at("whole"));
    const files = Object.fromEntries(Object.entries(manifest.files).filter(([file]) => file !== name));
    await sealManifest(`unlisted-${name}`, { ...manifest, files });
    await expect(loadDetector(at(`unlisted-${name}`), options)).rejects.toThrow(/to match its checksum/);
  });

  test("checks files that only the manifest knows", async () => {
    await replaceFile("more", "notes.txt", Uint8Array.of(1));
    await writeFile(at("more", "notes.txt"), "2");
    await expect(loadDetector(at("more"), options)).rejects.toThrow(/notes\.txt' to match its checksum/);
  });

  test("frees the first session where the second cannot be opened", async () => {
    await replaceFile("no-graph", "general.onnx", Uint8Array.of(1, 2, 3));
    const sessions = countSessions();
    await expect(loadDetector(at("no-graph"), options)).rejects.toBeInstanceOf(RunError);
    expect(sessions()).toEqual({ made: 1, freed: 1 });
  });

  test("frees its sessions where the golden outputs do not come again", async () => {
    await replaceFile("swapped", "general.onnx", await readFile(at("whole", "model.onnx")));
    const sessions = countSessions();
    await expect(loadDetector(at("swapped"), options)).rejects.toThrow(/expected the general model to give/);
    expect(sessions()).toEqual({ made: 4, freed: 4 });
  });

  test("knows its own classifier", async () => {
    const models = { ...parts.models, classifier: drawnClassifier("another") };
    await writeDetector(at("other-classifier"), { ...parts, models }, options);
    await replaceFile(
      "swapped-classifier",
      "classifier.onnx",
      await readFile(at("other-classifier", "classifier.onnx")),
    );
    await expect(loadDetector(at("swapped-classifier"), options)).rejects.toThrow(
      /expected the classifier model to give .* on golden image [0-3],/,
    );
  });

  test("refuses golden outputs of a detector without the general model", async () => {
    await writeDetector(at("normal-only"), normalOnly, options);
    await replaceFile("half-golden", "golden.safetensors", await readFile(at("normal-only", "golden.safetensors")));
    await expect(loadDetector(at("half-golden"), options)).rejects.toBeInstanceOf(FormatError);
  });
});

describe("sampling", () => {
  const { parameters } = parts.models.normal;
  const request = { temperature: 0.7, key: randomKey("samples") };
  const sample = (count: number) => sampleImages(flow, parameters, { ...request, count }, options);

  test("goes in batches, each from a key of its own", async () => {
    const [some, many] = [await sample(64), await sample(150)];
    expect([some.length, many.length]).toEqual([64 * 256, 150 * 256]);
    expect(many.subarray(0, 64 * 256)).toEqual(some);
    expect(many.subarray(64 * 256, 128 * 256)).not.toEqual(some);
    expect(await sample(150)).toEqual(many);
  });

  test("of no images gives none", async () => {
    expect(await sample(0)).toEqual(new Uint8Array(0));
  });

  test("frees its session, where it fails too", async () => {
    const sessions = countSessions();
    await sample(1);
    vi.spyOn(sessionMethods, "run").mockRejectedValueOnce(new Error("out of memory"));
    await expect(sample(1)).rejects.toBeInstanceOf(RunError);
    expect(sessions()).toEqual({ made: 2, freed: 2 });
  });
});
