/**
 * Exposure: from a scene to levels. Brightness, contrast, tint and colourfulness are drawn for every image with the spread that photographs have,
 * whatever the scene holds.
 */
import type { RandomStream } from "../../base/index.ts";
import { type Canvas, emptyCanvas } from "./canvas.ts";
import { momentsOf } from "./power-law-noise.ts";
import type { Scene } from "./scene.ts";

/**
 * Mean and standard deviation over images, in levels, of what is drawn for each: measured on CIFAR-10 and on Tiny ImageNet at 32x32 (between the two), whose
 * photographs are of everyday things. `contrast`, `warmth` and `magenta` are standard deviations within an image.
 */
const drawn = {
  brightness: { mean: 118, deviation: 34 },
  contrast: { mean: 50, deviation: 16.5 },
  warmth: { mean: 18.5, spread: 0.68 },
  magenta: { mean: 8.6, spread: 0.72 },
  warmTint: { mean: 12, deviation: 24 },
  magentaTint: { mean: -3, deviation: 11.5 },
  /** Standard deviation of grain: median, and spread of its logarithm. */
  grain: { mean: 1.6, spread: 0.8 },
} as const;

/** Beyond this, standardising a scene would only enlarge its noise. */
const mostGain = 400;

/** Makes the levels of an image from a scene. */
export function expose({ height, width, light, warmth, magenta }: Scene, channels: number, stream: RandomStream): Canvas {
  const canvas = emptyCanvas({ channels, height, width });
  const area = height * width;
  const brightness = limit(normal(drawn.brightness, stream), 18, 235);
  // Very bright and very dark images have no room for contrast.
  const room = 1.15 * Math.sqrt(brightness * (255 - brightness)) * 0.6;
  const lightCurve = curve(light, brightness, Math.min(room, limit(normal(drawn.contrast, stream), 5, 90)));
  const warmthCurve = curve(warmth, normal(drawn.warmTint, stream), logNormal(drawn.warmth, stream));
  const magentaCurve = curve(magenta, normal(drawn.magentaTint, stream), logNormal(drawn.magenta, stream));
  const grain = logNormal(drawn.grain, stream);
  for (let at = 0; at < area; at++) {
    const level = shoulder(lightCurve(light[at]!)) + grain * stream.normal();
    // Shadows and highlights have little colour.
    const colour = limit(Math.min(0.15 + level / 110, (285 - level) / 90), 0, 1.5);
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

/** The line that brings values to a mean and a standard deviation. */
function curve(values: Float32Array, mean: number, deviation: number): (value: number) => number {
  const moments = momentsOf(values);
  const gain = Math.min(mostGain, moments.deviation > 0 ? deviation / moments.deviation : 0);
  return (value) => mean + gain * (value - moments.mean);
}

/** Levels near the ends of the range are compressed, as film and cameras do, rather than cut off. */
function shoulder(level: number): number {
  const bend = 30;
  if (level < bend) return bend - (bend + 6) * (1 - Math.exp((level - bend) / (bend + 6)));
  if (level > 255 - bend) return 255 - bend + (bend + 6) * (1 - Math.exp((255 - bend - level) / (bend + 6)));
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
