/** Which normal images are most like an image: by what the model says of every scale, or by small grey prints of the pixels. Pure. */

/** What images are compared by. */
export const likeness = ["terms", "pixels"] as const;
export type Likeness = (typeof likeness)[number];

/** Rows of numbers, [count, width]. */
export interface Rows {
  readonly values: ArrayLike<number>;
  readonly width: number;
}

/** An image among those that were compared. */
export interface Neighbour {
  readonly row: number;
  /** The root of the mean square of the differences. */
  readonly distance: number;
}

/** Mean and deviation of every column of rows; a column that does not vary counts as it is. What is not finite is left out. */
export function spreadOf({ values, width }: Rows): { readonly mean: Float64Array; readonly deviation: Float64Array } {
  const mean = new Float64Array(width);
  const deviation = new Float64Array(width).fill(1);
  const rows = values.length / width;
  for (let column = 0; column < width; column++) {
    let [count, sum, squares] = [0, 0, 0];
    for (let row = 0; row < rows; row++) {
      const value = values[row * width + column]!;
      if (!Number.isFinite(value)) continue;
      count++;
      const before = sum / Math.max(1, count - 1);
      sum += value;
      squares += (value - before) * (value - sum / count);
    }
    mean[column] = count > 0 ? sum / count : 0;
    const spread = Math.sqrt(squares / Math.max(1, count - 1));
    if (spread > 0) deviation[column] = spread;
  }
  return { mean, deviation };
}

/** The `most` rows that differ least from one, nearest first, each column in units of `scale`. Rows that are not finite are none. */
export function nearestRows(
  one: ArrayLike<number>,
  { values, width }: Rows,
  scale: ArrayLike<number>,
  most: number,
): Neighbour[] {
  const found: Neighbour[] = [];
  const rows = values.length / width;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    const limit = found.length === most ? found.at(-1)!.distance ** 2 * width : Number.POSITIVE_INFINITY;
    for (let column = 0; column < width && sum < limit; column++) {
      sum += ((one[column]! - values[row * width + column]!) / scale[column]!) ** 2;
    }
    if (!(sum < limit)) continue;
    const distance = Math.sqrt(sum / width);
    const place = found.findIndex((other) => other.distance > distance);
    found.splice(place < 0 ? found.length : place, 0, { row, distance });
    if (found.length > most) found.pop();
  }
  return found;
}
