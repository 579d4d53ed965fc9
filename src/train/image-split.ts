/** Which images a phase trains on and which it holds out, with no image on both sides. */
import { createHash } from "node:crypto";
import { ConfigError, messageOf, randomKey } from "../base/index.ts";
import { type HeldOutSplit, type ImageSet, splitHeldOut } from "../data/index.ts";
import type { TrainingConfiguration } from "./configuration.ts";

/** The pixels of some images, [n, C, H, W]. */
export function gatherImages({ pixels, specification }: ImageSet, indices: Uint32Array): Uint8Array {
  const size = imageSize(specification);
  const result = new Uint8Array(indices.length * size);
  for (const [position, index] of indices.entries()) {
    result.set(pixels.subarray(index * size, (index + 1) * size), position * size);
  }
  return result;
}

/** The argument that named some images. */
type DataFlag = keyof RunImages;

/** A split of one phase's images. */
export interface ImageSplit {
  readonly train: Uint32Array;
  readonly heldOut: Uint32Array;
  /** Images left out of training because the same pixels are among normal images that forbid it. */
  readonly duplicates: number;
}

/** The image sets of a run. */
export interface RunImages {
  readonly normal: ImageSet;
  readonly general?: ImageSet | undefined;
  /** What the normal flow learns to keep away from; the general images where absent. */
  readonly outliers?: ImageSet | undefined;
}

/** The splits of a run. */
export interface RunSplits {
  readonly normal: ImageSplit;
  readonly general: ImageSplit | undefined;
  /** Undefined where the objective needs none. */
  readonly outliers: ImageSplit | undefined;
}

/**
 * The splits of a run, always the same for a seed. The p-values of normal images rest on held-out ones that no phase trained on, so whatever
 * equals a held-out normal image is left out of every phase. Nothing that equals a normal image is an outlier.
 * Throws ConfigError where too few images are left to train on, or outliers are asked for and there are none.
 */
export function splitRun({ normal, general, outliers }: RunImages, configuration: TrainingConfiguration): RunSplits {
  const split = splitPhase(normal, configuration, "normal");
  const known = hashesOf(normal, split.heldOut);
  const generalSplit = general && splitPhase(general, configuration, "general");
  return {
    normal: withoutKnown(normal, split, known, "normal"),
    general: general && generalSplit && withoutKnown(general, generalSplit, known, "general"),
    outliers: splitOutliers({ normal, general, outliers }, generalSplit, configuration),
  };
}

function splitOutliers(
  { normal, general, outliers }: RunImages,
  generalSplit: HeldOutSplit | undefined,
  configuration: TrainingConfiguration,
): ImageSplit | undefined {
  const { loss } = configuration.objective;
  if (loss === "nll") return undefined;
  const images = outliers ?? general;
  if (!images) {
    throw new ConfigError(
      `train: --objective ${loss} expects images that are not normal, got none; give --outliers or --general`,
    );
  }
  // The general flow's held-out images stay held out: nothing was trained on them.
  const split = outliers ? splitPhase(outliers, configuration, "outliers") : generalSplit!;
  const everyNormal = hashesOf(
    normal,
    Uint32Array.from({ length: normal.count }, (_, index) => index),
  );
  const kept = withoutKnown(images, split, everyNormal, outliers ? "outliers" : "general");
  const heldOut = split.heldOut.filter((index) => !everyNormal.has(hashOf(images, index)));
  return {
    ...kept,
    heldOut: heldOut.length > 0 ? heldOut : kept.train,
    duplicates: kept.duplicates + split.heldOut.length - heldOut.length,
  };
}

function hashesOf(images: ImageSet, indices: Uint32Array): Set<string> {
  return new Set(Array.from(indices, (index) => hashOf(images, index)));
}

function splitPhase({ count }: ImageSet, { heldOut, seed }: TrainingConfiguration, flag: DataFlag) {
  try {
    return splitHeldOut(count, heldOut, randomKey(seed).fold(flag).fold("held out"));
  } catch (error) {
    throw new ConfigError(`train: --${flag}: ${messageOf(error)}`);
  }
}

function withoutKnown(
  images: ImageSet,
  { train, heldOut }: HeldOutSplit,
  known: ReadonlySet<string>,
  flag: DataFlag,
): ImageSplit {
  const kept = train.filter((index) => !known.has(hashOf(images, index)));
  if (kept.length < 2) {
    throw new ConfigError(
      `train: --${flag} expects two images or more that equal no held-out or, for outliers, normal image, got ${kept.length}; are they all the same?`,
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
