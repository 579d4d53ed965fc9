/** The sizes of images as files of lossless coders. Add a coder by its name here; `data/decoding/coders.ts` then asks for its encoder. */
import { internalError } from "../../base/index.ts";

/** The lossless image coders whose sizes take part in scores, and what they are called. */
export const coderTitles = { png: "PNG", webp: "WebP" } as const;

/** One of the lossless image coders. */
export type CoderName = keyof typeof coderTitles;

/** All of them. */
export const coderNames = Object.keys(coderTitles) as readonly CoderName[];

/** Bits of every image as a whole file of a coder, headers included: [count] by coder. */
export type CoderSizes = Readonly<Record<CoderName, Float64Array>>;

/** A record of something for every coder. */
export function byCoder<T>(make: (coder: CoderName) => T): Record<CoderName, T> {
  return Object.fromEntries(coderNames.map((coder) => [coder, make(coder)])) as Record<CoderName, T>;
}

/** The number of images. Throws an internal error where the coders do not agree on it. */
export function countSizes(sizes: CoderSizes): number {
  const counts = new Set(coderNames.map((coder) => sizes[coder].length));
  if (counts.size !== 1) throw internalError(`sizes of ${[...counts].join(" and ")} images by coder`);
  return [...counts][0]!;
}

/** The sizes of the images with the given indices, in that order. */
export function selectSizes(sizes: CoderSizes, images: ArrayLike<number>): CoderSizes {
  return byCoder((coder) => Float64Array.from(images, (image) => sizes[coder][image]!));
}

/** The sizes of successive batches as one. */
export function joinSizes(batches: readonly CoderSizes[]): CoderSizes {
  return byCoder((coder) => Float64Array.from(batches.flatMap((sizes) => Array.from(sizes[coder]))));
}
