/** A hash of what an image shows that a shift, a light and a contrast leave as it is, and which images have nearly the same one. Pure. */
import { randomKey } from "../base/index.ts";

/** An image's spectrum: side x side frequencies, row-major. */
export interface Spectrum {
  readonly real: Float32Array;
  readonly imaginary: Float32Array;
}

/** Frequencies along each axis that are looked at. */
const reach = 6;

/** Added to magnitudes, which are 1 in the mean: what is much weaker than this says nothing. */
const leastMagnitude = 0.3;

/** Bytes of a code: images are real, so half of the plane says all, and the mean of an image nothing. */
export const codeLength = ((2 * reach + 1) ** 2 - 1) / 2;

/** Steps of a code's bytes in a natural logarithm: magnitudes up to 80 fit. */
const stepsPerUnit = 45;

/**
 * The code of an image: the logarithms of the low frequencies' magnitudes, a byte each. A shift changes the phases of a spectrum and not its
 * magnitudes; a fingerprint has no brightness and contrast left.
 */
export function structureCode({ real, imaginary }: Spectrum, side: number): Uint8Array {
  const code = new Uint8Array(codeLength);
  let k = 0;
  for (let v = 0; v <= reach; v++) {
    for (let u = v === 0 ? 1 : -reach; u <= reach; u++) {
      const at = v * side + ((u + side) % side);
      const height = Math.log((Math.hypot(real[at]!, imaginary[at]!) + leastMagnitude) / leastMagnitude);
      code[k++] = Math.min(255, Math.round(stepsPerUnit * height));
    }
  }
  return code;
}

/** Codes one after another, less their mean over all images, each at length 1: their products say how alike two are, from -1 to 1. */
export function centredCodes(codes: Uint8Array): Float32Array {
  const count = codes.length / codeLength;
  const rows = Float32Array.from(codes);
  for (let k = 0; k < codeLength; k++) {
    let mean = 0;
    for (let image = 0; image < count; image++) mean += rows[image * codeLength + k]! / count;
    for (let image = 0; image < count; image++) rows[image * codeLength + k]! -= mean;
  }
  for (let image = 0; image < count; image++) {
    const row = rows.subarray(image * codeLength, (image + 1) * codeLength);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let k = 0; k < codeLength; k++) row[k] = length > 0 ? row[k]! / length : 0;
  }
  return rows;
}

/** How alike two of the centred codes are. */
export function likeness(rows: Float32Array, a: number, b: number): number {
  let sum = 0;
  const [first, second] = [a * codeLength, b * codeLength];
  for (let k = 0; k < codeLength; k++) sum += rows[first + k]! * rows[second + k]!;
  return sum;
}

/** Two images that may show the same thing, the earlier one first. */
export interface LikelyPair {
  readonly a: number;
  readonly b: number;
  readonly likeness: number;
}

/** What pairs are looked for. */
export interface PairSearch {
  /** The least likeness of a pair. */
  readonly least: (a: number, b: number) => number;
  /** Pairs of one image at most, its likeliest ones. */
  readonly most: number;
}

/** Tables, each by bits of its own: a pair that one of them brings together is found. */
const tables = 48;

/** Images that share a bucket, on average: tables have as many bits as that takes. */
const bucketSize = 16;
const mostBits = 16;

/** Neighbours in a bucket that an image is compared with: a set that is all alike must not be compared pair by pair. */
const mostNeighbours = 32;

/**
 * The pairs of images whose codes are alike. Codes are cut by random planes through their middle (Charikar 2002): the bits say on which side each lies,
 * and images are compared that agree in all bits of one of the tables. Time and memory grow hardly faster than the images: tables have log2(n / 16)
 * bits. Among 350 images every pair of likeness 0.5 is met with probability 0.999, among 200,000 those of likeness 0.9 with
 * 0.997, of 0.8 with 0.86.
 */
export function likelyPairs(codes: Uint8Array, { least, most }: PairSearch): LikelyPair[] {
  const rows = centredCodes(codes);
  const count = codes.length / codeLength;
  const found = new Map<number, Map<number, number>>();
  const bits = Math.min(mostBits, Math.max(0, Math.round(Math.log2(Math.max(1, count) / bucketSize))));
  const planes = randomKey(0).fold("planes of structure codes");
  for (let table = 0; table < (bits === 0 ? 1 : tables); table++) {
    const stream = planes.fold(table).stream();
    const plane = Float32Array.from({ length: bits * codeLength }, () => stream.normal());
    const order = sortedByBucket(bucketsOf(rows, count, plane, bits));
    for (const { start, end } of order.runs) {
      for (let position = start; position < end; position++) {
        const until = Math.min(end, position + 1 + mostNeighbours);
        for (let next = position + 1; next < until; next++) {
          const [a, b] = [order.images[position]!, order.images[next]!];
          const [first, second] = a < b ? [a, b] : [b, a];
          if (found.get(first)?.has(second)) continue;
          const alike = likeness(rows, first, second);
          if (alike < least(first, second)) continue;
          if (!found.has(first)) found.set(first, new Map());
          keep(found.get(first)!, second, alike, most);
        }
      }
    }
  }
  return [...found.keys()]
    .sort((a, b) => a - b)
    .flatMap((a) => Array.from(found.get(a)!, ([b, alike]) => ({ a, b, likeness: alike })));
}

/** Keeps the likeliest ones. */
function keep(others: Map<number, number>, image: number, alike: number, most: number): void {
  others.set(image, alike);
  if (others.size <= most) return;
  const [worst] = [...others].reduce((low, one) => (one[1] < low[1] ? one : low));
  others.delete(worst);
}

/** On which sides of the planes every code lies, as a number. */
function bucketsOf(rows: Float32Array, count: number, plane: Float32Array, bits: number): Uint32Array {
  const buckets = new Uint32Array(count);
  for (let image = 0; image < count; image++) {
    let bucket = 0;
    for (let bit = 0; bit < bits; bit++) {
      let side = 0;
      for (let k = 0; k < codeLength; k++) side += rows[image * codeLength + k]! * plane[bit * codeLength + k]!;
      bucket = 2 * bucket + (side > 0 ? 1 : 0);
    }
    buckets[image] = bucket;
  }
  return buckets;
}

/** Images in the order of their buckets, and where each bucket begins and ends. */
function sortedByBucket(buckets: Uint32Array) {
  const images = Uint32Array.from(buckets.keys()).sort((a, b) => buckets[a]! - buckets[b]! || a - b);
  const runs: { readonly start: number; readonly end: number }[] = [];
  for (let start = 0; start < images.length; ) {
    let end = start + 1;
    while (end < images.length && buckets[images[end]!] === buckets[images[start]!]) end++;
    if (end - start > 1) runs.push({ start, end });
    start = end;
  }
  return { images, runs };
}
