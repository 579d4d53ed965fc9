/** Images: sources, preparation, splits, batches, files. */

export { type Augmentation, dequantize, makeBatch } from "./batches.ts";
export { clearCache, type DescribedEntry, describeCache } from "./cache/cache-folder.ts";
export type { ImageCache } from "./cache/prepared-images.ts";
export { archiveFiles } from "./containers/archive-files.ts";
export { contentHashes, type HashedSet, type Overlap, overlapsOf } from "./content-hashes.ts";
export type { ImageUse } from "./dataset-layout.ts";
export { type CodingOptions, measureCoderBits } from "./decoding/coders.ts";
export { decoderVersions } from "./decoding/decoder-version.ts";
export { sampleBitsOf } from "./decoding/deep-samples.ts";
export { imageSizeIn } from "./decoding/encoded-images.ts";
export { type NamedImages, writeImages } from "./decoding/image-writing.ts";
export { type InspectedImage, inspectImage, type StoredProperties } from "./decoding/inspection.ts";
export { deepRangeOf, sampleRangeOf } from "./decoding/number-range.ts";
export { prepareImage } from "./decoding/preparation.ts";
export { sharpLibrary } from "./decoding/sharp-library.ts";
export { decodeWhole, readWhole } from "./decoding/whole-images.ts";
export { writeArray } from "./files/array-file.ts";
export { type AtomicFile, openAtomicBytes, openAtomicFile, syncFolder, writeFileAtomic } from "./files/file-writing.ts";
export { entriesOf } from "./files/folder-entries.ts";
export { type FileLock, type LockHolder, type LockOutcome, lockHolder, takeLock } from "./files/lock-file.ts";
export { readableName } from "./files/path-bytes.ts";
export { safeName } from "./files/safe-name.ts";
export { openTemporaryFolder, type TemporaryFolder } from "./files/temporary-folders.ts";
export { adoptUnfinished, removeUnfinished, temporaryName as unfinishedName } from "./files/temporary-names.ts";
export { isImageName } from "./formats/image-files.ts";
export { isLongList, type ListedImage, listInPieces } from "./formats/list-pieces.ts";
export { type ColumnTable, tableInBytes } from "./formats/parquet-table.ts";
export type {
  EncodedImage,
  ImageCatalogue,
  ImageColumns,
  ImageSource,
  PreparationProblem,
  StoredImage,
} from "./image-source.ts";
export { joinSources } from "./joined-sources.ts";
export { type LargeFolder, openLargeFolder } from "./large-folders.ts";
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
export { type OpenOptions, openImages } from "./opening.ts";
export { mapInOrder } from "./ordered.ts";
export { pickImages } from "./picked-images.ts";
export { type HeldOutSplit, makeSampler, splitHeldOut } from "./sampling.ts";
export { describeSource, type FoundImages, type LeftOut, showLeftOut, sourceWarnings } from "./source-summary.ts";
