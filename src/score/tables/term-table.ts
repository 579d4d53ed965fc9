/**
 * Term tables: what one flow says about every image, and the log-likelihoods that follow from it.
 *
 *   log p(x) = sum_s (log-det_s + prior_s)   in nats
 *   bits per dimension = -log p(x) / (D ln 2) + 8   for 8-bit images scaled to a range of 1
 */
import { concatenate, internalError } from "../../base/index.ts";

/** The terms of many images under one model. */
export interface TermTable {
  /** Number of images. */
  readonly count: number;
  /** Number of scales, the final one last; 0 where the model has none, whose likelihood is of one piece. */
  readonly scales: number;
  /** Row-major [count, scales, 2], without scales [count, 1, 2]: log-determinant, then prior term, in nats. */
  readonly values: Float32Array;
}

/** Numbers per scale in a term table: log-determinant and prior term. */
export const termsPerScale = 2;

/** How many pieces a log-likelihood has: one a scale, or the whole where there are none. */
export function piecesOf(scales: number): number {
  return Math.max(1, scales);
}

/** Numbers of an image in a term table. */
export function termWidth({ scales }: Pick<TermTable, "scales">): number {
  return piecesOf(scales) * termsPerScale;
}

/** A term table over values [count, scales, 2]. Throws an internal error where the length does not fit. */
export function makeTermTable(count: number, scales: number, values: Float32Array): TermTable {
  if (values.length !== count * termWidth({ scales })) {
    throw internalError(`terms of ${count} images and ${scales} scales cannot have ${values.length} values`);
  }
  return { count, scales, values };
}

/** The sum log-det + prior of every scale, [count, scales] or without scales [count, 1], in nats, added in float64. Non-finite terms stay so. */
export function scaleSums({ values }: TermTable): Float64Array {
  return Float64Array.from(
    { length: values.length / termsPerScale },
    (_, index) => values[termsPerScale * index]! + values[termsPerScale * index + 1]!,
  );
}

/** log p(x) of every image, [count] in nats, added in float64. Non-finite where a term is. */
export function logLikelihoods(table: TermTable): Float64Array {
  const sums = scaleSums(table);
  const result = new Float64Array(table.count);
  const pieces = piecesOf(table.scales);
  for (let image = 0; image < table.count; image++) {
    for (let piece = 0; piece < pieces; piece++) result[image]! += sums[image * pieces + piece]!;
  }
  return result;
}

/** Bits per dimension of an 8-bit image from its log-likelihood in nats and its number of dimensions D. */
export function bitsPerDimension(logLikelihood: number, dimensions: number): number {
  return 8 - logLikelihood / (dimensions * Math.LN2);
}

/** The rows of the images with the given indices, in that order. */
export function selectTermRows({ scales, values }: TermTable, images: ArrayLike<number>): TermTable {
  const width = termWidth({ scales });
  const selected = new Float32Array(images.length * width);
  for (let row = 0; row < images.length; row++) {
    selected.set(values.subarray(images[row]! * width, (images[row]! + 1) * width), row * width);
  }
  return { count: images.length, scales, values: selected };
}

/** The tables of successive batches of one model as one table. Throws an internal error for none or for unequal scales. */
export function joinTermTables(tables: readonly TermTable[]): TermTable {
  const first = tables[0];
  if (first === undefined || tables.some(({ scales }) => scales !== first.scales)) {
    throw internalError("joining terms needs at least one table, all with the same scales");
  }
  const values = concatenate(
    Float32Array,
    tables.map((table) => table.values),
  );
  return makeTermTable(
    tables.reduce((count, table) => count + table.count, 0),
    first.scales,
    values,
  );
}
