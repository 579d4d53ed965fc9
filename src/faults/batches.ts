/** The batches that a fault network trains on: clean crops, and as many with a synthetic fault. Pure. */
import type { RandomKey, RandomStream } from "../base/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { cropAt } from "./levels.ts";
import { type Canvas, mapChannels, momentsOf } from "./synthetic/canvas.ts";
import { cellLabels, cellSide } from "./synthetic/cells.ts";
import { drawFault, type FaultyCrop } from "./synthetic/fault.ts";
import type { FaultKind } from "./synthetic/kinds.ts";
import type { Example } from "./synthetic/likeness.ts";

/** Side of a crop in pixels. */
export const cropSide = 64;

/** Training images, each at its levels. */
export type LevelImages = readonly (readonly RawImage[])[];

/** What pixels are brought to before the network sees them: mean 0 and deviation 1 over all training images, channel by channel. */
export interface PixelScale {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** The scale of some images, measured on their smallest level. Constant channels keep a deviation of 1. */
export function pixelScale(images: LevelImages): PixelScale {
  const channels = images[0]![0]!.channels;
  const all = Array.from({ length: channels }, (_, channel) => {
    const planes = images.map((levels) => {
      const { pixels, height, width } = levels.at(-1)!;
      return momentsOf(pixels.subarray(channel * height * width, (channel + 1) * height * width));
    });
    const mean = planes.reduce((sum, plane) => sum + plane.mean, 0) / planes.length;
    const square = planes.reduce((sum, plane) => sum + plane.deviation ** 2 + (plane.mean - mean) ** 2, 0);
    return { mean, deviation: Math.max(1, Math.sqrt(square / planes.length)) };
  });
  return { means: all.map(({ mean }) => mean), deviations: all.map(({ deviation }) => deviation) };
}

/** Inputs of one step by name. */
export type FaultBatch = { readonly x: Float32Array; readonly labels: Float32Array; readonly weights: Float32Array };

/** What batches are drawn with. */
export interface BatchPlan {
  readonly images: LevelImages;
  readonly scale: PixelScale;
  readonly kinds: readonly FaultKind[];
  readonly variation: CropVariation;
  /** Clean crops, and as many faulty ones. */
  readonly crops: number;
  /** A person's own examples of faults, in as many channels as the images. */
  readonly examples?: readonly Example[] | undefined;
}

/** How crops are changed before a fault is drawn, so that the network does not learn the training images by heart. */
export interface CropVariation {
  /** Mirrored and turned by quarters, all eight ways. */
  readonly turns: boolean;
  /** Contrast and brightness change by up to this share of the range. */
  readonly light: number;
}

/** A random crop of a random level of a random image, varied. */
export function drawCrop(images: LevelImages, variation: CropVariation, stream: RandomStream): Canvas {
  const levels = images[stream.integer(images.length)]!;
  const image = levels[stream.integer(levels.length)]!;
  const start = (side: number): number => (side <= cropSide ? 0 : stream.integer(side - cropSide + 1));
  const crop = cropAt(image, start(image.height), start(image.width), cropSide);
  return relit(variation.turns ? turned(crop, stream.integer(8)) : crop, variation.light, stream);
}

/** One of the eight ways to lay a square. */
function turned(crop: Canvas, way: number): Canvas {
  if (way === 0) return crop;
  const last = crop.width - 1;
  const [swap, flipY, flipX] = [(way & 4) !== 0, (way & 2) !== 0, (way & 1) !== 0];
  return mapChannels(crop, (plane) =>
    plane.map((_, index) => {
      const [y, x] = [Math.floor(index / crop.width), index % crop.width];
      const [row, column] = swap ? [x, y] : [y, x];
      return plane[(flipY ? last - row : row) * crop.width + (flipX ? last - column : column)]!;
    }),
  );
}

function relit(crop: Canvas, light: number, stream: RandomStream): Canvas {
  if (light === 0) return crop;
  const contrast = 1 + light * (2 * stream.uniform() - 1);
  const offset = 128 * light * (2 * stream.uniform() - 1);
  const { mean } = momentsOf(crop.values);
  const values = crop.values.map((value) =>
    Math.min(255, Math.max(0, Math.round(mean + offset + contrast * (value - mean)))),
  );
  return { ...crop, values };
}

/** A random crop with a synthetic fault. */
export function drawFaultyCrop(
  { images, kinds, variation, examples }: Pick<BatchPlan, "images" | "kinds" | "variation" | "examples">,
  key: RandomKey,
): FaultyCrop {
  const stream = key.fold("crops").stream();
  const crop = drawCrop(images, variation, stream);
  return drawFault(crop, drawCrop(images, variation, stream), key.fold("fault"), kinds, examples);
}

/** One batch: x [C, S, S, N], labels and weights [S/8, S/8, N], the clean crops first. Faulty and clean cells weigh one half each in all. */
export function drawBatch(plan: BatchPlan, key: RandomKey): FaultBatch {
  const { images, scale, variation, crops } = plan;
  const stream = key.fold("clean").stream();
  const clean = Array.from({ length: crops }, () => drawCrop(images, variation, stream));
  const faulty = Array.from({ length: crops }, (_, index) => drawFaultyCrop(plan, key.fold(index)));
  const cells = (cropSide / cellSide) ** 2;
  const labels = new Float32Array(cells * 2 * crops);
  for (const [index, { mask }] of faulty.entries()) {
    const own = cellLabels(mask, cropSide, cropSide);
    for (let cell = 0; cell < cells; cell++) labels[cell * 2 * crops + crops + index] = own[cell]!;
  }
  const faultyCells = labels.reduce((count, label) => count + (label === 1 ? 1 : 0), 0);
  const cleanCells = labels.reduce((count, label) => count + (label === 0 ? 1 : 0), 0);
  return {
    x: batchInnermost([...clean, ...faulty.map(({ crop }) => crop)], scale),
    labels: labels.map((label) => (label === 1 ? 1 : 0)),
    weights: labels.map((label) => (label === 1 ? 0.5 / faultyCells : label === 0 ? 0.5 / cleanCells : 0)),
  };
}

/** Crops as one tensor [C, S, S, N], pixels scaled. */
export function batchInnermost(crops: readonly Canvas[], { means, deviations }: PixelScale): Float32Array {
  const area = cropSide * cropSide;
  const x = new Float32Array(crops.length * crops[0]!.values.length);
  for (const [index, { values }] of crops.entries()) {
    for (let position = 0; position < values.length; position++) {
      const channel = Math.floor(position / area);
      x[position * crops.length + index] = (values[position]! - means[channel]!) / deviations[channel]!;
    }
  }
  return x;
}
