/** An image at the sizes at which faults are looked for. Pure. */
import { enlargeBilinear, type RawImage, shrinkTriangle } from "../pixels/index.ts";
import type { FaultSettings } from "./settings.ts";
import { type Canvas, mirrored } from "./synthetic/canvas.ts";
import { cellSide } from "./synthetic/cells.ts";

/** Whether an image keeps its proportions, or becomes a square. */
export type Aspect = "kept" | "stretched";

/** The shape of a level in pixels: whole cells. */
export interface LevelSize {
  readonly height: number;
  readonly width: number;
}

/**
 * The size of an image at a level. "kept": as many pixels as a square of side `level`, in the image's proportions, each side rounded to whole
 * cells. "stretched": that square.
 */
export function levelSize({ height, width }: LevelSize, level: number, aspect: Aspect): LevelSize {
  if (aspect === "stretched") return { height: level, width: level };
  const scale = level / Math.sqrt(height * width);
  const whole = (side: number): number => Math.max(1, Math.round((side * scale) / cellSide)) * cellSide;
  return { height: whole(height), width: whole(width) };
}

/** What becomes of levels with more pixels than an image has: skipped, or the image is enlarged. */
export type SmallImages = "skipped" | "enlarged";

/** Which levels an image has: those that do not enlarge it in area, and the smallest one in any case. Descending. */
export function levelsOf({ height, width }: LevelSize, levels: readonly number[]): readonly number[] {
  const descending = [...levels].sort((a, b) => b - a);
  const own = descending.filter((level) => level * level <= height * width);
  return own.length > 0 ? own : descending.slice(-1);
}

/**
 * The levels of a set of images: those that at least half of the images have, so that all of them can be looked at on the same ones and scores
 * mean the same whatever an image's size; the smallest one in any case. Descending.
 */
export function commonLevels(images: readonly LevelSize[], levels: readonly number[]): readonly number[] {
  const descending = [...levels].sort((a, b) => b - a);
  const counts = descending.map((level) => images.filter((image) => levelsOf(image, levels).includes(level)).length);
  return descending.filter((_, index) => index === descending.length - 1 || counts[index]! >= images.length / 2);
}

/** Shrinks an image by whole numbers until a triangle kernel may do the rest: means of blocks, the last ones of what is left. */
function averagedBlocks(image: RawImage, { height, width }: LevelSize): RawImage {
  const [down, across] = [Math.floor(image.height / (2 * height)), Math.floor(image.width / (2 * width))];
  if (down < 2 && across < 2) return image;
  const [tall, wide] = [Math.max(1, down), Math.max(1, across)];
  const [rows, columns] = [Math.ceil(image.height / tall), Math.ceil(image.width / wide)];
  const pixels = new Uint8Array(image.channels * rows * columns);
  for (let row = 0; row < image.channels * rows; row++) {
    const channel = Math.floor(row / rows);
    const top = (row % rows) * tall;
    const bottom = Math.min(image.height, top + tall);
    for (let column = 0; column < columns; column++) {
      const left = column * wide;
      const right = Math.min(image.width, left + wide);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        const start = (channel * image.height + y) * image.width;
        for (let x = start + left; x < start + right; x++) sum += image.pixels[x]!;
      }
      pixels[row * columns + column] = Math.round(sum / ((bottom - top) * (right - left)));
    }
  }
  return { kind: "raw", pixels, channels: image.channels, height: rows, width: columns };
}

/** An image brought to a size: blocks averaged, then libvips' triangle kernel, bilinear where it grows. */
export function resized(image: RawImage, size: LevelSize): RawImage {
  const { height, width } = size;
  const averaged = averagedBlocks(image, size);
  const shrunk = shrinkTriangle(averaged, Math.min(averaged.height, height), Math.min(averaged.width, width));
  return enlargeBilinear(shrunk, height, width);
}

/** An image at every level that it has, or at every one, the largest first. */
export function atLevels(
  image: RawImage,
  { levels, aspect, small = "skipped" }: Pick<FaultSettings, "levels" | "aspect"> & { readonly small?: SmallImages },
): readonly { readonly level: number; readonly image: RawImage }[] {
  const own = small === "enlarged" ? [...levels].sort((a, b) => b - a) : levelsOf(image, levels);
  return own.map((level) => ({ level, image: resized(image, levelSize(image, level, aspect)) }));
}

/** A square piece of an image, mirrored where it reaches beyond the borders. */
export function cropAt({ pixels, channels, height, width }: RawImage, top: number, left: number, side: number): Canvas {
  const values = new Float32Array(channels * side * side);
  const columns = Array.from({ length: side }, (_, x) => mirrored(left + x, width));
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < side; y++) {
      const source = (channel * height + mirrored(top + y, height)) * width;
      const target = (channel * side + y) * side;
      for (let x = 0; x < side; x++) values[target + x] = pixels[source + columns[x]!]!;
    }
  }
  return { channels, height: side, width: side, values };
}

/**
 * An image in one channel count: grey as 0.299 R + 0.587 G + 0.114 B, colour from grey three times the same. Of bands that are no colours grey is the mean, and colours
 * are the first three where there are so many.
 */
export function withChannels(image: RawImage, channels: number): RawImage {
  if (image.channels === channels) return image;
  const area = image.height * image.width;
  const { pixels } = image;
  if (image.channels > 3 && channels === 3) return { ...image, pixels: pixels.slice(0, 3 * area), channels };
  if (image.channels !== 1 && image.channels !== 3) return withChannels(meanOfBands(image), channels);
  const result = new Uint8Array(channels * area);
  if (image.channels === 1) for (let channel = 0; channel < channels; channel++) result.set(pixels, channel * area);
  else {
    for (let pixel = 0; pixel < area; pixel++) {
      const luma = 0.299 * pixels[pixel]! + 0.587 * pixels[area + pixel]! + 0.114 * pixels[2 * area + pixel]!;
      result[pixel] = Math.round(luma);
    }
  }
  return { ...image, pixels: result, channels };
}

function meanOfBands({ pixels, channels, height, width }: RawImage): RawImage {
  const area = height * width;
  const mean = new Uint8Array(area);
  for (let pixel = 0; pixel < area; pixel++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += pixels[channel * area + pixel]!;
    mean[pixel] = Math.round(sum / channels);
  }
  return { kind: "raw", pixels: mean, channels: 1, height, width };
}
