/** Named numbers of images: what is measured of a flow's latents or gradients, or under other flows. */
import { concatenate, internalError } from "../../base/index.ts";

/** Numbers of many images. */
export interface StatisticTable {
  readonly count: number;
  /** What every column is. */
  readonly names: readonly string[];
  /** Numbers that belong to columns, such as how many parameters a gradient is of; empty where there are none. */
  readonly sizes: readonly number[];
  /** Row-major [count, names]. */
  readonly values: Float64Array;
}

/** A table over values [count, names]. Throws an internal error where the length does not fit. */
export function makeStatisticTable(
  count: number,
  names: readonly string[],
  values: Float64Array,
  sizes: readonly number[] = [],
): StatisticTable {
  if (values.length !== count * names.length || (sizes.length > 0 && sizes.length !== names.length)) {
    throw internalError(`a table of ${count} images and ${names.length} numbers cannot have ${values.length} values`);
  }
  return { count, names, sizes, values };
}

/** The numbers of one image. */
function statisticsRow({ names, values }: StatisticTable, image: number): Float64Array {
  return values.subarray(image * names.length, (image + 1) * names.length);
}

/** The rows of all images. */
export function statisticsRows(table: StatisticTable): Float64Array[] {
  return Array.from({ length: table.count }, (_, image) => statisticsRow(table, image));
}

/** The rows of the images with the given indices, in that order. */
export function selectStatistics(table: StatisticTable, images: ArrayLike<number>): StatisticTable {
  const values = new Float64Array(images.length * table.names.length);
  for (let row = 0; row < images.length; row++) {
    values.set(statisticsRow(table, images[row]!), row * table.names.length);
  }
  return { ...table, count: images.length, values };
}

/** The tables of successive batches as one. Throws an internal error for none and for other columns. */
export function joinStatistics(tables: readonly StatisticTable[]): StatisticTable {
  const [first] = tables;
  if (first === undefined || tables.some(({ names }) => names.join("\n") !== first.names.join("\n"))) {
    throw internalError("joining numbers needs at least one table, all with the same columns");
  }
  const count = tables.reduce((sum, table) => sum + table.count, 0);
  const values = concatenate(
    Float64Array,
    tables.map((table) => table.values),
  );
  return { ...first, count, values };
}
