/**
 * A canvas of RGB pixels: grids of images are laid out by copying pixels; only images that are made smaller are averaged.
 */
import { internalError } from "../../base/index.ts";

/** Images of one size. */
export interface PixelBatch {
  /** uint8 [count, channels, height, width]. */
  readonly pixels: Uint8Array;
  readonly count: number;
  /** 3 or more: red, green, blue, the rest unseen. 1 or 2: the first as grey. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A red, green and blue level each, 0 to 255. */
export type Colour = readonly [number, number, number];

/** Row-major RGB pixels [height, width, 3]. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A place on a canvas in pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const white: Colour = [255, 255, 255];

/** A canvas of one colour. */
export function makeCanvas(width: number, height: number, colour: Colour = white): Canvas {
  const canvas = { width, height, pixels: new Uint8Array(width * height * 3) };
  fillRectangle(canvas, { left: 0, top: 0, width, height }, colour);
  return canvas;
}

/** Paints a rectangle that lies on the canvas. */
export function fillRectangle(canvas: Canvas, { left, top, width, height }: Rectangle, colour: Colour): void {
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) canvas.pixels.set(colour, (y * canvas.width + x) * 3);
  }
}

/** The rectangle with a border of `by` pixels around it. */
export function growRectangle({ left, top, width, height }: Rectangle, by: number): Rectangle {
  return { left: left - by, top: top - by, width: width + 2 * by, height: height + 2 * by };
}

/** Throws an internal error where the pixels of a batch do not fit its sizes. */
export function checkBatch({ pixels, count, channels, height, width }: PixelBatch): void {
  if (pixels.length !== count * channels * height * width) {
    throw internalError(`${count} images of ${channels}x${height}x${width} cannot have ${pixels.length} pixels`);
  }
}

/** The size of an image as shown in a box: enlarged by the largest whole factor that fits, or made smaller to fit, same shape. */
export function fitBox({ height, width }: PixelBatch, box: number): { height: number; width: number } {
  const factor = box / Math.max(height, width);
  const scale = factor >= 1 ? Math.floor(factor) : factor;
  return { height: Math.max(1, Math.round(height * scale)), width: Math.max(1, Math.round(width * scale)) };
}

/**
 * Paints one image of a batch to fill a rectangle. A target pixel is the mean of the source pixels under it, which is the nearest
 * one where the image grows by a whole factor.
 */
export function paintImage(canvas: Canvas, batch: PixelBatch, index: number, target: Rectangle): void {
  const { pixels, channels, height, width } = batch;
  const plane = height * width;
  const first = index * channels * plane;
  for (let y = 0; y < target.height; y++) {
    const [top, bottom] = sourceRange(y, target.height, height);
    for (let x = 0; x < target.width; x++) {
      const [left, right] = sourceRange(x, target.width, width);
      const offset = ((target.top + y) * canvas.width + target.left + x) * 3;
      for (let colour = 0; colour < 3; colour++) {
        const start = first + (channels >= 3 ? colour : 0) * plane;
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) sum += pixels[start + row * width + column]!;
        }
        canvas.pixels[offset + colour] = Math.round(sum / ((bottom - top) * (right - left)));
      }
    }
  }
}

/** The source pixels [start, end) under a target pixel, at least one. */
function sourceRange(position: number, targetLength: number, sourceLength: number): [number, number] {
  const start = Math.floor((position * sourceLength) / targetLength);
  return [start, Math.max(start + 1, Math.floor(((position + 1) * sourceLength) / targetLength))];
}
