/** Which images are held out by what they show: each image's side is its own, whatever others come or go. Pure. */
import type { RandomKey } from "../base/index.ts";
import { checkHeldOut, type HeldOutSplit, leastTrained, tooAlike } from "./sampling.ts";

/** Prepared images, uint8 [count, C, H, W]. */
interface Pixels {
  readonly count: number;
  readonly pixels: Uint8Array;
}

/** Images that stay together, with a number from 0 to 1 that says on which side. */
interface Unit {
  readonly images: number[];
  rank: number;
  side: number;
}

/**
 * Holds out every image whose pixels give a number below `fraction`, so about that share of many. An image that is added moves no other one, and equal images
 * are on one side. Images of one of the `groups` stay together: one of them, chosen by its pixels as well, decides, so that an image more in a group
 * rarely moves it. Where none would be held out the lowest is, and where fewer than two would be trained on the highest are not.
 *
 * @throws ConfigError for fewer than three images, a fraction outside 0 to 1, or images that are all of one group.
 */
export function splitByContent(
  images: Pixels,
  fraction: number,
  key: RandomKey,
  groups?: ArrayLike<number>,
): HeldOutSplit {
  checkHeldOut(images.count, fraction);
  const units = unitsOf(images, key, groups).sort((a, b) => a.side - b.side || a.images[0]! - b.images[0]!);
  let kept = Math.max(1, units.filter(({ side }) => side < fraction).length);
  const trained = (from: number): number => units.slice(from).reduce((sum, unit) => sum + unit.images.length, 0);
  while (kept > 0 && trained(kept) < leastTrained) kept--;
  if (kept === 0) {
    throw tooAlike(images.count, units.length);
  }
  const imagesOf = (some: readonly Unit[]): Uint32Array => Uint32Array.from(some.flatMap((unit) => unit.images)).sort();
  return { heldOut: imagesOf(units.slice(0, kept)), train: imagesOf(units.slice(kept)) };
}

function unitsOf({ count, pixels }: Pixels, key: RandomKey, groups?: ArrayLike<number>): Unit[] {
  const stream = key.stream();
  const seeds = [stream.uint32(), stream.uint32()] as const;
  const size = pixels.length / count;
  const units = new Map<number, Unit>();
  for (let image = 0; image < count; image++) {
    const { side, rank } = numbersOf(pixels.subarray(image * size, (image + 1) * size), seeds);
    const group = groups ? groups[image]! : image;
    const unit = units.get(group);
    if (!unit) units.set(group, { images: [image], rank, side });
    else {
      unit.images.push(image);
      if (rank < unit.rank) Object.assign(unit, { rank, side });
    }
  }
  return [...units.values()];
}

/** Two numbers from 0 to 1 that pixels give: FNV-1a and a rotating multiplication over bytes, mixed by MurmurHash3's finaliser. */
function numbersOf(pixels: Uint8Array, [first, second]: readonly [number, number]) {
  let [a, b] = [first, second];
  for (let at = 0; at < pixels.length; at++) {
    a = Math.imul(a ^ pixels[at]!, 0x01000193);
    b = Math.imul(b ^ pixels[at]!, 0xcc9e2d51);
    b = (b << 13) | (b >>> 19);
  }
  return { side: finish(a + b) / 2 ** 32, rank: finish(a ^ Math.imul(b, 0x1b873593)) / 2 ** 32 };
}

function finish(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
