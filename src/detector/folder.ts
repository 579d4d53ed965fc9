/** Detectors in folders, on ONNX Runtime for Node. */
import { measureCoderBits } from "../data/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import { nodeEngine, type ProgramOptions } from "../runtime/index.ts";
import type { ModelName } from "./file-names.ts";
import { folderReader } from "./folder-reader.ts";
import type { GoldenListener } from "./golden.ts";
import { type Detector, loadDetector } from "./loading.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest, readModelWeights } from "./reading.ts";

/** Loads and checks the detector in a folder; it measures coded sizes, too. Throws as `loadDetector`. */
export function loadDetectorFolder(
  folder: string,
  options: ProgramOptions,
  onGolden?: GoldenListener,
): Promise<Detector> {
  return loadDetector(folderReader(folder), nodeEngine(options), { coders: measureCoderBits, onGolden });
}

/** The manifest of a detector folder. Throws ConfigError where there is none, FormatError for damage. */
export function loadManifest(folder: string): Promise<Manifest> {
  return readManifest(folderReader(folder));
}

/** The weights of one of a detector's models. Throws FormatError for damage, ConfigError where it has no such model. */
export function loadWeights(folder: string, manifest: Manifest, name: ModelName): Promise<ParameterVectors> {
  return readModelWeights(folderReader(folder), manifest, name);
}
