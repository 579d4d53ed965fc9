/** The prepared pixels of images themselves, for scores that look at them without a model. */
import { concatenate, type ImageShape, imageSizeOf, internalError } from "../../base/index.ts";

/** The pixels of many images of one shape. */
export interface PixelTable {
  readonly shape: ImageShape;
  /** uint8 [N, C, H, W]. */
  readonly values: Uint8Array;
}

/** The number of images. */
export function countPixels({ shape, values }: PixelTable): number {
  return values.length / imageSizeOf(shape);
}

/** The pixels of the images with the given indices, in that order. */
export function selectPixels({ shape, values }: PixelTable, images: ArrayLike<number>): PixelTable {
  const size = imageSizeOf(shape);
  const selected = new Uint8Array(images.length * size);
  for (let row = 0; row < images.length; row++) {
    selected.set(values.subarray(images[row]! * size, (images[row]! + 1) * size), row * size);
  }
  return { shape, values: selected };
}

/** The pixels of successive batches as one. Throws an internal error for none and for other shapes. */
export function joinPixels(tables: readonly PixelTable[]): PixelTable {
  const [first] = tables;
  if (first === undefined || tables.some(({ shape }) => JSON.stringify(shape) !== JSON.stringify(first.shape))) {
    throw internalError("joining pixels needs at least one table, all of one shape");
  }
  const values = concatenate(
    Uint8Array,
    tables.map((table) => table.values),
  );
  return { shape: first.shape, values };
}
