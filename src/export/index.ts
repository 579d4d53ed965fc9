/** A detector for other programs: one ONNX model of all that it says of images, its inverse, and what has to be known beside them. Portable. */
export {
  checkExport,
  checkInverse,
  type ExportCheck,
  type ExportDifference,
  exportTolerances,
  isFaithful,
  type ResizeDifference,
  resizeDifference,
} from "./checking.ts";
export { checkFaultModels, describeFaultModels, faultModels, type LevelModel } from "./faults.ts";
export {
  type ExportedFile,
  type Layout,
  layFiles,
  layouts,
  type NamedModel,
} from "./layout.ts";
export {
  type ExportedDecision,
  type ExportMetadata,
  type ExportNotes,
  exportMetadata,
  metadataEntries,
} from "./metadata.ts";
export {
  type ExportedModel,
  type ExportedOutput,
  type ExportedScore,
  type ExportOptions,
  exportableScores,
  exportModel,
  inverseModel,
  latentsModel,
  type Naming,
  namings,
} from "./model.ts";
export { withResize } from "./pixels.ts";
export type { ModelWeights } from "./values.ts";
