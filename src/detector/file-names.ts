/** The files of a detector: these names and no others, so that nothing in a manifest leads out of it. */

/** What a detector is. Written last, it names the checksum of every other file. */
export const manifestName = "detector.json";

/** Inputs and outputs that a detector has to reproduce. */
export const goldenFile = "golden.safetensors";

/** The networks that look for local faults, one a fold. */
export const faultsFile = "faults.safetensors";

/** The flows that look at cells, a pair a fold. */
export const cellsFile = "cells.safetensors";

/** What makes features of images, as it was given but cut to the values that are used, and what is normal among these in one way of comparing, or in two. */
export const encoderFile = "encoder.onnx";
export const featuresFile = "encoder.safetensors";
export const otherFeaturesFile = "encoder-other.safetensors";

/** The files of every model, the normal one first. */
export const modelFiles = {
  normal: { weights: "weights.safetensors", graph: "model.onnx" },
  general: { weights: "general.safetensors", graph: "general.onnx" },
  local: { weights: "local.safetensors", graph: "local.onnx" },
  classifier: { weights: "classifier.safetensors", graph: "classifier.onnx" },
} as const;

/**
 * What a file of a new detector is called beside that of the one it replaces. The new manifest decides: once it stands, its files count, under
 * this name until they have taken their own.
 */
export function pendingName(name: DetectorFile): string {
  return `${name}.next`;
}

/** The folder inside a detector that keeps former calibrations, and the names of its files. Nothing but `recalibrating.ts` reads it. */
export const formerFolder = "calibrations";
export const formerPattern = /^calibration-[1-9]\d{0,8}\.json$/;

/** The models that a detector may hold. */
export type ModelName = keyof typeof modelFiles;

/** A file that a detector may hold beside its manifest. */
export type DetectorFile =
  | typeof goldenFile
  | typeof faultsFile
  | typeof cellsFile
  | typeof encoderFile
  | typeof featuresFile
  | typeof otherFeaturesFile
  | (typeof modelFiles)[ModelName]["weights" | "graph"];

/** All of them. */
export const detectorFiles: readonly DetectorFile[] = [
  goldenFile,
  faultsFile,
  cellsFile,
  encoderFile,
  featuresFile,
  otherFeaturesFile,
  ...Object.values(modelFiles).flatMap(({ weights, graph }) => [weights, graph]),
];
