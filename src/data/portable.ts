/** What of images runs anywhere, with the pixels handed in: splits and batches. A browser page takes it from here. */
export { type Augmentation, dequantize, makeBatch } from "./batches.ts";
export { splitByContent } from "./content-split.ts";
export type { ImageSet } from "./loading.ts";
export { type HeldOutSplit, makeSampler, splitHeldOut } from "./sampling.ts";
