/** A hash of what an image shows that a shift, a light and a contrast leave as it is, and which images have nearly the same one. Pure. */
import { randomKey } from "../base/index.ts";

/** An image's spectrum: side x side frequencies, row-major. */
export interface Spectrum {
  readonly real: Float32Array;
  readonly imaginary: Float32Array;
}

/** Frequencies along each axis that are looked at. */
export const codeReach = 6;

/** Added to magnitudes, which are 1 in the mean: what is much weaker than this says nothing. */
const leastMagnitude = 0.3;

/** Bytes of a code: images are real, so half of the plane says all, and the mean of an image nothing. */
export const codeLength = ((2 * codeReach + 1) ** 2 - 1) / 2;

/** Steps of a code's bytes in a natural logarithm: magnitudes up to 80 fit. */
const stepsPerUnit = 45;

/**
 * The code of an image: the logarithms of the low frequencies' magnitudes, a byte each. A shift changes the phases of a spectrum and not its
 * magnitudes; a fingerprint has no brightness and contrast left. Numbers are taken as 32 bits hold them, as a fingerprint does.
 */
export function structureCode(
  { real, imaginary }: { readonly [Part in keyof Spectrum]: Float32Array | Float64Array },
  side: number,
): Uint8Array {
  const code = new Uint8Array(codeLength);
  let k = 0;
  for (let v = 0; v <= codeReach; v++) {
    for (let u = v === 0 ? 1 : -codeReach; u <= codeReach; u++) {
      const at = v * side + ((u + side) % side);
      const height = Math.log(
        (Math.hypot(Math.fround(real[at]!), Math.fround(imaginary[at]!)) + leastMagnitude) / leastMagnitude,
      );
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

/** The same of one code with several, four at a time: a processor adds up four sums as fast as one. */
function likenesses(
  rows: Float32Array,
  own: number,
  others: Uint32Array,
  start: number,
  end: number,
  result: Float64Array,
): void {
  const base = own * codeLength;
  let next = start;
  for (; next + 4 <= end; next += 4) {
    const a = others[next]! * codeLength;
    const b = others[next + 1]! * codeLength;
    const c = others[next + 2]! * codeLength;
    const d = others[next + 3]! * codeLength;
    let [first, second, third, fourth] = [0, 0, 0, 0];
    for (let k = 0; k < codeLength; k++) {
      const value = rows[base + k]!;
      first += value * rows[a + k]!;
      second += value * rows[b + k]!;
      third += value * rows[c + k]!;
      fourth += value * rows[d + k]!;
    }
    result[next - start] = first;
    result[next - start + 1] = second;
    result[next - start + 2] = third;
    result[next - start + 3] = fourth;
  }
  for (; next < end; next++) result[next - start] = likeness(rows, own, others[next]!);
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
  const alikes = new Float64Array(mostNeighbours);
  const planes = randomKey(0).fold("planes of structure codes");
  for (let table = 0; table < (bits === 0 ? 1 : tables); table++) {
    const stream = planes.fold(table).stream();
    const plane = Float32Array.from({ length: bits * codeLength }, () => stream.normal());
    const order = sortedByBucket(bucketsOf(rows, count, plane, bits));
    for (const { start, end } of order.runs) {
      for (let position = start; position < end; position++) {
        const own = order.images[position]!;
        const until = Math.min(end, position + 1 + mostNeighbours);
        likenesses(rows, own, order.images, position + 1, until, alikes);
        for (let next = position + 1; next < until; next++) {
          const other = order.images[next]!;
          const alike = alikes[next - position - 1]!;
          const first = Math.min(own, other);
          const second = Math.max(own, other);
          if (alike < least(first, second) || found.get(first)?.has(second)) continue;
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
  // Planes in turn within a coordinate: their sums do not wait for each other.
  const turned = new Float32Array(plane.length);
  for (let bit = 0; bit < bits; bit++) {
    for (let k = 0; k < codeLength; k++) turned[k * bits + bit] = plane[bit * codeLength + k]!;
  }
  const sides = new Float64Array(bits);
  for (let image = 0; image < count; image++) {
    sides.fill(0);
    for (let k = 0, at = 0; k < codeLength; k++) {
      const value = rows[image * codeLength + k]!;
      for (let bit = 0; bit < bits; bit++) sides[bit]! += value * turned[at++]!;
    }
    let bucket = 0;
    for (let bit = 0; bit < bits; bit++) bucket = 2 * bucket + (sides[bit]! > 0 ? 1 : 0);
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
