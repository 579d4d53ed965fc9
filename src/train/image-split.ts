/** Which images a phase trains on and which it holds out, with no image on both sides. */
import { createHash } from "node:crypto";
import { ConfigError, messageOf, randomKey } from "../base/index.ts";
import { type ImageSet, splitHeldOut } from "../data/index.ts";
import type { PhaseName, TrainingConfiguration } from "./configuration.ts";

/** The pixels of some images, [n, C, H, W]. */
export function gatherImages({ pixels, specification }: ImageSet, indices: Uint32Array): Uint8Array {
  const size = imageSize(specification);
  const result = new Uint8Array(indices.length * size);
  for (const [position, index] of indices.entries()) {
    result.set(pixels.subarray(index * size, (index + 1) * size), position * size);
  }
  return result;
}

/** A split of one phase's images. */
export interface ImageSplit {
  readonly train: Uint32Array;
  readonly heldOut: Uint32Array;
  /** Images left out of training because the same pixels are among the held-out normal images. */
  readonly duplicates: number;
}

/**
 * The splits of a run, always the same for a seed. The p-values of normal images rest on held-out ones that no phase trained on, so whatever
 * equals a held-out normal image is left out of both phases.
 * Throws ConfigError where too few images are left to train on.
 */
export function splitRun(
  normal: ImageSet,
  general: ImageSet | undefined,
  configuration: TrainingConfiguration,
): { readonly normal: ImageSplit; readonly general: ImageSplit | undefined } {
  const split = splitPhase(normal, configuration, "normal");
  const known = new Set(Array.from(split.heldOut, (index) => hashOf(normal, index)));
  return {
    normal: withoutKnown(normal, split, known, "normal"),
    general: general && withoutKnown(general, splitPhase(general, configuration, "general"), known, "general"),
  };
}

function splitPhase({ count }: ImageSet, { heldOut, seed }: TrainingConfiguration, phase: PhaseName) {
  try {
    return splitHeldOut(count, heldOut, randomKey(seed).fold(phase).fold("held out"));
  } catch (error) {
    throw new ConfigError(`train: --${phase}: ${messageOf(error)}`);
  }
}

function withoutKnown(
  images: ImageSet,
  { train, heldOut }: { readonly train: Uint32Array; readonly heldOut: Uint32Array },
  known: ReadonlySet<string>,
  phase: PhaseName,
): ImageSplit {
  const kept = train.filter((index) => !known.has(hashOf(images, index)));
  if (kept.length < 2) {
    throw new ConfigError(
      `train: --${phase} expects two images or more that are not held out, got ${kept.length}; are they all the same?`,
    );
  }
  return { train: kept, heldOut, duplicates: train.length - kept.length };
}

function hashOf({ pixels, specification }: ImageSet, index: number): string {
  const size = imageSize(specification);
  return createHash("sha1")
    .update(pixels.subarray(index * size, (index + 1) * size))
    .digest("base64");
}

function imageSize({ channels, height, width }: ImageSet["specification"]): number {
  return channels * height * width;
}
