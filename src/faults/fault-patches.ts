/** A person's own examples of faults, cut out of their images, to be drawn on normal ones. Pure. */
import type { RawImage } from "../pixels/index.ts";
import { labelRegions } from "../score/index.ts";
import { type LevelSize, levelSize, levelsOf, resized, withChannels } from "./levels.ts";
import type { FaultSettings } from "./settings.ts";
import type { Example } from "./synthetic/likeness.ts";

/** A fault with a little of what is around it, of the size that it has at the largest level of its image. */
export interface FaultPatch {
  readonly image: RawImage;
  /** Grey, of the same size: 255 where the fault is. */
  readonly mask: RawImage;
  /** What it is shrunk by at the smallest level. */
  readonly smallest: number;
}

/** Pixels of its surroundings that a fault is cut out with. */
const margin = 4;

/** Regions of fewer pixels are dust on a mask, and of more than these regions the largest are taken. */
const leastPixels = 3;
const mostRegions = 20;

/** A pixel of a shrunk mask is faulty from this level on: a thin crack is only part of a pixel then. */
const leastSeen = 80;

type Sizes = Pick<FaultSettings, "levels" | "aspect">;

/** The faults of an image, one a region of its mask, the largest first; none where the mask is empty. Mask and image are of one size. */
export function maskedPatches(image: RawImage, mask: RawImage, { levels, aspect }: Sizes): readonly FaultPatch[] {
  const own = levelsOf(image, levels);
  const size = levelSize(image, own[0]!, aspect);
  const smallest = own.at(-1)! / own[0]!;
  const [small, grey] = [resized(image, size), resized(withChannels(mask, 1), size)];
  const { labels, sizes } = labelRegions({ ...size, mask: grey.pixels.map((level) => (level >= leastSeen ? 1 : 0)) });
  const largest = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]!).slice(0, mostRegions);
  return largest
    .filter((region) => sizes[region]! >= leastPixels)
    .map((region) => {
      const seen = grey.pixels.map((_, pixel) => (labels[pixel] === region + 1 ? 255 : 0));
      const box = boxOf(seen, size.height, size.width);
      return { image: cutOut(small, box), mask: cutOut({ ...grey, pixels: seen }, box), smallest };
    });
}

/** A crop of a fault out of an image of some size as one patch, all of it faulty but its rim. */
export function cropPatch(image: RawImage, origin: LevelSize, { levels }: Pick<Sizes, "levels">): FaultPatch {
  const own = levelsOf(origin, levels);
  const scale = Math.min(1, own[0]! / Math.sqrt(origin.height * origin.width));
  const side = (length: number): number => Math.max(3, Math.round(length * scale));
  const [height, width] = [side(image.height), side(image.width)];
  const small = resized(image, { height, width });
  const rim = Math.max(1, Math.round(Math.min(height, width) / 10));
  const pixels = new Uint8Array(height * width).map((_, pixel) => {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return Math.min(y, x, height - 1 - y, width - 1 - x) >= rim ? 255 : 0;
  });
  return { image: small, mask: { kind: "raw", channels: 1, height, width, pixels }, smallest: own.at(-1)! / own[0]! };
}

/** A patch as it is drawn on images of so many channels. */
export function exampleOf({ image, mask, smallest }: FaultPatch, channels: number): Example {
  const { height, width, pixels } = withChannels(image, channels);
  const canvas = { channels, height, width, values: Float32Array.from(pixels) };
  return { image: canvas, smallest, mask: Float32Array.from(mask.pixels, (level) => level / 255) };
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

function boxOf(mask: Uint8Array, height: number, width: number): Box {
  let [top, left, bottom, right] = [height, width, 0, 0];
  for (const [pixel, seen] of mask.entries()) {
    if (seen === 0) continue;
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    [top, left] = [Math.min(top, y), Math.min(left, x)];
    [bottom, right] = [Math.max(bottom, y + 1), Math.max(right, x + 1)];
  }
  return {
    top: Math.max(0, top - margin),
    left: Math.max(0, left - margin),
    bottom: Math.min(height, bottom + margin),
    right: Math.min(width, right + margin),
  };
}

function cutOut({ pixels, channels, height, width }: RawImage, { top, left, bottom, right }: Box): RawImage {
  const [rows, columns] = [bottom - top, right - left];
  const result = new Uint8Array(channels * rows * columns);
  for (let row = 0; row < channels * rows; row++) {
    const [channel, y] = [Math.floor(row / rows), row % rows];
    const start = (channel * height + top + y) * width + left;
    result.set(pixels.subarray(start, start + columns), row * columns);
  }
  return { kind: "raw", channels, height: rows, width: columns, pixels: result };
}
