/** Training batches: images gathered, augmented and dequantised. Pure and synchronous. */
import { type ImageShape, imageSizeOf, internalError, type RandomKey, type RandomStream } from "../base/index.ts";
import type { ImageSet } from "./loading.ts";

/** How training images are varied. */
export interface Augmentation {
  /** Mirror every second image, on average, left to right. */
  readonly flip: boolean;
  /** Largest shift along each axis as a fraction of height and width, rounded down to pixels. What comes in from outside is black. */
  readonly translate: number;
}

/**
 * Gathers images by index and augments each with its own random numbers. Flip and shift of a batch depend on the key alone, the shifts not on
 * whether there are flips.
 *
 * @returns uint8 [indices.length, C, H, W].
 */
export function makeBatch(
  { pixels, specification }: Pick<ImageSet, "pixels" | "specification">,
  indices: Uint32Array,
  { flip, translate }: Augmentation,
  key: RandomKey,
): Uint8Array {
  const { height, width } = specification;
  const size = imageSizeOf(specification);
  const batch = new Uint8Array(indices.length * size);
  const most = { down: Math.floor(translate * height), across: Math.floor(translate * width) };
  const stream = key.stream();
  for (let position = 0; position < indices.length; position++) {
    const start = indices[position]! * size;
    const mirrored = stream.integer(2) === 1 && flip;
    const down = stream.integer(2 * most.down + 1) - most.down;
    const across = stream.integer(2 * most.across + 1) - most.across;
    const image = pixels.subarray(start, start + size);
    const target = batch.subarray(position * size, (position + 1) * size);
    if (!mirrored && down === 0 && across === 0) target.set(image);
    else moveImage(image, target, specification, { mirrored, down, across });
  }
  return batch;
}

interface Move {
  readonly mirrored: boolean;
  readonly down: number;
  readonly across: number;
}

/** Mirrors, then shifts. The target is black at first. */
function moveImage(
  source: Uint8Array,
  target: Uint8Array,
  { channels, height, width }: ImageShape,
  { mirrored, down, across }: Move,
): void {
  const left = Math.max(0, across);
  const right = Math.min(width, width + across);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
      const to = (channel * height + y) * width;
      const from = (channel * height + y - down) * width;
      if (!mirrored) {
        target.set(source.subarray(from + left - across, from + right - across), to + left);
        continue;
      }
      for (let x = left; x < right; x++) target[to + x] = source[from + width - 1 - (x - across)]!;
    }
  }
}

/**
 * Pixels as the flow's input: x = pixel / 256 - 0.5 + u / 256, with u uniform in [0, 1) from the stream, or 1/2 without one. Rounded once, to float32.
 *
 * @param pixels uint8 [N, C, H, W].
 * @returns float32 [C, H, W, N], batch innermost; random numbers are drawn in this order.
 */
export function dequantize(pixels: Uint8Array, specification: ImageShape, stream?: RandomStream): Float32Array {
  const size = imageSizeOf(specification);
  const count = pixels.length / size;
  if (!Number.isInteger(count)) throw internalError(`dequantize: ${pixels.length} bytes are no images of ${size}`);
  const values = new Float32Array(pixels.length);
  let position = 0;
  for (let place = 0; place < size; place++) {
    for (let source = place; source < pixels.length; source += size) {
      const noise = stream === undefined ? 0.5 : stream.uniform();
      values[position++] = (pixels[source]! + noise) / 256 - 0.5;
    }
  }
  return values;
}
