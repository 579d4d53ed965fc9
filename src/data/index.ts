/** Images: sources, preparation, training batches, made images, files written whole. */
export { type Augmentation, dequantize, gatherImages, makeBatch, makeSampler, splitHeldOut } from "./batches.ts";
export { writeFileAtomic } from "./file-writing.ts";
export {
  fingerprintOf,
  type ImageBatch,
  type ImageSet,
  type LoadOptions,
  loadImages,
  type PreparationProblem,
  type StreamOptions,
  streamImages,
} from "./image-set.ts";
export { type ImageSource, openImages, supportedFormats } from "./image-source.ts";
export { type NamedPixels, writeImages } from "./image-writing.ts";
export { anomalousMadeKinds, type MadeKind, makeImages } from "./made/index.ts";
export { type InputSpecification, prepareImage } from "./preparation.ts";
export { parseLocation, type Selection } from "./selection.ts";
