/** Which images of some sets are the same, to the pixel or nearly: photographed again, cut otherwise, lit otherwise, saved again. */
import { permutation, randomKey } from "../../base/index.ts";
import {
  type ComparedPair,
  codeLength,
  type Fingerprint,
  fingerprintOfStructure,
  groupPairs,
  leastCorrelation,
  likelyPairs,
  shiftedCorrelation,
} from "../../faults/index.ts";
import type { Watch } from "../events.ts";
import type { MeasuredSet } from "./set-inspection.ts";

/** Images of sets that show the same: each with its set and its place in it. */
export interface SameImages {
  readonly images: readonly PlacedImage[];
  /** The least correlation by which an image came to the others; 1 where all are equal. */
  readonly correlation: number;
}

/** An image by its set and its place among the readable ones of it. */
export interface PlacedImage {
  readonly set: number;
  readonly image: number;
}

/** What is the same in some sets. */
export interface Sameness {
  /** Equal to the pixel. */
  readonly equal: readonly SameImages[];
  /** Alike but not equal: of each picture one image stands for its equals. */
  readonly alike: readonly SameImages[];
  /** A number for every image, the sets one after another, that images share which are equal or alike. */
  readonly groups: Uint32Array;
  /** What structures had to correlate by at least. */
  readonly leastCorrelation: number;
}

/** What is smaller on a side has little fine structure that would tell a thing from another one of its kind. */
const structuredSide = 64;

/** Two small images are the same where their structures correlate more than this: different fives correlate up to 0.95, pictures saved twice by more. */
const leastOfSmall = 0.95;

/** Larger ones of very many: of the 72 million pairs of 12,000 photographs some correlate up to 0.6 by chance. */
const leastAmongMany = 0.65;

/** Images of which pairs are drawn to see how much strangers of these sets correlate, each with so many others; fewer would say little. */
const drawnImages = 200;
const drawnPartners = 2;
const leastDrawn = 50;

/** How far beyond the strangers' median the same thing lies, in steps from there to their 90 % quantile; no further than pictures saved twice. */
const stepsBeyond = 5;
const mostDemanded = 0.98;

/** Candidates by their codes: the least likeness of two images, in sets of few and of many, and of small images. */
const leastLikeness = { few: 0.4, many: 0.6, small: 0.8 } as const;
const few = 2000;

/** Candidates of one image at most. */
const mostCandidates = 8;

/** Fingerprints in memory, 32 KB each. */
const mostPrints = 2000;

/**
 * Looks for equal and nearly equal images within and between sets. First their hashes and codes are compared, then the images of likely pairs are read again
 * and compared under every shift. Time grows nearly with the number of images; memory holds some hundred bytes of each.
 */
export async function findSame(sets: readonly MeasuredSet[], { onEvent, signal }: Watch): Promise<Sameness> {
  const placed = sets.flatMap(({ count }, set) =>
    Array.from({ length: count }, (_, image): PlacedImage => ({ set, image })),
  );
  const first = firstOfEqual(sets, placed);
  const kept = Uint32Array.from(placed.keys()).filter((index) => first[index] === index);
  const codes = new Uint8Array(kept.length * codeLength);
  for (const [position, index] of kept.entries()) {
    const { set, image } = placed[index]!;
    codes.set(sets[set]!.codes.subarray(image * codeLength, (image + 1) * codeLength), position * codeLength);
  }
  const small = Uint8Array.from(kept, (index) => {
    const { set, image } = placed[index]!;
    const { height, width } = sets[set]!.statistics;
    return Math.min(height[image]!, width[image]!) < structuredSide ? 1 : 0;
  });
  const isSmall = (position: number): boolean => small[position] === 1;
  const usual = kept.length < few ? leastLikeness.few : leastLikeness.many;
  const least = (a: number, b: number): number => (isSmall(a) || isSmall(b) ? leastLikeness.small : usual);
  const likely = likelyPairs(codes, { least, most: mostCandidates });
  const printOf = printCache(async (position) => {
    const { set, image } = placed[kept[position]!]!;
    return fingerprintOfStructure(await sets[set]!.read(image));
  });
  const strangers = await reachOfStrangers(kept.length, printOf);
  const leastOf = (isOfSmall: boolean): number =>
    Math.max(isOfSmall ? leastOfSmall : kept.length < few ? leastCorrelation : leastAmongMany, strangers);
  const pairs: ComparedPair[] = [];
  for (const [done, { a, b }] of likely.entries()) {
    signal?.throwIfAborted();
    const correlation = shiftedCorrelation(await printOf(a), await printOf(b));
    pairs.push({ a, b, correlation, least: leastOf(isSmall(a) || isSmall(b)) });
    onEvent?.({ kind: "progress", task: "measuring", subject: "likely pairs", done: done + 1, total: likely.length });
  }
  onEvent?.({ kind: "settled" });
  const { groups, least: found } = groupPairs(kept.length, pairs);
  return {
    equal: equalImages(placed, first),
    alike: alikeImages(
      groups,
      pairs.filter((pair) => pair.correlation > Math.max(found, pair.least)),
      (position) => placed[kept[position]!]!,
    ),
    groups: spread(first, kept, groups),
    leastCorrelation: Math.max(found, leastOf(small.every((one) => one === 1))),
  };
}

/**
 * What images that are not the same reach: things of one kind that lie alike, as brains or boards do, correlate without being one. By pairs that chance
 * draws, of which few are of one thing; 0 where there are too few images to tell.
 */
async function reachOfStrangers(count: number, printOf: (position: number) => Promise<Fingerprint>): Promise<number> {
  if (count < leastDrawn) return 0;
  const drawn = permutation(count, randomKey(0).fold("strangers").stream()).subarray(0, drawnImages);
  const found: number[] = [];
  for (const [index, own] of drawn.entries()) {
    for (let step = 1; step <= drawnPartners; step++) {
      const other = drawn[(index + step) % drawn.length]!;
      found.push(shiftedCorrelation(await printOf(own), await printOf(other)));
    }
  }
  found.sort((a, b) => a - b);
  const quantile = (share: number): number => found[Math.floor(share * (found.length - 1))]!;
  const [middle, high] = [quantile(0.5), quantile(0.9)];
  return Math.min(mostDemanded, middle + stepsBeyond * (high - middle));
}

/** Of every image the first one that is equal to it. */
function firstOfEqual(sets: readonly MeasuredSet[], placed: readonly PlacedImage[]): Uint32Array {
  const known = new Map<bigint, number>();
  return Uint32Array.from(placed, ({ set, image }, index) => {
    const hash = sets[set]!.hashes[image]!;
    if (!known.has(hash)) known.set(hash, index);
    return known.get(hash)!;
  });
}

function equalImages(placed: readonly PlacedImage[], first: Uint32Array): SameImages[] {
  const members = new Map<number, PlacedImage[]>();
  for (const [index, own] of first.entries()) {
    if (own === index) continue;
    if (!members.has(own)) members.set(own, [placed[own]!]);
    members.get(own)!.push(placed[index]!);
  }
  return [...members.values()].map((images) => ({ images, correlation: 1 })).sort(byLikeness);
}

function alikeImages(
  groups: Uint32Array,
  pairs: readonly ComparedPair[],
  placeOf: (position: number) => PlacedImage,
): SameImages[] {
  const members = new Map<number, { images: Set<number>; correlation: number }>();
  for (const { a, b, correlation } of pairs) {
    const group = groups[a]!;
    const before = members.get(group) ?? { images: new Set<number>(), correlation: 1 };
    for (const one of [a, b]) before.images.add(one);
    members.set(group, { images: before.images, correlation: Math.min(before.correlation, correlation) });
  }
  return [...members.values()]
    .map(({ images, correlation }) => ({ images: [...images].sort((a, b) => a - b).map(placeOf), correlation }))
    .sort(byLikeness);
}

/** The most alike first: of what correlates little some is not the same. */
function byLikeness(a: SameImages, b: SameImages): number {
  return b.correlation - a.correlation || b.images.length - a.images.length;
}

/** The group of every image: that of the one it is equal to. */
function spread(first: Uint32Array, kept: Uint32Array, groups: Uint32Array): Uint32Array {
  const groupOf = new Map(Array.from(kept, (index, position) => [index, groups[position]!]));
  return first.map((index) => groupOf.get(index)!);
}

/** Fingerprints by position, the latest ones in memory. */
function printCache(make: (position: number) => Promise<Fingerprint>) {
  const known = new Map<number, Fingerprint>();
  return async (position: number): Promise<Fingerprint> => {
    const found = known.get(position) ?? (await make(position));
    known.delete(position);
    known.set(position, found);
    if (known.size > mostPrints) known.delete(known.keys().next().value!);
    return found;
  };
}
