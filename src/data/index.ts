/** Images: sources, preparation, splits, batches, files. */
export { writeArray } from "./array-file.ts";
export { type Augmentation, dequantize, makeBatch } from "./batches.ts";
export { type CodingOptions, measureCoderBits } from "./coders.ts";
export { contentHashes, type HashedSet, type Overlap, overlapsOf } from "./content-hashes.ts";
export type { ImageUse } from "./dataset-layout.ts";
export { decoderVersions } from "./decoder-version.ts";
export { sampleBitsOf } from "./deep-samples.ts";
export { imageSizeIn } from "./encoded-images.ts";
export { type AtomicFile, openAtomicFile, writeFileAtomic } from "./file-writing.ts";
export { isImageName } from "./image-files.ts";
export type { EncodedImage, ImageCatalogue, ImageSource, PreparationProblem, StoredImage } from "./image-source.ts";
export { type NamedImages, writeImages } from "./image-writing.ts";
export { defaultLimits, type SourceLimits } from "./limits.ts";
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
export { type OpenOptions, openImages } from "./opening.ts";
export { mapInOrder } from "./ordered.ts";
export { prepareImage } from "./preparation.ts";
export { safeName } from "./safe-name.ts";
export { type HeldOutSplit, makeSampler, splitHeldOut } from "./sampling.ts";
export { sharpLibrary } from "./sharp-library.ts";
export { describeSource, type FoundImages, type LeftOut, sourceWarnings } from "./source-summary.ts";
export { decodeWhole, readWhole } from "./whole-images.ts";
