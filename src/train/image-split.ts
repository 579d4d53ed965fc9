/** Which images a phase trains on and which it holds out, with no image on both sides. */
import { ConfigError, type RandomKey, randomKey, setting } from "../base/index.ts";
import { type HeldOutSplit, type ImageSet, splitByContent, splitHeldOut } from "../data/portable.ts";
import type { TrainingConfiguration } from "../model/index.ts";

/** The pixels of some images, [n, C, H, W]. */
export function gatherImages({ pixels, specification }: ImageSet, indices: Uint32Array): Uint8Array {
  const size = imageSize(specification);
  const result = new Uint8Array(indices.length * size);
  for (const [position, index] of indices.entries()) {
    result.set(pixels.subarray(index * size, (index + 1) * size), position * size);
  }
  return result;
}

/** The setting that named some images. */
type SetName = Exclude<keyof RunImages, "groups">;

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
  /** A number for each normal image that those of one thing share: these stay on one side. */
  readonly groups?: ArrayLike<number> | undefined;
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
export function splitRun(
  { normal, groups, general, outliers }: RunImages,
  configuration: TrainingConfiguration,
): RunSplits {
  const split = configuration.classes
    ? splitWithClasses(normal, groups, configuration.classes, configuration)
    : splitPhase(normal, configuration, "normal", groups);
  const known = knownPixels(normal, split.heldOut);
  const generalSplit = general && splitPhase(general, configuration, "general");
  return {
    normal: checkClasses(normal, withoutKnown(normal, split, known, "normal"), configuration),
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
  if (loss === "nll" && !configuration.classifier?.exposed) return undefined;
  const images = outliers ?? general;
  if (!images) {
    throw new ConfigError({
      code: "missing-setting",
      subject: loss === "nll" ? setting("classifier", "exposed") : setting("objective", loss),
      expected: "images that are not normal",
      got: "none",
      remedy: { key: "give-setting", setting: setting("outliers") },
    });
  }
  // The general flow's held-out images stay held out: nothing was trained on them.
  const split = outliers ? splitPhase(outliers, configuration, "outliers") : generalSplit!;
  const everyNormal = knownPixels(
    normal,
    Uint32Array.from({ length: normal.count }, (_, index) => index),
  );
  const kept = withoutKnown(images, split, everyNormal, outliers ? "outliers" : "general");
  const heldOut = split.heldOut.filter((index) => !everyNormal.has(images, index));
  return {
    ...kept,
    heldOut: heldOut.length > 0 ? heldOut : kept.train,
    duplicates: kept.duplicates + split.heldOut.length - heldOut.length,
  };
}

/** The pixels of some images, which those of any set can be looked up among. */
interface KnownPixels {
  has(images: ImageSet, index: number): boolean;
}

function knownPixels(known: ImageSet, indices: Uint32Array): KnownPixels {
  const byHash = new Map<number, Uint8Array[]>();
  for (const index of indices) {
    const pixels = pixelsAt(known, index);
    const hash = hashOf(pixels);
    byHash.set(hash, [...(byHash.get(hash) ?? []), pixels]);
  }
  return {
    has(images, index) {
      const pixels = pixelsAt(images, index);
      return byHash.get(hashOf(pixels))?.some((other) => equal(pixels, other)) ?? false;
    },
  };
}

function pixelsAt({ pixels, specification }: ImageSet, index: number): Uint8Array {
  const size = imageSize(specification);
  return pixels.subarray(index * size, (index + 1) * size);
}

/** FNV-1a, 32 bits: only what it finds alike is compared. */
function hashOf(pixels: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < pixels.length; at++) hash = Math.imul(hash ^ pixels[at]!, 0x01000193);
  return hash;
}

function equal(pixels: Uint8Array, other: Uint8Array): boolean {
  return pixels.length === other.length && pixels.every((pixel, at) => pixel === other[at]);
}

function splitPhase(
  images: ImageSet,
  configuration: TrainingConfiguration,
  name: SetName,
  groups?: ArrayLike<number>,
): HeldOutSplit {
  const key = randomKey(configuration.seed).fold(name).fold("held out");
  try {
    return holdOut(images, configuration, key, groups);
  } catch (error) {
    throw ofSubject(setting(name), error);
  }
}

/** By chance, or each image by its own pixels. */
function holdOut(
  images: Pick<ImageSet, "count" | "pixels">,
  { heldOut, splitBy }: TrainingConfiguration,
  key: RandomKey,
  groups?: ArrayLike<number>,
): HeldOutSplit {
  if (splitBy === "content") return splitByContent(images, heldOut, key, groups);
  return splitHeldOut(images.count, heldOut, key, groups);
}

/**
 * A split with every class on both sides: that of a run without classes where it has them, so that a class-conditional flow may start from a
 * plain one of the same images without having seen what is held out; else the same share of every class.
 */
function splitWithClasses(
  normal: ImageSet,
  groups: ArrayLike<number> | undefined,
  classes: readonly string[],
  configuration: TrainingConfiguration,
): HeldOutSplit {
  const plain = splitPhase(normal, configuration, "normal", groups);
  const held = (side: Uint32Array) => new Set(Array.from(side, (index) => normal.classNames[index]));
  const [trained, heldOut] = [held(plain.train), held(plain.heldOut)];
  return classes.every((name) => trained.has(name) && heldOut.has(name))
    ? plain
    : splitClasses(normal, groups, classes, configuration);
}

/** Holds out the same share of every class, so that each is trained on and measured. Throws ConfigError for a class that is too small. */
function splitClasses(
  images: ImageSet,
  groups: ArrayLike<number> | undefined,
  classes: readonly string[],
  configuration: TrainingConfiguration,
): HeldOutSplit {
  const { classNames } = images;
  const key = randomKey(configuration.seed).fold("normal").fold("held out");
  const splits = classes.map((name) => {
    const members = Uint32Array.from(classNames.flatMap((other, index) => (other === name ? [index] : [])));
    try {
      const own = groups && members.map((image) => groups[image]!);
      const ofClass = { count: members.length, pixels: gatherImages(images, members) };
      const split = holdOut(ofClass, configuration, key.fold(name), own);
      return { train: pick(members, split.train), heldOut: pick(members, split.heldOut) };
    } catch (error) {
      throw ofSubject(`class '${name}'`, error, "give more images of it, or leave the class out with #class=");
    }
  });
  const join = (side: keyof HeldOutSplit) =>
    Uint32Array.from(splits.flatMap((split) => Array.from(split[side]))).sort();
  return { train: join("train"), heldOut: join("heldOut") };
}

/** The same fault with another subject: what was split. */
function ofSubject(subject: string, error: unknown, wayOut?: string): unknown {
  if (!(error instanceof ConfigError) || error.fault === undefined) return error;
  return new ConfigError({ ...error.fault, subject, ...(wayOut ? { remedy: { key: "other", text: wayOut } } : {}) });
}

function pick(values: Uint32Array, positions: Uint32Array): Uint32Array {
  return positions.map((position) => values[position]!);
}

/** The split, if every class is still trained on. Throws ConfigError where all images of one are held out or equal one that is. */
function checkClasses(
  { classNames }: ImageSet,
  split: ImageSplit,
  { classes }: Pick<TrainingConfiguration, "classes">,
): ImageSplit {
  const trained = new Set(Array.from(split.train, (index) => classNames[index]));
  const missing = classes?.find((name) => !trained.has(name));
  if (missing === undefined) return split;
  throw new ConfigError({
    code: "too-few-images",
    subject: `class '${missing}'`,
    expected: "images that differ from the held-out ones",
    got: "none",
    remedy: { key: "other", text: "are they all the same?" },
  });
}

function withoutKnown(
  images: ImageSet,
  { train, heldOut }: HeldOutSplit,
  known: KnownPixels,
  name: SetName,
): ImageSplit {
  const kept = train.filter((index) => !known.has(images, index));
  if (kept.length < 2) {
    const held = name === "outliers" ? "normal" : "held-out normal";
    throw new ConfigError({
      code: "too-few-images",
      subject: setting(name),
      expected: `two images or more that differ from every ${held} image`,
      got: String(kept.length),
      remedy: { key: "other", text: "are they all the same?" },
    });
  }
  return { train: kept, heldOut, duplicates: train.length - kept.length };
}

function imageSize({ channels, height, width }: ImageSet["specification"]): number {
  return channels * height * width;
}
