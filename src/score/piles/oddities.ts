/**
 * What is odd about images beside the others of their set, by simple numbers of each: no model. Each oddity is a number of its own, **higher is odder**,
 * as every score is. Pure.
 */

/** What is known of every image of a set, a number each in the same order. */
export interface SetStatistics {
  /** Mean and standard deviation of luma, in levels of 8 bits. */
  readonly brightness: ArrayLike<number>;
  readonly contrast: ArrayLike<number>;
  /** The greatest standard deviation of luma and of the channels. */
  readonly spread: ArrayLike<number>;
  /** `statisticsOf` in `pixels/`; NaN where an image has none. */
  readonly sharpness: ArrayLike<number>;
  /** Mean colour differences, in levels. */
  readonly blue: ArrayLike<number>;
  readonly red: ArrayLike<number>;
  /** In pixels, as stored. */
  readonly height: ArrayLike<number>;
  readonly width: ArrayLike<number>;
}

/** Oddities, by name. */
export const oddityKinds = ["blank", "dark", "bright", "blurred", "odd-size", "odd-colour"] as const;
/** A way to be odd. */
export type OddityKind = (typeof oddityKinds)[number];

/** An image's score of one kind. */
export interface OddImage {
  readonly image: number;
  readonly score: number;
}

/** Deviations from the median from which on an image is called odd. */
const leastDeviations = 6;

/** Levels below which an image shows nothing. */
const blankContrast = 3;

/** The most halvings of the full contrast that are told apart: those of an image of one level. */
const mostHalvings = 16;

/** Levels that count as dark and bright whatever the others are like, and as little detail where images are compared by it. */
const darkest = 64;
const brightest = 192;

/** How far an image may at least be from the others before it counts, where all others are the same: levels, or natural logarithms. */
const least = { levels: 4, sharpness: 0.08, size: 0.05 } as const;

/**
 * How many deviations every value lies from the median, signed: the deviation is 1.4826 times the median absolute one, which for normal
 * values is the standard deviation and which a tenth of strays hardly moves (Rousseeuw & Croux 1993), and `floor` at least. NaN stays NaN and has no say,
 * nor has what comes after the first `count`.
 */
export function robustDeviations(values: ArrayLike<number>, floor: number, count = values.length): Float64Array {
  const known = Float64Array.from(values).subarray(0, count).filter(Number.isFinite).sort();
  const middle = medianOf(known);
  const spread = medianOf(known.map((value) => Math.abs(value - middle)).sort());
  const deviation = Math.max(1.4826 * spread, floor);
  return Float64Array.from(values, (value) => (value - middle) / deviation);
}

function medianOf(sorted: Float64Array): number {
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/** Which images are odd in which way, the oddest first. `blank` is in halvings of the full contrast, all others in deviations. */
export function findOddities(set: SetStatistics): Record<OddityKind, readonly OddImage[]> {
  const deviations = deviationsOf(set);
  const seen = (image: number): boolean => set.spread[image]! >= blankContrast;
  const from = (scoreOf: (image: number) => number, least: number): readonly OddImage[] =>
    Array.from({ length: set.contrast.length }, (_, image) => ({ image, score: scoreOf(image) }))
      .filter(({ score }) => score >= least)
      .sort((a, b) => b.score - a.score);
  const only = (when: boolean, score: number): number => (when ? score : Number.NaN);
  return {
    blank: from((image) => halvings(set.spread[image]!), halvings(blankContrast)),
    dark: from(
      (image) => only(seen(image) && set.brightness[image]! < darkest, -deviations.brightness[image]!),
      leastDeviations,
    ),
    bright: from(
      (image) => only(seen(image) && set.brightness[image]! > brightest, deviations.brightness[image]!),
      leastDeviations,
    ),
    blurred: from((image) => only(seen(image), -deviations.sharpness[image]!), leastDeviations),
    "odd-size": from((image) => length([deviations.height[image]!, deviations.width[image]!]), leastDeviations),
    "odd-colour": from((image) => length([deviations.blue[image]!, deviations.red[image]!]), leastDeviations),
  };
}

/**
 * How odd every image is by all of these numbers together: the root mean square of its deviations, of which an image with no detail has fewer.
 * The baseline of everything that trains a model to find what does not belong.
 */
export function oddness(set: SetStatistics): Float64Array {
  const all = Object.values(deviationsOf(set));
  return Float64Array.from({ length: set.contrast.length }, (_, image) => {
    const own = all.map((values) => values[image]!).filter(Number.isFinite);
    return length(own) / Math.sqrt(own.length);
  });
}

function deviationsOf({ brightness, contrast, sharpness, blue, red, height, width }: SetStatistics) {
  const logarithms = (values: ArrayLike<number>) => Float64Array.from(values, (value) => Math.log(value));
  return {
    brightness: robustDeviations(brightness, least.levels),
    contrast: robustDeviations(contrast, least.levels),
    sharpness: robustDeviations(logarithms(sharpness), least.sharpness),
    blue: robustDeviations(blue, least.levels),
    red: robustDeviations(red, least.levels),
    height: robustDeviations(logarithms(height), least.size),
    width: robustDeviations(logarithms(width), least.size),
  };
}

function halvings(contrast: number): number {
  return Math.min(mostHalvings, Math.log2(255 / contrast));
}

function length(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
