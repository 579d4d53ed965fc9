/** A trained detector: a folder with a manifest, weights, scoring graphs and golden outputs, written and loaded with every check. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, FormatError, randomKey } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { type Flow, makeGlow } from "../flow/index.ts";
import {
  layoutOf,
  type ParameterVectors,
  parameterData,
  readTensors,
  type StoredTensor,
  writeTensors,
} from "../nn/index.ts";
import { engineVersion, type ProgramOptions } from "../runtime/index.ts";
import { calibrate, defaultScoreName, type ModelTerms } from "../score/index.ts";
import type { TrainingConfiguration } from "../train/index.ts";
import { checkGolden, goldenFile, goldenImages, writeGolden } from "./golden.ts";
import { checksumOf, formatVersion, type Manifest, manifestName, readManifest, writeManifest } from "./manifest.ts";
import { loadScorer, type Scorer, scoringModel } from "./scoring.ts";
import { packageVersion } from "./version.ts";

type ModelName = keyof Manifest["models"];

/** A flow with its weights, and how it came about. */
export interface TrainedModel {
  readonly parameters: ParameterVectors;
  readonly steps: number | null;
  readonly heldOutBitsPerDimension: number | null;
}

export interface DetectorParts {
  readonly training: TrainingConfiguration;
  readonly normal: TrainedModel;
  readonly general?: TrainedModel | undefined;
  readonly data: Manifest["data"];
  /** Held-out normal images, uint8 [N, C, H, W]: calibration comes from them alone. */
  readonly heldOutPixels: Uint8Array;
}

/** A loaded detector. */
export interface Detector {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly flow: Flow;
  /** Terms of uint8 images [N, C, H, W] under its models. */
  terms(pixels: Uint8Array): Promise<ModelTerms>;
  dispose(): Promise<void>;
}

const modelFiles = {
  normal: { weights: "weights.safetensors", graph: "model.onnx" },
  general: { weights: "general.safetensors", graph: "general.onnx" },
} as const;

/**
 * Calibrates on the held-out images and writes a detector into a folder. The manifest comes last and names the checksum of every other
 * file, so a folder that was left half-written is never taken for a detector.
 */
export async function writeDetector(folder: string, parts: DetectorParts, options: ProgramOptions): Promise<Manifest> {
  const { training } = parts;
  const flow = makeGlow({ ...training.input, ...training.model });
  const models = { normal: parts.normal, ...(parts.general ? { general: parts.general } : {}) };
  const graphs = Object.fromEntries(
    Object.entries(models).map(([name, model]) => [name, scoringModel(flow, model.parameters)]),
  );
  const scorers = await openScorers(flow, graphs, options);
  const heldOut = await scorers.terms(parts.heldOutPixels);
  const images = goldenImages(flow.inputShape);
  const files: Record<string, Uint8Array> = {
    [goldenFile]: writeGolden(flow.inputShape, images, await scorers.terms(images)),
  };
  await scorers.dispose();
  for (const [name, model] of Object.entries(models)) {
    files[modelFiles[name as ModelName].weights] = writeWeights(flow, model.parameters);
    files[modelFiles[name as ModelName].graph] = graphs[name]!;
  }

  const calibration = calibrate(heldOut, randomKey(training.seed).fold("calibration"));
  const describe = (name: ModelName, model: TrainedModel) => ({
    ...modelFiles[name],
    steps: model.steps,
    heldOutBitsPerDimension: model.heldOutBitsPerDimension,
  });
  const manifest: Manifest = {
    kind: "outglow detector",
    formatVersion,
    versions: { outglow: packageVersion(), onnxruntime: engineVersion(), node: process.versions.node },
    input: { ...training.input, type: "uint8", layout: "NCHW", transform: "x = pixel / 256 - 0.5 + 1 / 512" },
    orientation: "higher is more anomalous",
    unit: "nats",
    defaultScore: defaultScoreName(parts.general !== undefined, calibration),
    models: {
      normal: describe("normal", parts.normal),
      general: parts.general ? describe("general", parts.general) : null,
    },
    data: parts.data,
    training,
    calibration,
    files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, checksumOf(bytes)])),
  };
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFileAtomic(join(folder, name), bytes);
  await writeFileAtomic(join(folder, manifestName), writeManifest(manifest));
  return manifest;
}

/**
 * Loads a detector and checks it: format version, checksum of every file, golden outputs.
 * Throws ConfigError where the folder holds none, FormatError for damage, RunError where its outputs are not those recorded.
 */
export async function loadDetector(folder: string, options: ProgramOptions): Promise<Detector> {
  const manifest = await loadManifest(folder);
  const flow = makeGlow({ ...manifest.training.input, ...manifest.training.model });
  const names = (["normal", "general"] as const).filter((name) => manifest.models[name] !== null);
  const graphs: Record<string, Uint8Array> = {};
  for (const name of names) graphs[name] = await readChecked(folder, modelFiles[name].graph, manifest);
  const scorers = await openScorers(flow, graphs, options);
  await checkGolden(await readChecked(folder, goldenFile, manifest), scorers.terms, `detector '${folder}'`);
  return { folder, manifest, flow, ...scorers };
}

/** The manifest of a detector folder. Throws as `loadDetector`. */
export async function loadManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError(
      `detector: expected a detector folder at '${folder}', got none (${error.code ?? error.message}: ${path}); make one with outglow train`,
    );
  });
  return readManifest(text, path);
}

/** The weights of one of a detector's models. Throws as `loadDetector`, ConfigError where it has no such model. */
export async function loadWeights(folder: string, manifest: Manifest, name: ModelName): Promise<ParameterVectors> {
  if (!manifest.models[name])
    throw new ConfigError(`detector '${folder}': expected a ${name} model, got a detector without one`);
  const file = modelFiles[name].weights;
  const { tensors } = readTensors(await readChecked(folder, file, manifest), join(folder, file));
  const flow = makeGlow({ ...manifest.training.input, ...manifest.training.model });
  const layout = layoutOf(flow.parameters);
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: new Float32Array(layout.fixedSize) };
  for (const entry of layout.entries) {
    const data = tensors[entry.name]?.data;
    if (!(data instanceof Float32Array) || data.length !== entry.size) {
      throw new FormatError(
        `${join(folder, file)}: expected ${entry.size} numbers for '${entry.name}', got ${data?.length ?? "none"}`,
      );
    }
    parameterData(entry, vectors).set(data);
  }
  return vectors;
}

function writeWeights(flow: Flow, parameters: ParameterVectors): Uint8Array {
  const tensors: Record<string, StoredTensor> = {};
  for (const entry of layoutOf(flow.parameters).entries) {
    tensors[entry.name] = { shape: entry.shape, data: parameterData(entry, parameters) };
  }
  return writeTensors({ tensors, metadata: { format: "outglow glow weights" } });
}

async function readChecked(folder: string, name: string, manifest: Manifest): Promise<Uint8Array> {
  const path = join(folder, name);
  const bytes = await readFile(path).catch((error: Error) => {
    throw new FormatError(`detector: could not read '${path}': ${error.message}; the detector is incomplete`);
  });
  if (checksumOf(bytes) !== manifest.files[name]) {
    throw new FormatError(
      `detector: expected '${path}' to match its checksum, got other content; copy the detector again or train anew`,
    );
  }
  return bytes;
}

interface Scorers {
  terms(pixels: Uint8Array): Promise<ModelTerms>;
  dispose(): Promise<void>;
}

async function openScorers(
  flow: Flow,
  graphs: Readonly<Record<string, Uint8Array>>,
  options: ProgramOptions,
): Promise<Scorers> {
  const { channels, height, width } = flow.inputShape;
  const scales = flow.latentShapes.length;
  const open = (graph: Uint8Array): Promise<Scorer> => loadScorer(graph, flow.inputShape, scales, options);
  const normal = await open(graphs.normal!);
  const general = graphs.general ? await open(graphs.general) : undefined;
  return {
    terms: async (pixels) => ({
      normal: await normal.terms(pixels),
      ...(general ? { general: await general.terms(pixels) } : {}),
      dimensions: channels * height * width,
    }),
    dispose: async () => {
      await normal.dispose();
      await general?.dispose();
    },
  };
}
