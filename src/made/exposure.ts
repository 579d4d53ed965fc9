/**
 * Exposure: from a scene to levels. Brightness, contrast, tint and colourfulness are drawn for every image with the spread that photographs have,
 * whatever the scene holds.
 */
import type { RandomStream } from "../base/index.ts";
import { type Canvas, emptyCanvas } from "./canvas.ts";
import { momentsOf } from "./power-law-noise.ts";
import type { Scene } from "./scene.ts";
import { smooth } from "./smoothing.ts";

/**
 * What is drawn for each image, in levels: mean over images, and standard deviation of the value or of its logarithm (`spread`). Chosen so that what comes
 * out, after limits and rounding, lies between CIFAR-10 and Tiny ImageNet at 32x32. `contrast`, `warmth` and `magenta` are standard deviations within an image.
 */
const drawn = {
  brightness: { mean: 118, deviation: 34 },
  contrast: { mean: 55, deviation: 18 },
  warmth: { mean: 18, spread: 0.68 },
  magenta: { mean: 8.8, spread: 0.7 },
  warmTint: { mean: 12, deviation: 24 },
  magentaTint: { mean: -3, deviation: 11.5 },
  /** Standard deviation of grain. */
  grain: { mean: 1.4, spread: 0.8 },
  /** Twice the variance of the lens's blur in pixels^2. */
  blur: { mean: 0.18, spread: 0.6 },
  /** About the largest mean absolute step between neighbouring pixels. */
  detail: { mean: 20, deviation: 3.5 },
} as const;

/** Colours that differ more than light does are rare: the largest spread of colour as a share of contrast. */
const colourShare = { warmth: 1.1, magenta: 0.65 } as const;

/** What cameras and their file formats blur colour more than light, in the same measure. */
const colourBlur = 2.4;

/** Beyond this, standardising a scene would only enlarge its noise. */
const mostGain = 400;

/** Makes the levels of an image from a scene. */
export function expose(scene: Scene, channels: number, stream: RandomStream): Canvas {
  const { height, width, light, warmth, magenta } = scene;
  const canvas = emptyCanvas({ channels, height, width });
  const area = height * width;
  const brightness = limit(normal(drawn.brightness, stream), 18, 235);
  // Very bright and very dark images have no room for contrast.
  const room = 0.75 * Math.sqrt(brightness * (255 - brightness));
  const wanted = Math.min(room, limit(normal(drawn.contrast, stream), 8, 95));
  const blur = logNormal(drawn.blur, stream);
  smooth(light, height, width, blur);
  for (const plane of [warmth, magenta]) smooth(plane, height, width, blur + colourBlur);
  const contrast = limitDetail(scene, wanted, normal(drawn.detail, stream));
  const lightCurve = curve(light, brightness, contrast);
  const warmthCurve = curve(
    warmth,
    normal(drawn.warmTint, stream),
    Math.min(colourShare.warmth * contrast, logNormal(drawn.warmth, stream)),
  );
  const magentaCurve = curve(
    magenta,
    normal(drawn.magentaTint, stream),
    Math.min(colourShare.magenta * contrast, logNormal(drawn.magenta, stream)),
  );
  const grain = logNormal(drawn.grain, stream);
  for (let at = 0; at < area; at++) {
    const level = shoulder(lightCurve(light[at]!)) + grain * stream.normal();
    // Shadows and highlights have little colour.
    const colour = limit(Math.min(level / 95, (255 - level) / 70), 0, 1.3);
    const warm = colour * warmthCurve(warmth[at]!) * Math.SQRT1_2;
    const rose = (colour * magentaCurve(magenta[at]!)) / Math.sqrt(6);
    const [red, green, blue] = [level + warm + rose, level - 2 * rose, level - warm + rose];
    if (channels === 1) canvas.levels[at] = 0.299 * red + 0.587 * green + 0.114 * blue;
    else {
      canvas.levels[at] = red;
      canvas.levels[area + at] = green;
      canvas.levels[2 * area + at] = blue;
    }
  }
  return canvas;
}

/**
 * Keeps the mean step between neighbouring pixels at about `most` levels or below: first by blurring light a little, then by taking contrast away. Returns
 * the contrast. Photographs of much contrast owe it to large things; without this, contrast would bring as much more detail.
 */
function limitDetail({ height, width, light }: Scene, contrast: number, most: number): number {
  const share = (): number => meanStep(light, height, width) / momentsOf(light).deviation;
  let detail = share();
  for (let pass = 0; pass < 2 && detail * contrast > most; pass++) {
    smooth(light, height, width, 0.25);
    detail = share();
  }
  return detail * contrast > 1.1 * most ? (1.1 * most) / detail : contrast;
}

function meanStep(plane: Float32Array, height: number, width: number): number {
  let sum = 0;
  for (let y = 1; y < height; y++)
    for (let x = 1, at = y * width + 1; x < width; x++, at++)
      sum += Math.abs(plane[at]! - plane[at - 1]!) + Math.abs(plane[at]! - plane[at - width]!);
  return sum / (2 * (height - 1) * (width - 1));
}

/** The line that brings values to a mean and a standard deviation. */
function curve(values: Float32Array, mean: number, deviation: number): (value: number) => number {
  const moments = momentsOf(values);
  const gain = Math.min(mostGain, moments.deviation > 0 ? deviation / moments.deviation : 0);
  return (value) => mean + gain * (value - moments.mean);
}

/** Levels near the ends of the range are compressed, as film and cameras do, rather than cut off. */
function shoulder(level: number): number {
  const bend = 30;
  if (level < bend) return bend - (bend + 2) * (1 - Math.exp((level - bend) / (bend + 2)));
  if (level > 255 - bend) return 255 - bend + (bend + 2) * (1 - Math.exp((255 - bend - level) / (bend + 2)));
  return level;
}

interface Normal {
  readonly mean: number;
  readonly deviation: number;
}

function normal({ mean, deviation }: Normal, stream: RandomStream): number {
  return mean + deviation * stream.normal();
}

interface LogNormal {
  readonly mean: number;
  /** Standard deviation of the natural logarithm. */
  readonly spread: number;
}

function logNormal({ mean, spread }: LogNormal, stream: RandomStream): number {
  return mean * Math.exp(spread * stream.normal() - (spread * spread) / 2);
}

function limit(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
