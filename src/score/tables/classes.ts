/**
 * Class tables: one number per image and class, of a class-conditional flow or of a classifier, and what follows from them.
 *
 *   log p(x) = log sum_c exp(log p(x|c)) - log K        uniform class prior
 *   p(c|x) = exp(v_c) / sum_k exp(v_k)                  v = log p(x|c), or a classifier's logits
 *
 * Sums of exponentials are taken relative to the largest: log p(x|c) is in thousands of nats. The supervised setting is that of
 * (Schirrmeister et al. 2020), the maximum softmax probability is by (Hendrycks & Gimpel 2017).
 */
import { concatenate, internalError } from "../../base/index.ts";

/** One number for each of many images and classes. */
export interface ClassTable {
  /** Number of images. */
  readonly count: number;
  /** Names of the K classes, in the order of the columns. */
  readonly names: readonly string[];
  /** Row-major [count, K]: log p(x|c) in nats of a class-conditional flow, or logits of a classifier. */
  readonly values: Float32Array;
}

/** A class table over values [count, K]. Throws an internal error for no classes and where the length does not fit. */
export function makeClassTable(count: number, names: readonly string[], values: Float32Array): ClassTable {
  if (names.length === 0 || values.length !== count * names.length) {
    throw internalError(`a table of ${count} images and ${names.length} classes cannot have ${values.length} values`);
  }
  return { count, names, values };
}

/**
 * log p(x) of every image under a class-conditional flow with a uniform class prior, [count] in nats. A class of density zero
 * (-Infinity) adds nothing; not finite where all are of density zero, and where a value is NaN or +Infinity.
 */
export function marginalLogLikelihoods(table: ClassTable): Float64Array {
  return mapRows(table, (row) => logSumExp(row) - Math.log(row.length));
}

/**
 * -log max_c p(c|x) = log(1 + sum_{c != max} exp(v_c - v_max)) of every image, [count] in nats, from 0 to log K; not finite where a row
 * allows no posterior. Probabilities that float64 rounds to one stay apart, so that the images of a sure classifier still have an order.
 */
export function negativeLogMaximumPosteriors(table: ClassTable): Float64Array {
  return mapRows(table, (row) => {
    const most = Math.max(...row);
    if (!Number.isFinite(most)) return Number.NaN;
    const best = row.indexOf(most);
    return Math.log1p(row.reduce((sum, value, column) => sum + (column === best ? 0 : Math.exp(value - most)), 0));
  });
}

/**
 * p(c|x) of every image and class under a uniform class prior, row-major [count, K]; every row sums to one. Where the model could not
 * evaluate an image (NaN or +Infinity for a class, or -Infinity for all), nothing was learned and the row is the prior, 1 / K.
 */
export function classPosteriors(table: ClassTable): Float64Array {
  const width = table.names.length;
  const posteriors = new Float64Array(table.count * width);
  for (let image = 0; image < table.count; image++) {
    const row = rowOf(table, image);
    const most = Math.max(...row);
    const weights = Array.from(row, (value) => (Number.isFinite(most) ? Math.exp(value - most) : 1));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let column = 0; column < width; column++) posteriors[image * width + column] = weights[column]! / total;
  }
  return posteriors;
}

/**
 * The index into `names` of the most probable class of every image, [count]; the first of equally probable ones; -1 where the model
 * could not evaluate an image (see classPosteriors).
 */
export function predictedClasses(table: ClassTable): Int32Array {
  return Int32Array.from({ length: table.count }, (_, image) => {
    const row = rowOf(table, image);
    const most = Math.max(...row);
    return Number.isFinite(most) ? row.indexOf(most) : -1;
  });
}

/**
 * Over the images whose class, in `labels` [count], is one of the table's: how many they are, and the share whose most probable class it is.
 * Undefined where there are none.
 */
export function classAccuracy(
  table: ClassTable,
  labels: readonly (string | undefined)[],
): { readonly count: number; readonly share: number } | undefined {
  const judged = labels.flatMap((label, image) => (label !== undefined && table.names.includes(label) ? [image] : []));
  if (judged.length === 0) return undefined;
  const predicted = predictedClasses(table);
  const right = judged.filter((image) => table.names[predicted[image]!] === labels[image]).length;
  return { count: judged.length, share: right / judged.length };
}

/** The rows of the images with the given indices, in that order. */
export function selectClassRows(table: ClassTable, images: ArrayLike<number>): ClassTable {
  const width = table.names.length;
  const values = new Float32Array(images.length * width);
  for (let row = 0; row < images.length; row++) values.set(rowOf(table, images[row]!), row * width);
  return { count: images.length, names: table.names, values };
}

/** The tables of successive batches as one. Throws an internal error for none or for unequal classes. */
export function joinClassTables(tables: readonly ClassTable[]): ClassTable {
  const first = tables[0];
  if (first === undefined || tables.some(({ names }) => JSON.stringify(names) !== JSON.stringify(first.names))) {
    throw internalError("joining class tables needs at least one table, all with the same classes");
  }
  const count = tables.reduce((sum, table) => sum + table.count, 0);
  const values = concatenate(
    Float32Array,
    tables.map((table) => table.values),
  );
  return makeClassTable(count, first.names, values);
}

/** log sum exp: NaN for a NaN or a +Infinity among the values, -Infinity where all are. */
function logSumExp(values: Float32Array): number {
  const most = Math.max(...values);
  if (most === Number.NEGATIVE_INFINITY) return most;
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

function mapRows(table: ClassTable, measure: (row: Float32Array) => number): Float64Array {
  return Float64Array.from({ length: table.count }, (_, image) => measure(rowOf(table, image)));
}

function rowOf({ names, values }: ClassTable, image: number): Float32Array {
  return values.subarray(image * names.length, (image + 1) * names.length);
}
