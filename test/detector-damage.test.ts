/** A detector that is damaged, incomplete or written over another: refused or made whole, with no session of the engine left open. */
import { cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FormatError, RunError, randomKey } from "../src/base/index.ts";
import { decoderVersions } from "../src/data/index.ts";
import { checksumOf } from "../src/detector/checksum.ts";
import {
  type DetectorParts,
  detectorFiles,
  type FileReader,
  folderReader,
  loadDetector,
  loadDetectorFolder,
  loadManifest,
  type Manifest,
  sampleImages,
  type TrainedModel,
  writeDetector,
} from "../src/detector/index.ts";
import { writeManifest } from "../src/detector/manifest.ts";
import { makeGlow } from "../src/flow/index.ts";
import { makeImages } from "../src/made/index.ts";
import { flowOf, modelOf } from "../src/model/index.ts";
import { layoutOf, packArrays } from "../src/nn/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { temporaryFolder } from "./command.ts";
import { onePhase, trainingWith } from "./reference/training.ts";

const input = { channels: 1, height: 16, width: 16 };
const options = { threads: 1 };
const training = trainingWith({
  input,
  model: { scales: 2, depth: 1, hidden: 4 },
  classifier: { ...onePhase, hidden: 4, blocks: 1, exposed: false },
  classes: ["discs", "rings"],
});
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

/** What the whole detector here consists of. Those that look at places are damaged in `faults.test.ts` and `encoder.test.ts`. */
const placedFiles = [
  "faults.safetensors",
  "cells.safetensors",
  "encoder.onnx",
  "encoder.safetensors",
  "encoder-other.safetensors",
];
const wholeFiles = detectorFiles.filter((name) => !placedFiles.includes(name));

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
async function replaceFile(copy: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await cp(at("whole"), at(copy), { recursive: true });
  const manifest = await loadManifest(at(copy));
  await writeFile(at(copy, name), bytes);
  await sealManifest(copy, { ...manifest, files: { ...manifest.files, [name]: await checksumOf(bytes) } });
}

async function sealManifest(copy: string, manifest: Manifest): Promise<void> {
  await writeFile(at(copy, "detector.json"), await writeManifest(manifest));
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeDetector(at("whole"), parts, nodeEngine(options));
});

afterAll(() => folder.dispose());

describe("writing", () => {
  test("lists every file it wrote and nothing else", async () => {
    const { files } = await loadManifest(at("whole"));
    expect(Object.keys(files).sort()).toEqual([...wholeFiles].sort());
    expect((await readdir(at("whole"))).sort()).toEqual(["detector.json", ...wholeFiles].sort());
  });

  test("states the versions of all that its numbers depend on", async () => {
    const { versions } = await loadManifest(at("whole"));
    expect(versions).toMatchObject({ node: process.versions.node, ...decoderVersions() });
    for (const version of Object.values(decoderVersions())) expect(version).toMatch(/^\d+\.\d+/);
  });

  test("keeps where a general model came from", async () => {
    const generalDetector = { folder: "../faces", weights: await checksumOf("weights") };
    await writeDetector(at("adopted"), { ...parts, generalDetector }, nodeEngine(options));
    expect((await loadManifest(at("adopted"))).generalDetector).toEqual(generalDetector);
    expect((await loadManifest(at("whole"))).generalDetector).toBeNull();
  });

  test("over a detector with a general model leaves nothing of it, and nothing else is touched", async () => {
    await cp(at("whole"), at("replaced"), { recursive: true });
    await writeFile(at("replaced", "notes.txt"), "mine");
    await writeDetector(at("replaced"), normalOnly, nodeEngine(options));
    expect((await readdir(at("replaced"))).sort()).toEqual(
      ["detector.json", "golden.safetensors", "model.onnx", "notes.txt", "weights.safetensors"].sort(),
    );
    await (await loadDetectorFolder(at("replaced"), options)).dispose();
  });

  test("frees its sessions, where it fails too", async () => {
    const sessions = countSessions();
    await writeDetector(at("freed"), parts, nodeEngine(options));
    expect(sessions()).toEqual({ made: 4, freed: 4 });
    vi.spyOn(sessionMethods, "run").mockRejectedValueOnce(new Error("out of memory"));
    await expect(writeDetector(at("failed"), parts, nodeEngine(options))).rejects.toBeInstanceOf(RunError);
    expect(await readdir(folder.path)).not.toContain("failed");
    expect(sessions()).toEqual({ made: 8, freed: 8 });
  });
});

describe("loading", () => {
  test("opens a session a model, and disposing frees them all", async () => {
    const sessions = countSessions();
    const detector = await loadDetectorFolder(at("whole"), options);
    expect(sessions()).toEqual({ made: 4, freed: 0 });
    await detector.dispose();
    expect(sessions()).toEqual({ made: 4, freed: 4 });
  });

  test.each(wholeFiles)("refuses a flipped byte in %s", async (name) => {
    await cp(at("whole"), at(`flipped-${name}`), { recursive: true });
    const path = at(`flipped-${name}`, name);
    const bytes = await readFile(path);
    bytes[bytes.length - 10]! ^= 1;
    await writeFile(path, bytes);
    const loading = loadDetectorFolder(at(`flipped-${name}`), options);
    await expect(loading).rejects.toBeInstanceOf(FormatError);
    await expect(loading).rejects.toThrow(`expected '${path}' to match its checksum, got other content; copy`);
  });

  test.each(wholeFiles)("refuses a detector without %s", async (name) => {
    await cp(at("whole"), at(`without-${name}`), { recursive: true });
    await rm(at(`without-${name}`, name));
    const loading = loadDetectorFolder(at(`without-${name}`), options);
    await expect(loading).rejects.toBeInstanceOf(FormatError);
    await expect(loading).rejects.toThrow(name);
  });

  test.each(wholeFiles)("refuses a manifest that does not list %s", async (name) => {
    await cp(at("whole"), at(`unlisted-${name}`), { recursive: true });
    const manifest = await loadManifest(at("whole"));
    const files = Object.fromEntries(Object.entries(manifest.files).filter(([file]) => file !== name));
    await sealManifest(`unlisted-${name}`, { ...manifest, files });
    await expect(loadDetectorFolder(at(`unlisted-${name}`), options)).rejects.toThrow(/to match its checksum/);
  });

  test.each([
    ["another file of the folder", "notes.txt"],
    ["a file elsewhere", "../whole/model.onnx"],
    ["a device that never ends", "../../../dev/zero"],
  ])("refuses a manifest that lists %s, before it reads anything else", async (name, file) => {
    await cp(at("whole"), at(`lists ${name}`), { recursive: true });
    await writeFile(at(`lists ${name}`, "notes.txt"), "mine");
    const { checksum: _, ...manifest } = JSON.parse(await readFile(at("whole", "detector.json"), "utf8"));
    manifest.files[file] = "0".repeat(64);
    await sealManifest(`lists ${name}`, manifest);
    await expect(loadDetectorFolder(at(`lists ${name}`), options)).rejects.toThrow(
      `files: expected no other keys, got '${file}'; copy the detector again or train anew`,
    );
  });

  test("reads ordinary files of a possible size only", async () => {
    await cp(at("whole"), at("link"), { recursive: true });
    await rm(at("link", "model.onnx"));
    await symlink("/dev/zero", at("link", "model.onnx"));
    await expect(loadDetectorFolder(at("link"), options)).rejects.toThrow(/model\.onnx': expected an ordinary file/);
    await cp(at("whole"), at("large"), { recursive: true });
    await truncate(at("large", "detector.json"), 2 ** 28 + 1);
    await expect(loadDetectorFolder(at("large"), options)).rejects.toThrow(/at most 268435456 bytes, got 268435457/);
  });

  test("frees the first session where the second cannot be opened", async () => {
    await replaceFile("no-graph", "general.onnx", Uint8Array.of(1, 2, 3));
    const sessions = countSessions();
    await expect(loadDetectorFolder(at("no-graph"), options)).rejects.toBeInstanceOf(RunError);
    expect(sessions()).toEqual({ made: 1, freed: 1 });
  });

  test("frees its sessions where the golden outputs do not come again", async () => {
    await replaceFile("swapped", "general.onnx", await readFile(at("whole", "model.onnx")));
    const sessions = countSessions();
    await expect(loadDetectorFolder(at("swapped"), options)).rejects.toThrow(/expected the general model to give/);
    expect(sessions()).toEqual({ made: 4, freed: 4 });
  });

  test("knows its own classifier", async () => {
    const models = { ...parts.models, classifier: drawnClassifier("another") };
    await writeDetector(at("other-classifier"), { ...parts, models }, nodeEngine(options));
    await replaceFile(
      "swapped-classifier",
      "classifier.onnx",
      await readFile(at("other-classifier", "classifier.onnx")),
    );
    await expect(loadDetectorFolder(at("swapped-classifier"), options)).rejects.toThrow(
      /expected the classifier model to give .* on golden image [0-3],/,
    );
  });

  test("refuses golden outputs of a detector without the general model", async () => {
    await writeDetector(at("normal-only"), normalOnly, nodeEngine(options));
    await replaceFile("half-golden", "golden.safetensors", await readFile(at("normal-only", "golden.safetensors")));
    await expect(loadDetectorFolder(at("half-golden"), options)).rejects.toBeInstanceOf(FormatError);
  });
});

describe("a detector that is being replaced", () => {
  const other: DetectorParts = { ...parts, training: { ...training, seed: 1 } };

  test("is read anew where it was replaced while it was read", async () => {
    await cp(at("whole"), at("swapped-meanwhile"), { recursive: true });
    const reader = folderReader(at("swapped-meanwhile"));
    let replaced = false;
    const slow: FileReader = {
      ...reader,
      read: async (name, mostBytes) => {
        const bytes = await reader.read(name, mostBytes);
        if (name === "detector.json" && !replaced) {
          replaced = true;
          // One with fewer models: files that the old manifest names are gone.
          await writeDetector(
            at("swapped-meanwhile"),
            { ...normalOnly, training: other.training },
            nodeEngine(options),
          );
        }
        return bytes;
      },
    };
    const detector = await loadDetector(slow, nodeEngine(options));
    expect(detector.manifest.training.seed).toBe(1);
    await detector.dispose();
  });

  test.each(wholeFiles)("works while %s has not taken its name yet", async (name) => {
    await cp(at("whole"), at(`pending-${name}`), { recursive: true });
    await rename(at(`pending-${name}`, name), at(`pending-${name}`, `${name}.next`));
    await (await loadDetectorFolder(at(`pending-${name}`), options)).dispose();
    await writeFile(at(`pending-${name}`, name), "of the former detector");
    await (await loadDetectorFolder(at(`pending-${name}`), options)).dispose();
    await writeFile(at(`pending-${name}`, `${name}.next`), "damaged");
    await expect(loadDetectorFolder(at(`pending-${name}`), options)).rejects.toThrow(/to match its checksum/);
  });

  test("is whole again before it is replaced once more, and stays so where that fails", async () => {
    await cp(at("whole"), at("half"), { recursive: true });
    await rename(at("half", "model.onnx"), at("half", "model.onnx.next"));
    // Something in the place of a new file's name: writing fails before the new manifest stands.
    await mkdir(at("half", "golden.safetensors.next"));
    await expect(writeDetector(at("half"), other, nodeEngine(options))).rejects.toBeInstanceOf(RunError);
    const detector = await loadDetectorFolder(at("half"), options);
    expect(detector.manifest.training.seed).toBe(training.seed);
    await detector.dispose();
    expect((await readdir(at("half"))).filter((name) => name.endsWith(".next"))).toEqual(["golden.safetensors.next"]);
    await rm(at("half", "golden.safetensors.next"), { recursive: true });
    await writeDetector(at("half"), other, nodeEngine(options));
    expect((await readdir(at("half"))).sort()).toEqual(["detector.json", ...wholeFiles].sort());
    expect((await loadManifest(at("half"))).training.seed).toBe(1);
  });
});

describe("sampling", () => {
  const { parameters } = parts.models.normal;
  const request = { temperature: 0.7, key: randomKey("samples") };
  const sample = (count: number) => sampleImages(flow, parameters, { ...request, count }, nodeEngine(options));

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
