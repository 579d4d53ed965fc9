/** The share of coders in the terms of images. */
import type { ImageShape } from "../base/index.ts";
import { measureCoderBits } from "../data/index.ts";
import type { ModelTerms } from "../score/index.ts";

/**
 * The coded sizes of uint8 images [N, C, H, W], to be spread into their terms; empty for other channels than grey or RGB, which the coders
 * do not take. Throws RunError where a coder fails.
 */
export async function coderTerms(pixels: Uint8Array, specification: ImageShape): Promise<Pick<ModelTerms, "coders">> {
  if (![1, 3].includes(specification.channels)) return {};
  return { coders: await measureCoderBits(pixels, specification) };
}
