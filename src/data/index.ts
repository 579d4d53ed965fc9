/** Images: sources, preparation, splits, batches, made images, files. */
export { type Augmentation, dequantize, makeBatch } from "./batches.ts";
export { isBuiltin } from "./builtin-images.ts";
export { type CodingOptions, measureCoderBits } from "./coders.ts";
export { decoderVersions } from "./decoder-version.ts";
export { type AtomicFile, openAtomicFile, writeFileAtomic } from "./file-writing.ts";
export type { EncodedImage, ImageCatalogue, ImageSource, RawImage, StoredImage } from "./image-source.ts";
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
  anomalousMadeKinds,
  type MadeImages,
  type MadeKind,
  type MadeRequest,
  madeKinds,
  makeImages,
  smallestMadeSide,
} from "./made/index.ts";
export { openImages } from "./opening.ts";
export { type PreparationProblem, type PreparedImage, prepareImage } from "./preparation.ts";
export { type HeldOutSplit, makeSampler, splitHeldOut } from "./sampling.ts";
export { type ParsedLocation, parseLocation, type Selection } from "./selection.ts";
