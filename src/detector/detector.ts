/** A trained detector: a folder with a manifest, weights, scoring graphs and golden outputs, written and loaded with every check. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, FormatError, messageOf, RunError, randomKey } from "../base/index.ts";
import { decoderVersions, writeFileAtomic } from "../data/index.ts";
import type { Flow } from "../flow/index.ts";
import { flowOf, modelOf, type TrainingConfiguration } from "../model/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import { engineVersion, type ProgramOptions } from "../runtime/index.ts";
import { type Calibration, calibrate, defaultScoreName, type ModelTerms } from "../score/index.ts";
import { coderTerms } from "./coder-terms.ts";
import { checkGolden, goldenFile, goldenImages, writeGolden } from "./golden.ts";
import { checksumOf, formatVersion, type Manifest, manifestName, readManifest, writeManifest } from "./manifest.ts";
import {
  type ModelFiles,
  type ModelName,
  modelFiles,
  openScorers,
  presentModels,
  readWeights,
  sourcesOfModels,
  writeWeights,
} from "./models.ts";
import { graphOfModel } from "./scoring.ts";
import { packageVersion } from "./version.ts";

/** A model with its weights, and how it came about. */
export interface TrainedModel {
  readonly parameters: ParameterVectors;
  /** Steps trained; null for a model taken from another detector. */
  readonly steps: number | null;
  /** Of the kept weights; null for a model taken from another detector, for a classifier and where no evaluation was finite. */
  readonly heldOutBitsPerDimension: number | null;
}

/** The models of a run. */
export type TrainedModels = { readonly normal: TrainedModel } & {
  readonly [Name in Exclude<ModelName, "normal">]?: TrainedModel | undefined;
};

export interface DetectorParts {
  readonly training: TrainingConfiguration;
  readonly role: Manifest["role"];
  readonly models: TrainedModels;
  readonly data: Manifest["data"];
  /** Where the general model came from if another detector gave it. */
  readonly generalDetector?: Manifest["generalDetector"] | undefined;
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

/** Every file that a detector may hold beside its manifest. */
export const detectorFiles: readonly string[] = [
  goldenFile,
  ...Object.values(modelFiles).flatMap(({ weights, graph }) => [weights, graph]),
];

const wayOut = "copy the detector again or train anew";

/**
 * Calibrates on the held-out images and writes a detector into a folder. The manifest comes last and names the checksum of every other
 * file, so a folder that was left half-written is never taken for a detector. Files of a former detector that the new one lacks go after
 * that. Throws RunError where the engine or a coder fails or the disk refuses.
 */
export async function writeDetector(folder: string, parts: DetectorParts, options: ProgramOptions): Promise<Manifest> {
  const { training, models } = parts;
  const files: Record<string, Uint8Array> = {};
  for (const name of presentModels(models)) {
    const model = modelOf(training, name, "convolutions");
    files[modelFiles[name].weights] = writeWeights(model.parameters, models[name]!.parameters);
    files[modelFiles[name].graph] = graphOfModel(model, training.input, models[name]!.parameters);
  }
  const { heldOut, golden } = await measureTerms(training, files, parts.heldOutPixels, options);
  files[goldenFile] = golden;
  const references = { ...heldOut, ...(await coderTerms(parts.heldOutPixels, parts.training.input)) };
  const calibration = calibrate(references, randomKey(parts.training.seed).fold("calibration"));
  const manifest = describeDetector(parts, calibration, files);
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFileAtomic(join(folder, name), bytes);
  await writeFileAtomic(join(folder, manifestName), writeManifest(manifest));
  await removeFormerFiles(folder, manifest);
  return manifest;
}

/** Terms of the held-out images and the golden file, both from the graphs that the detector will hold. */
async function measureTerms(
  training: TrainingConfiguration,
  files: ModelFiles,
  heldOutPixels: Uint8Array,
  options: ProgramOptions,
) {
  const scorers = await openScorers(training, files, options);
  try {
    const heldOut = await scorers.terms(heldOutPixels);
    const images = goldenImages(training.input);
    return { heldOut, golden: writeGolden(training.input, images, await scorers.terms(images)) };
  } finally {
    await scorers.dispose();
  }
}

function describeDetector(
  { training, role, models, data, generalDetector }: DetectorParts,
  calibration: Calibration,
  files: ModelFiles,
): Manifest {
  const describe = (name: ModelName) => {
    const model = models[name];
    if (!model) return null;
    return { ...modelFiles[name], steps: model.steps, heldOutBitsPerDimension: model.heldOutBitsPerDimension };
  };
  return {
    kind: "outglow detector",
    formatVersion,
    role,
    versions: {
      outglow: packageVersion(),
      onnxruntime: engineVersion(),
      node: process.versions.node,
      ...decoderVersions(),
    },
    input: { ...training.input, type: "uint8", layout: "NCHW", transform: "x = pixel / 256 - 0.5 + 1 / 512" },
    orientation: "higher is more anomalous",
    unit: "nats",
    defaultScore: defaultScoreName(sourcesOfModels(presentModels(models), training), calibration),
    models: {
      normal: describe("normal")!,
      general: describe("general"),
      local: describe("local"),
      classifier: describe("classifier"),
    },
    data,
    generalDetector: generalDetector ?? null,
    training,
    calibration,
    files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, checksumOf(bytes)])),
  };
}

/** Removes what a former detector in this folder had and the new one does not name. */
async function removeFormerFiles(folder: string, { files }: Manifest): Promise<void> {
  for (const name of detectorFiles.filter((file) => !Object.hasOwn(files, file))) {
    const path = join(folder, name);
    await rm(path, { force: true }).catch((error: unknown) => {
      throw new RunError(
        `detector: expected to remove '${path}' of the former detector, got ${messageOf(error)}; remove it, the new detector is complete`,
      );
    });
  }
}

/**
 * Loads a detector and checks it: format version, checksum of every file, golden outputs.
 * Throws ConfigError where the folder holds none, FormatError for damage, RunError where its outputs are not those recorded.
 */
export async function loadDetector(folder: string, options: ProgramOptions): Promise<Detector> {
  const manifest = await loadManifest(folder);
  const { graphs, golden } = await readDetectorFiles(folder, manifest);
  const scorers = await openScorers(manifest.training, graphs, options);
  try {
    await checkGolden(golden, scorers.terms, `detector '${folder}'`);
  } catch (error) {
    await scorers.dispose();
    throw error;
  }
  return { folder, manifest, flow: flowOf(manifest.training, "normal"), ...scorers };
}

/** Reads and checks every file of a detector, one after another, and keeps those that scoring needs. */
async function readDetectorFiles(
  folder: string,
  manifest: Manifest,
): Promise<{ graphs: ModelFiles; golden: Uint8Array }> {
  const names = presentModels(manifest.models);
  const graphNames: readonly string[] = names.map((name) => modelFiles[name].graph);
  const needed = [goldenFile, ...names.flatMap((name) => [modelFiles[name].weights, modelFiles[name].graph])];
  const graphs: Record<string, Uint8Array> = {};
  let golden = new Uint8Array(0);
  for (const name of new Set([...needed, ...Object.keys(manifest.files)])) {
    const bytes = await readChecked(folder, name, manifest);
    if (name === goldenFile) golden = bytes;
    if (graphNames.includes(name)) graphs[name] = bytes;
  }
  return { graphs, golden };
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
  return readWeights(
    modelOf(manifest.training, name).parameters,
    await readChecked(folder, file, manifest),
    join(folder, file),
  );
}

async function readChecked(folder: string, name: string, manifest: Manifest): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(folder, name);
  const bytes = await readFile(path).catch((error: Error) => {
    throw new FormatError(`detector: could not read '${path}': ${error.message}; ${wayOut}`);
  });
  const expected = Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined;
  if (checksumOf(bytes) !== expected) {
    throw new FormatError(`detector: expected '${path}' to match its checksum, got other content; ${wayOut}`);
  }
  return bytes;
}
