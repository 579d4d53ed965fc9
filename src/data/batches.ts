/** Training batches as pure functions of a key and a step, so that a resumed run sees what the first one would have seen. */
import { permutation, type RandomKey, type RandomStream } from "../base/index.ts";
import type { ImageSet } from "./image-set.ts";
import type { InputSpecification } from "./preparation.ts";

/** Random changes that leave an image normal. */
export interface Augmentation {
  /** Mirror half of the images. */
  readonly flip: boolean;
  /** Shift by up to this share of height and width, filled with 0 (paper, section 2: 0.1). */
  readonly translate: number;
}

/** A seeded split into images to train on and images to watch, both sorted, the second never empty. */
export function splitHeldOut(
  count: number,
  fraction: number,
  key: RandomKey,
): { readonly train: Uint32Array; readonly heldOut: Uint32Array } {
  const order = permutation(count, key.stream());
  const held = Math.min(count - 1, Math.max(1, Math.round(count * fraction)));
  return { heldOut: order.slice(0, held).sort(), train: order.slice(held).sort() };
}

/**
 * A function from a step to its batch of indices. Epochs are independent permutations laid end to end, so every image comes equally
 * often and small sets serve large batches.
 */
export function makeSampler(indices: Uint32Array, batchSize: number, key: RandomKey): (step: number) => Uint32Array {
  let order: Uint32Array = new Uint32Array(0);
  let epochOfOrder = -1;
  return (step) =>
    Uint32Array.from({ length: batchSize }, (_, position) => {
      const sample = step * batchSize + position;
      const epoch = Math.floor(sample / indices.length);
      if (epoch !== epochOfOrder) {
        order = permutation(indices.length, key.fold("epoch").fold(epoch).stream());
        epochOfOrder = epoch;
      }
      return indices[order[sample % indices.length]!]!;
    });
}

/** The pixels of some images, [n, C, H, W]. */
export function gatherImages({ pixels, specification }: ImageSet, indices: Uint32Array): Uint8Array {
  const size = sizeOf(specification);
  const result = new Uint8Array(indices.length * size);
  for (const [position, index] of indices.entries()) {
    result.set(pixels.subarray(index * size, (index + 1) * size), position * size);
  }
  return result;
}

/** The augmented pixels of some images, [n, C, H, W]. */
export function makeBatch(
  set: ImageSet,
  indices: Uint32Array,
  { flip, translate }: Augmentation,
  key: RandomKey,
): Uint8Array {
  const batch = gatherImages(set, indices);
  if (!flip && translate === 0) return batch;
  const { height, width } = set.specification;
  const size = sizeOf(set.specification);
  const stream = key.stream();
  const shift = (extent: number): number => {
    const most = Math.floor(extent * translate);
    return stream.integer(2 * most + 1) - most;
  };
  for (let image = 0; image < indices.length; image++) {
    const pixels = batch.subarray(image * size, (image + 1) * size);
    const mirrored = flip && stream.integer(2) === 1;
    moveImage(pixels, set.specification, mirrored, shift(height), shift(width));
  }
  return batch;
}

/** Mirrors and shifts one image [C, H, W] in place. */
function moveImage(
  pixels: Uint8Array,
  { channels, height, width }: InputSpecification,
  mirrored: boolean,
  down: number,
  right: number,
): void {
  const source = pixels.slice();
  let position = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [fromY, shifted] = [y - down, x - right];
        const inside = fromY >= 0 && fromY < height && shifted >= 0 && shifted < width;
        const fromX = mirrored ? width - 1 - shifted : shifted;
        pixels[position++] = inside ? source[(channel * height + fromY) * width + fromX]! : 0;
      }
    }
  }
}

/**
 * Pixels [N, C, H, W] to data x [C, H, W, N]: x = pixel/256 - 0.5 + u/256 with u uniform in [0, 1) from the stream, or 1/2 without one
 * (paper, section 1.5).
 */
export function dequantize(pixels: Uint8Array, specification: InputSpecification, stream?: RandomStream): Float32Array {
  const size = sizeOf(specification);
  const count = pixels.length / size;
  const x = new Float32Array(pixels.length);
  for (let image = 0; image < count; image++) {
    for (let entry = 0; entry < size; entry++) {
      const noise = stream ? stream.uniform() : 0.5;
      x[entry * count + image] = (pixels[image * size + entry]! + noise) / 256 - 0.5;
    }
  }
  return x;
}

function sizeOf({ channels, height, width }: InputSpecification): number {
  return channels * height * width;
}
