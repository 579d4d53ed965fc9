/**
 * A canvas of floating-point levels, and what is painted on it: shapes filled with colour and texture, and grain over everything.
 */
import type { ImageShape, RandomStream } from "../base/index.ts";

import type { Shape } from "./shapes.ts";
import type { Texture } from "./textures.ts";

/** An image under construction. */
export interface Canvas extends ImageShape {
  /** Levels on the scale of pixels, 0 to 255 but not yet limited to it; [channels, height, width], rows first. */
  readonly levels: Float32Array;
}

/** One level per channel. */
export type Colour = readonly number[];

/** A colour with a texture over it. */
export interface Paint {
  readonly colour: Colour;
  readonly texture: Texture;
  /** Standard deviation of the texture in levels. */
  readonly strength: number;
}

/** Where a shape is drawn; lengths in pixels. */
export interface Placement {
  readonly centreX: number;
  readonly centreY: number;
  /** The square root of the shape's area. */
  readonly size: number;
  /** Rotation in radians. */
  readonly angle: number;
}

/** A canvas without content. */
export function emptyCanvas({ channels, height, width }: ImageShape): Canvas {
  return { channels, height, width, levels: new Float32Array(channels * height * width) };
}

/** Paints the whole canvas. */
export function paintGround(canvas: Canvas, paint: Paint, stream: RandomStream): void {
  const { height, width, channels, levels } = canvas;
  const area = height * width;
  const field = textureField(canvas, paint, stream);
  for (let channel = 0; channel < channels; channel++)
    for (let at = 0; at < area; at++) levels[channel * area + at] = paint.colour[channel]! + field[at]!;
}

/** Paints a shape over what is there; a pixel that the contour crosses is mixed from both sides. */
export function paintShape(
  canvas: Canvas,
  shape: Shape,
  placement: Placement,
  paint: Paint,
  stream: RandomStream,
): void {
  const { height, width, channels, levels } = canvas;
  const area = height * width;
  const field = textureField(canvas, paint, stream);
  const cover = coverage(shape, placement, height, width);
  for (let at = 0; at < area; at++) {
    const share = cover[at]!;
    if (share === 0) continue;
    for (let channel = 0; channel < channels; channel++) {
      const index = channel * area + at;
      levels[index]! += share * (paint.colour[channel]! + field[at]! - levels[index]!);
    }
  }
}

/** Which share of every pixel a shape covers: [height, width], 0 to 1. */
export function coverage(shape: Shape, placement: Placement, height: number, width: number): Float32Array {
  const cover = new Float32Array(height * width);
  const cosine = Math.cos(placement.angle) / placement.size;
  const sine = Math.sin(placement.angle) / placement.size;
  for (let y = 0, at = 0; y < height; y++) {
    const down = y + 0.5 - placement.centreY;
    for (let x = 0; x < width; x++, at++) {
      const right = x + 0.5 - placement.centreX;
      // A straight contour at signed distance d from the pixel's centre leaves about 1/2 - d of the pixel inside.
      const inside = 0.5 - placement.size * shape(cosine * right + sine * down, cosine * down - sine * right);
      cover[at] = Math.min(1, Math.max(0, inside));
    }
  }
  return cover;
}

/**
 * Adds fine grain: normal noise less its mean over each pixel's neighbourhood, scaled back to the given standard deviation. What is left has no
 * coarse part, so that grain makes an image's detail unpredictable without blurring its layout.
 */
export function addGrain(canvas: Canvas, strength: number, stream: RandomStream): void {
  const { levels, channels, height, width } = canvas;
  const noise = new Float32Array(height * width);
  // Away from the borders a value keeps 8/9 of itself and loses 1/9 of eight others: variance (64 + 8) / 81.
  const scale = (strength / 9) * Math.sqrt(81 / 72);
  for (let channel = 0; channel < channels; channel++) {
    for (let at = 0; at < noise.length; at++) noise[at] = stream.normal();
    for (let y = 0, at = channel * noise.length; y < height; y++)
      for (let x = 0; x < width; x++, at++)
        levels[at]! += scale * (9 * noise[y * width + x]! - neighbourhood(noise, height, width, y, x));
  }
}

/** Sum of the three by three values around a pixel; values beyond a border are those at the border. */
function neighbourhood(noise: Float32Array, height: number, width: number, y: number, x: number): number {
  const left = x === 0 ? 0 : -1;
  const right = x === width - 1 ? 0 : 1;
  let sum = 0;
  for (let down = -1; down <= 1; down++) {
    const at = Math.min(height - 1, Math.max(0, y + down)) * width + x;
    sum += noise[at + left]! + noise[at]! + noise[at + right]!;
  }
  return sum;
}

/** Writes a canvas as pixels: rounded and limited to 0..255, into `pixels` from `offset`. */
export function writePixels(canvas: Canvas, pixels: Uint8Array, offset: number): void {
  const { levels } = canvas;
  for (let at = 0; at < levels.length; at++) pixels[offset + at] = Math.min(255, Math.max(0, Math.round(levels[at]!)));
}

function textureField(canvas: Canvas, paint: Paint, stream: RandomStream): Float32Array {
  const field = new Float32Array(canvas.height * canvas.width);
  paint.texture(field, canvas.height, canvas.width, stream);
  for (let at = 0; at < field.length; at++) field[at]! *= paint.strength;
  return field;
}
