/** Logarithms of sums and probabilities over classes: rows are classes, columns are images. */
import { ShapeError, showShape, staticDimension } from "../base/index.ts";
import {
  add,
  exponential,
  logarithm,
  maximum,
  reduceSum,
  split,
  stopGradient,
  subtract,
  type Value,
} from "../graph/index.ts";

/** How many rows [K, N] has. Throws ShapeError for anything but a matrix with a known number of rows. */
export function classCountOf(rows: Value, where: string): number {
  if (rows.shape.length !== 2) throw new ShapeError(`${where}: expected [classes, N], got ${showShape(rows.shape)}`);
  return staticDimension(rows.shape[0], where);
}

/**
 * log sum_c e^(x_c) over the rows of x [K, N], as [1, N]: m + log sum_c e^(x_c - m) with m the largest row, so that nothing overflows.
 * All numbers must be finite. Throws ShapeError for anything but a matrix.
 */
export function logSumExp(x: Value): Value {
  const { largest, sum } = shiftedSum(x);
  return add(largest, logarithm(sum));
}

/** log of `softmax`: x_c - log sum_k e^(x_k), [K, N] to [K, N]. Throws ShapeError for anything but a matrix. */
export function logSoftmax(x: Value): Value {
  const { shifted, sum } = shiftedSum(x);
  return subtract(shifted, logarithm(sum));
}

/** e^(x_c) / sum_k e^(x_k), [K, N] to [K, N]: every column sums to one. Throws ShapeError for anything but a matrix. */
export function softmax(x: Value): Value {
  return exponential(logSoftmax(x));
}

/** m, x - m and sum_c e^(x_c - m). The result does not depend on m, so m needs no gradient. */
function shiftedSum(x: Value): { readonly largest: Value; readonly shifted: Value; readonly sum: Value } {
  const count = classCountOf(x, "softmax");
  const rows = split(
    x,
    0,
    Array.from({ length: count }, () => 1),
  );
  const largest = stopGradient(rows.reduce((sofar, row) => maximum(sofar, row)));
  const shifted = subtract(x, largest);
  return { largest, shifted, sum: reduceSum(exponential(shifted), [0], true) };
}
