/** A detector's manifest and weights, read from wherever its files are, with every check. Portable. */
import { ConfigError, FormatError, internalError } from "../base/index.ts";
import { type FaultDetector, readFaultDetector } from "../faults/portable.ts";
import { modelOf } from "../model/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import { checksumOf } from "./checksum.ts";
import {
  cellsFile,
  type DetectorFile,
  encoderFile,
  faultsFile,
  featuresFile,
  goldenFile,
  type ModelName,
  manifestName,
  modelFiles,
  otherFeaturesFile,
  pendingName,
} from "./file-names.ts";
import type { FileReader } from "./file-reader.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { type ModelFiles, presentModels } from "./models.ts";
import { readWeights } from "./weights.ts";

/** Room for the calibration of some hundred thousand held-out images. */
const mostManifestBytes = 2 ** 28;

/** The checksum takes a file in one piece, which may not be larger. */
const mostFileBytes = 2 ** 31 - 1;

/** The manifest of a detector. Throws ConfigError where the files hold none, FormatError for damage. */
export async function readManifest(files: FileReader): Promise<Manifest> {
  const path = files.describe(manifestName);
  const bytes = await files.read(manifestName, mostManifestBytes);
  if (bytes === undefined) {
    throw new ConfigError({
      code: "not-found",
      subject: "detector",
      expected: `a detector at '${files.location}'`,
      got: `none (there is no ${path})`,
      remedy: { key: "other", text: "train one there, or choose another" },
    });
  }
  return parseManifest(new TextDecoder().decode(bytes), path);
}

/** What scoring needs of a detector's files. */
export interface ScoringFiles {
  readonly graphs: ModelFiles;
  readonly golden: Uint8Array;
  /** The networks that look for local faults. */
  readonly faults: Uint8Array | undefined;
  /** The flows that look at cells. */
  readonly cells: Uint8Array | undefined;
  /** What makes features of images, and what is normal among these, in one way of comparing or in two. */
  readonly encoder:
    | { readonly model: Uint8Array; readonly features: Uint8Array; readonly otherFeatures: Uint8Array | undefined }
    | undefined;
}

/**
 * Reads and checks the manifest and every other file of a detector, and keeps those that scoring needs. A detector that is replaced while it
 * is read is read again. Throws ConfigError where there is none, FormatError for damage.
 */
export async function readForScoring(files: FileReader): Promise<ScoringFiles & { readonly manifest: Manifest }> {
  let manifest = await readManifest(files);
  for (;;) {
    try {
      return { manifest, ...(await readScoringFiles(files, manifest)) };
    } catch (error) {
      const latest = await readManifest(files);
      if (JSON.stringify(latest) === JSON.stringify(manifest)) throw error;
      manifest = latest;
    }
  }
}

/** What scoring needs beside graphs. */
const placedFiles = [goldenFile, faultsFile, cellsFile, encoderFile, featuresFile, otherFeaturesFile] as const;

/** Reads and checks every file of a detector, one after another, and keeps those that scoring needs. Throws FormatError for damage. */
async function readScoringFiles(files: FileReader, manifest: Manifest): Promise<ScoringFiles> {
  const names = presentModels(manifest.models);
  const graphNames: readonly string[] = names.map((name) => modelFiles[name].graph);
  const needed: readonly DetectorFile[] = [
    goldenFile,
    ...(manifest.faults ? ([faultsFile] as const) : []),
    ...(manifest.cells ? ([cellsFile] as const) : []),
    ...(manifest.encoder ? ([encoderFile, featuresFile] as const) : []),
    ...(manifest["encoder-other"] ? ([otherFeaturesFile] as const) : []),
    ...names.flatMap((name): DetectorFile[] => [modelFiles[name].weights, modelFiles[name].graph]),
  ];
  const graphs: Partial<Record<DetectorFile, Uint8Array>> = {};
  const kept: { -readonly [Name in (typeof placedFiles)[number]]?: Uint8Array } = {};
  for (const name of new Set([...needed, ...(Object.keys(manifest.files) as DetectorFile[])])) {
    const bytes = await readCheckedFile(files, name, manifest);
    const other = placedFiles.find((file) => file === name);
    if (other) kept[other] = bytes;
    if (graphNames.includes(name)) graphs[name] = bytes;
  }
  const { [goldenFile]: golden, [faultsFile]: faults, [cellsFile]: cells } = kept;
  const { [encoderFile]: model, [featuresFile]: features, [otherFeaturesFile]: otherFeatures } = kept;
  if (golden === undefined) throw internalError("a detector's golden file was not read");
  return { graphs, golden, faults, cells, encoder: model && features && { model, features, otherFeatures } };
}

/** The weights of one of a detector's models. Throws FormatError for damage, ConfigError where it has no such model. */
export async function readModelWeights(
  files: FileReader,
  manifest: Manifest,
  name: ModelName,
): Promise<ParameterVectors> {
  if (!manifest.models[name]) {
    throw new ConfigError({
      code: "other-model",
      subject: `detector '${files.location}'`,
      expected: `a ${name} model`,
      got: "a detector without one",
    });
  }
  const file = modelFiles[name].weights;
  const bytes = await readCheckedFile(files, file, manifest);
  return readWeights(modelOf(manifest.training, name).parameters, bytes, files.describe(file));
}

/** The fault detector of a detector, weights and all. Throws FormatError for damage; undefined where it looks for no faults. */
export async function readFaults(files: FileReader, manifest: Manifest): Promise<FaultDetector | undefined> {
  if (!manifest.faults) return undefined;
  const bytes = await readCheckedFile(files, faultsFile, manifest);
  return readFaultDetector(manifest.faults.record, bytes, files.describe(faultsFile));
}

/** One file of a detector. Throws FormatError where it is not there or not the one that the manifest names. */
export async function readCheckedFile(
  files: FileReader,
  name: DetectorFile,
  manifest: Manifest,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = files.describe(name);
  const expected = Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined;
  const bytes = await files.read(name, mostFileBytes);
  if (bytes !== undefined && (await checksumOf(bytes)) === expected) return bytes;
  // A program that replaced a detector may have been stopped before the last files had their names.
  const pending = await files.read(pendingName(name), mostFileBytes);
  if (pending !== undefined && (await checksumOf(pending)) === expected) return pending;
  if (bytes === undefined) throw damaged(`'${path}'`, "a file", "none");
  throw damaged("detector", `'${path}' to match its checksum`, "other content");
}

function damaged(subject: string, expected: string, got: string): FormatError {
  return new FormatError({ code: "damaged", subject, expected, got, remedy: { key: "copy-detector-again" } });
}
