/** Which images show the same thing: near-duplicates are never on both sides of a split. Pure. */
import type { RawImage } from "../pixels/index.ts";
import { largestShare, singleGroups } from "./joined-groups.ts";
import { resized, withChannels } from "./levels.ts";
import { nearestPrints } from "./nearest-prints.ts";
import { transform, transformLow } from "./spectrum.ts";
import { codeReach, type Spectrum, structureCode } from "./structure-codes.ts";
import { blurred } from "./synthetic/canvas.ts";

const side = 64;
const area = side * side;

/** Pixels within which fine structure is looked at; coarser brightness is taken away. */
const blurRadius = 4;

/** Half a sine along each axis. */
const fading = Float64Array.from({ length: side }, (_, index) => Math.sin((Math.PI * (index + 0.5)) / side));

/** Images whose fine structure correlates more than this, shifted as it may be, show the same thing. */
export const leastCorrelation = 0.5;

/** Sets of more images than this are compared with their most similar ones only: 500 take about 20 seconds pair by pair, 5,000 half an hour. */
export const mostPairwise = 500;

/** How many those are. */
const mostCandidates = 16;

/** The spectrum of an image's fine structure, scaled so that an image has correlation 1 with itself. */
export type Fingerprint = Spectrum;

/**
 * The fingerprint of an image: grey, 64x64, less its blurred self, faded out towards the borders, at length 1, in frequencies. Without the
 * fading the borders of a part that fills its image look alike whatever is on it: of the 92 magnetic tiles a tenth of all pairs of
 * different tiles correlated above 0.5, with it none in ten thousand, and 97 % of the pairs of one tile still do.
 */
export function fingerprintOfStructure(image: RawImage): Fingerprint {
  const real = structureOf(image);
  const imaginary = new Float64Array(area);
  transform(real, imaginary, side);
  return { real: new Float32Array(real), imaginary: new Float32Array(imaginary) };
}

/** What a fingerprint is the spectrum of. */
function structureOf(image: RawImage): Float64Array {
  const small = resized(withChannels(image, 1), { height: side, width: side });
  const plane = new Float32Array(small.pixels);
  const smooth = blurred(plane, side, side, blurRadius);
  const real = new Float64Array(area);
  let sum = 0;
  for (let index = 0; index < area; index++) {
    const seen = fading[Math.floor(index / side)]! * fading[index % side]!;
    const value = (plane[index]! - smooth[index]!) * seen;
    real[index] = value;
    sum += value;
  }
  const mean = sum / area;
  let squares = 0;
  for (let index = 0; index < area; index++) squares += (real[index]! - mean) ** 2;
  const norm = Math.sqrt(squares);
  for (let index = 0; index < area; index++) real[index] = norm > 1e-6 ? (real[index]! - mean) / norm : 0;
  return real;
}

/** The code of an image (`structure-codes.ts`): what is kept of its fingerprint where there are very many. */
export function codeOfStructure(image: RawImage): Uint8Array {
  const real = structureOf(image);
  const imaginary = new Float64Array(area);
  transformLow(real, imaginary, side, codeReach);
  return structureCode({ real, imaginary }, side);
}

/** The largest correlation of one image's structure with another's over all cyclic shifts. */
export function shiftedCorrelation(a: Fingerprint, b: Fingerprint): number {
  return shiftedCorrelations(a, b, b)[0];
}

/** The same with two images at once: correlations are real, so one of them fits into the imaginary part. */
function shiftedCorrelations(a: Fingerprint, b: Fingerprint, c: Fingerprint): readonly [number, number] {
  const real = new Float64Array(area);
  const imaginary = new Float64Array(area);
  for (let index = 0; index < area; index++) {
    // conj(A) (B + i C)
    const re = b.real[index]! - c.imaginary[index]!;
    const im = b.imaginary[index]! + c.real[index]!;
    const [ar, ai] = [a.real[index]!, a.imaginary[index]!];
    // The inverse transform is the transform with real and imaginary part exchanged.
    imaginary[index] = ar * re + ai * im;
    real[index] = ar * im - ai * re;
  }
  transform(real, imaginary, side);
  let [first, second] = [-1, -1];
  for (let index = 0; index < area; index++) {
    if (imaginary[index]! > first) first = imaginary[index]!;
    if (real[index]! > second) second = real[index]!;
  }
  return [first / area, second / area];
}

/**
 * A group number for every image, numbered in the order of their first images: images that correlate above `leastCorrelation`, or have the same
 * name of `group`, are of one group, and so are those that others join. Of more than `most` images only those are compared whose spectra are
 * most alike. Parts that lie the same way in every image are alike without being the same part: where more than two thirds of the images would
 * be one group, they must correlate more, up to 0.98; beyond that only names count.
 */
export function groupImages(
  fingerprints: readonly Fingerprint[],
  names: readonly (string | undefined)[] = [],
  most = mostPairwise,
): Uint32Array {
  for (const least of thresholds) {
    const groups = groupAbove(fingerprints, names, least, most);
    if (largestShare(groups) <= mostInOne) return groups;
  }
  return groupAbove(fingerprints, names, Number.POSITIVE_INFINITY, most);
}

/** Two images and how much their structure correlates, shifted as it may be. */
export interface ComparedPair {
  readonly a: number;
  readonly b: number;
  readonly correlation: number;
  /** What it must exceed at least. */
  readonly least: number;
}

/** As `groupImages` by pairs that were compared before, with the correlation that they had to exceed in the end. */
export function groupPairs(
  count: number,
  pairs: readonly ComparedPair[],
): { readonly groups: Uint32Array; readonly least: number } {
  const grouped = (least: number): Uint32Array => {
    const joined = singleGroups(count);
    for (const pair of pairs) if (pair.correlation > Math.max(least, pair.least)) joined.join(pair.a, pair.b);
    return joined.numbers();
  };
  for (const least of thresholds) {
    const groups = grouped(least);
    if (largestShare(groups) <= mostInOne) return { groups, least };
  }
  return { groups: grouped(Number.POSITIVE_INFINITY), least: Number.POSITIVE_INFINITY };
}

/** Tried in turn while one group has nearly everything. */
const thresholds = [leastCorrelation, 0.7, 0.8, 0.9, 0.95, 0.98];

/** Share of the images beyond which a group says that all images are alike, not that some show the same thing. */
const mostInOne = 2 / 3;

function groupAbove(
  fingerprints: readonly Fingerprint[],
  names: readonly (string | undefined)[],
  least: number,
  most: number,
): Uint32Array {
  const joined = singleGroups(fingerprints.length);
  const known = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    if (name === undefined) continue;
    const first = known.get(name);
    if (first === undefined) known.set(name, index);
    else joined.join(first, index);
  }
  if (least > 1) return joined.numbers();
  const nearest =
    fingerprints.length > most ? nearestPrints(fingerprints, side, mostCandidates) : fingerprints.map(() => undefined);
  for (const [a, candidates] of nearest.entries()) {
    const all = candidates ?? Uint32Array.from({ length: fingerprints.length - a - 1 }, (_, index) => a + 1 + index);
    const others = all.filter((b) => !joined.areJoined(a, b));
    for (let position = 0; position < others.length; position += 2) {
      const pair = [others[position]!, others[position + 1] ?? others[position]!] as const;
      const found = shiftedCorrelations(fingerprints[a]!, fingerprints[pair[0]]!, fingerprints[pair[1]]!);
      for (const [index, correlation] of found.entries()) if (correlation > least) joined.join(a, pair[index]!);
    }
  }
  return joined.numbers();
}
