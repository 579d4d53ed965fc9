/** Some images of a set. */
import type { ImageSet } from "../data/index.ts";

/** The pixels of some images, [n, C, H, W]. */
export function gatherImages({ pixels, specification }: ImageSet, indices: Uint32Array): Uint8Array {
  const size = specification.channels * specification.height * specification.width;
  const result = new Uint8Array(indices.length * size);
  for (const [position, index] of indices.entries()) {
    result.set(pixels.subarray(index * size, (index + 1) * size), position * size);
  }
  return result;
}
