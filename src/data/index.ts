/** Images: sources, preparation, splits, batches, files. */
export { type Augmentation, dequantize, makeBatch } from "./batches.ts";
export { type CodingOptions, measureCoderBits } from "./coders.ts";
export { decoderVersions } from "./decoder-version.ts";
export { type AtomicFile, openAtomicFile, writeFileAtomic } from "./file-writing.ts";
export type { EncodedImage, ImageCatalogue, ImageSource, StoredImage } from "./image-source.ts";
export { type NamedImages, writeImages } from "./image-writing.ts";
export {
  fingerprintOf,
  type ImageBatch,
  type ImageSet,
  type LoadOptions,
  loadImages,
  type StreamOptions,
  streamImages,
} from "./loading.ts";
export {
  formatLocation,
  isBuiltin,
  type Location,
  locateImages,
  type NamedLocation,
  parseLocation,
  parseNamedLocation,
  recordedLocation,
  type Selection,
} from "./location.ts";
export { type FileLock, type LockHolder, type LockOutcome, lockHolder, takeLock } from "./lock-file.ts";
export { openImages } from "./opening.ts";
export { type PreparationProblem, prepareImage } from "./preparation.ts";
export { type HeldOutSplit, makeSampler, splitHeldOut } from "./sampling.ts";
