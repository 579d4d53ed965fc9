/** A detector made of trained models: calibrated, and written into a folder with everything that loading checks. */
import { randomKey } from "../base/index.ts";
import { decoderVersions } from "../data/index.ts";
import { type FaultDetector, faultScorerOn, writeFaultNetworks } from "../faults/portable.ts";
import { modelOf, type TrainingConfiguration } from "../model/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import type { Engine } from "../runtime/index.ts";
import { type Calibration, calibrate, defaultScoreName, withReferences } from "../score/index.ts";
import { checksumOf } from "./checksum.ts";
import { coderTerms } from "./coder-terms.ts";
import { type DetectorFile, detectorFiles, faultsFile, goldenFile, type ModelName, modelFiles } from "./file-names.ts";
import { type GoldenFaults, goldenFaults, goldenImages, writeGolden } from "./golden.ts";
import { formatVersion, type Manifest, writeManifest } from "./manifest.ts";
import { type ModelFiles, openScorers, presentModels, sourcesOfModels } from "./models.ts";
import { type FileContents, writeFiles } from "./replacing.ts";
import { graphOfModel } from "./scoring-graph.ts";
import { packageVersion } from "./version.ts";
import { writeWeights } from "./weights.ts";

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
  /** What looks for local faults; it brings its own calibration. */
  readonly faults?: FaultDetector | undefined;
}

/**
 * Calibrates on the held-out images and writes a detector into a folder. The manifest comes last and names the checksum of every other
 * file, so a folder that was left half-written is never taken for a detector. A detector that was there works until the new one does,
 * whatever happens in between (`pendingName`). Throws RunError where the engine or a coder fails or the disk refuses.
 */
export async function writeDetector(folder: string, parts: DetectorParts, engine: Engine): Promise<Manifest> {
  const { training, models } = parts;
  const files: { -readonly [Name in DetectorFile]?: FileContents[Name] } = {};
  for (const name of presentModels(models)) {
    const model = modelOf(training, name, "convolutions");
    files[modelFiles[name].weights] = writeWeights(model.parameters, models[name]!.parameters);
    files[modelFiles[name].graph] = graphOfModel(model, training.input, models[name]!.parameters);
  }
  if (parts.faults) files[faultsFile] = writeFaultNetworks(parts.faults);
  const measured = parts.faults && (await measureFaults(parts.faults, engine));
  const { heldOut, golden } = await measureTerms(training, files, parts.heldOutPixels, measured, engine);
  files[goldenFile] = golden;
  const references = { ...heldOut, ...(await coderTerms(parts.heldOutPixels, parts.training.input)) };
  const calibrated = calibrate(references, randomKey(parts.training.seed).fold("calibration"));
  const folds = parts.faults?.record.folds;
  const calibration = folds
    ? withReferences(
        calibrated,
        "faults",
        folds.flatMap(({ scores }) => scores),
      )
    : calibrated;
  const manifest = describeDetector(parts, calibration, engine.version, await checksumsOf(files));
  await writeFiles(folder, files, await writeManifest(manifest));
  return manifest;
}

/** Terms of the held-out images and the golden file, both from the graphs that the detector will hold. */
async function measureTerms(
  training: TrainingConfiguration,
  files: ModelFiles,
  heldOutPixels: Uint8Array,
  faults: GoldenFaults | undefined,
  engine: Engine,
) {
  const scorers = await openScorers(training, files, engine);
  try {
    const heldOut = await scorers.terms(heldOutPixels);
    const images = goldenImages(training.input);
    return { heldOut, golden: writeGolden(training.input, images, await scorers.terms(images), faults) };
  } finally {
    await scorers.dispose();
  }
}

async function measureFaults(faults: FaultDetector, engine: Engine): Promise<GoldenFaults> {
  const scorer = faultScorerOn(engine, faults);
  try {
    return await goldenFaults(faults.record.channels, scorer);
  } finally {
    await scorer.dispose();
  }
}

async function checksumsOf(files: FileContents): Promise<Manifest["files"]> {
  const sums: Manifest["files"] = {};
  for (const name of detectorFiles) {
    const bytes = files[name];
    if (bytes) sums[name] = await checksumOf(bytes);
  }
  return sums;
}

function describeDetector(
  { training, role, models, data, generalDetector, faults }: DetectorParts,
  calibration: Calibration,
  engineVersion: string,
  checksums: Manifest["files"],
): Manifest {
  const describe = <Name extends ModelName>(name: Name) => {
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
      onnxruntime: engineVersion,
      node: process.versions.node,
      ...decoderVersions(),
    },
    input: { ...training.input, type: "uint8", layout: "NCHW", transform: "x = pixel / 256 - 0.5 + 1 / 512" },
    orientation: "higher is more anomalous",
    unit: "nats",
    defaultScore: defaultScoreName(
      [...sourcesOfModels(presentModels(models), training), ...(faults ? (["faults"] as const) : [])],
      calibration,
    ),
    models: {
      normal: describe("normal")!,
      general: describe("general"),
      local: describe("local"),
      classifier: describe("classifier"),
    },
    faults: faults ? { weights: faultsFile, record: faults.record } : null,
    data,
    generalDetector: generalDetector ?? null,
    training,
    calibration,
    files: checksums,
  };
}
