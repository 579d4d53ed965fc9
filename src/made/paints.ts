/**
 * Random paints: colours around a tint, and the one distribution of textures and grain that all kinds of made images share.
 */
import type { RandomStream } from "../base/index.ts";
import type { Colour, Paint } from "./canvas.ts";
import { checks, clouds, specks, stripes, type Texture } from "./textures.ts";

/** A range of numbers to draw from uniformly. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** Which colours to draw from: a disc around one colour, all of one brightness. */
export interface Tint {
  /** Mean level over the channels. */
  readonly brightness: Range;
  /** Angle on the colour circle in radians: 0 is red, 2 pi / 3 green, 4 pi / 3 blue. */
  readonly hue: number;
  /** Distance in levels of the middle of the disc from the grey of that brightness. */
  readonly colourfulness: number;
  /** Radius of the disc in levels. */
  readonly spread: number;
}

/** Standard deviation in levels of the textures on ground and objects. */
const textureStrength: Range = { least: 2, most: 12 };

/**
 * Standard deviation of the grain in levels. Grain is incompressible: each doubling costs up to ln 2 nats for every value of the image, much
 * more in all than any shape does. This is what makes the raw likelihood of these images a measure of their grain, as the likelihood of
 * photographs is one of their detail.
 */
const grainStrength: Range = { least: 1.5, most: 32 };

/** A uniform number from a range. */
export function draw({ least, most }: Range, stream: RandomStream): number {
  return least + (most - least) * stream.uniform();
}

/** A random grain strength, in levels; uniform on a logarithmic scale, which spreads likelihoods most evenly. */
export function randomGrain(stream: RandomStream): number {
  return interpolateLogarithmically(grainStrength, stream.uniform());
}

/** A random colour; with one channel a random brightness. */
export function randomColour(channels: number, tint: Tint, stream: RandomStream): Colour {
  const brightness = draw(tint.brightness, stream);
  const hue = 2 * Math.PI * stream.uniform();
  const distance = tint.spread * Math.sqrt(stream.uniform());
  if (channels === 1) return [brightness];
  // Three equal vectors at 120 degrees in the plane of equal brightness: their sum is zero, so brightness is kept.
  return [0, 1, 2].map((channel) => {
    const axis = (channel * 2 * Math.PI) / 3;
    const chroma = tint.colourfulness * Math.cos(tint.hue - axis) + distance * Math.cos(hue - axis);
    return brightness + Math.sqrt(2 / 3) * chroma;
  });
}

/** A random texture: stripes, checks, specks or one of two clouds. */
function randomTexture(stream: RandomStream): Texture {
  const textures = [stripes, checks, specks, clouds(0, 4), clouds(0.5, 4)];
  return textures[stream.integer(textures.length)]!;
}

/** A random paint: a colour of the tint with a random texture. */
export function randomPaint(channels: number, tint: Tint, stream: RandomStream): Paint {
  const colour = randomColour(channels, tint, stream);
  return {
    colour,
    texture: randomTexture(stream),
    strength: interpolateLogarithmically(textureStrength, stream.uniform()),
  };
}

/** From the least (`share` 0) to the most (`share` 1) of a range, in equal ratios. */
function interpolateLogarithmically({ least, most }: Range, share: number): number {
  return least * (most / least) ** share;
}
