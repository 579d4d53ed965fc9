/** One number for every cell of an image, and what is made of several such maps. Pure. */

/** Row-major numbers [rows, columns], the higher the more anomalous. */
export interface CellMap {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** The share of an image's cells whose mean is its score. */
export const topShare = 0.01;

/** A map read at other places: bilinear between the centres of cells, constant beyond the outermost ones. */
export function resampled(map: CellMap, rows: number, columns: number): CellMap {
  if (map.rows === rows && map.columns === columns) return map;
  const values = new Float32Array(rows * columns);
  addResampled(values, map, { rows, columns });
  return { rows, columns, values };
}

/** Adds a share of a map, read at other places as `resampled` does, to numbers [rows, columns]: without a second array of their size. */
export function addResampled(
  values: Float32Array,
  map: CellMap,
  { rows, columns }: Omit<CellMap, "values">,
  share = 1,
): void {
  const down = places(map.rows, rows);
  const across = places(map.columns, columns);
  for (let row = 0; row < rows; row++) {
    const { low: top, high: bottom, weight: dy } = down[row]!;
    for (let column = 0; column < columns; column++) {
      const { low: left, high: right, weight: dx } = across[column]!;
      const upper = (1 - dx) * map.values[top * map.columns + left]! + dx * map.values[top * map.columns + right]!;
      const lower =
        (1 - dx) * map.values[bottom * map.columns + left]! + dx * map.values[bottom * map.columns + right]!;
      values[row * columns + column]! += share * ((1 - dy) * upper + dy * lower);
    }
  }
}

function places(from: number, to: number) {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
    const low = Math.floor(position);
    return { low, high: Math.min(from - 1, low + 1), weight: position - low };
  });
}

/** The mean of maps, on the grid of the first; weighted where weights are given. */
export function meanMap(maps: readonly CellMap[], weights: readonly number[] = maps.map(() => 1)): CellMap {
  const [{ rows, columns }] = maps as readonly [CellMap];
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const values = new Float32Array(rows * columns);
  for (const [index, map] of maps.entries()) {
    const read = resampled(map, rows, columns).values;
    const share = weights[index]! / total;
    for (let cell = 0; cell < values.length; cell++) values[cell]! += share * read[cell]!;
  }
  return { rows, columns, values };
}

/** (value - mean) / deviation, cell by cell. */
export function standardised(
  map: CellMap,
  { mean, deviation }: { readonly mean: number; readonly deviation: number },
): CellMap {
  return { ...map, values: map.values.map((value) => (value - mean) / deviation) };
}

/** How many cells are the top 1 % of so many, at least one. */
export function topCount(cells: number): number {
  return Math.max(1, Math.round(topShare * cells));
}

/** The mean of the top 1 % of the cells, of one cell at least: an image's score. */
export function topMean({ values }: CellMap): number {
  const count = topCount(values.length);
  const top = values
    .slice()
    .sort()
    .subarray(values.length - count);
  return top.reduce((sum, value) => sum + value, 0) / count;
}
