/** The order of a pile's images by scores, and scores joined by their order. Pure. */

/** The indices of the images with the lowest scores, ascending. */
export function leastOf(scores: ArrayLike<number>, share: number): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, image) => image);
  order.sort((a, b) => compare(scores[a]!, scores[b]!) || a - b);
  return order.slice(0, Math.ceil(share * scores.length)).sort();
}

/** The share of images that are at least as odd as each: 1/n for the oddest, equal ones share the larger. */
export function sharesOf(scores: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: scores.length }, (_, image) => image);
  order.sort((a, b) => compare(scores[b]!, scores[a]!));
  const shares = new Float64Array(scores.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && compare(scores[order[end]!]!, scores[order[start]!]!) === 0) end++;
    for (let position = start; position < end; position++) shares[order[position]!] = end / order.length;
    start = end;
  }
  return shares;
}

/** Scores by their shares as one: -sum weight log(share), nats by which they agree that an image is odd. Every weight is 1 unless given. */
export function joinShares(columns: readonly ArrayLike<number>[], weights?: readonly number[]): Float64Array {
  const shares = columns.map(sharesOf);
  return Float64Array.from({ length: columns[0]?.length ?? 0 }, (_, image) =>
    shares.reduce((sum, column, at) => sum - (weights?.[at] ?? 1) * Math.log(column[image]!), 0),
  );
}

/** Not a difference: infinity less infinity is no order. What is no number is odder than anything. */
function compare(a: number, b: number): number {
  const [first, second] = [a, b].map((value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value));
  return first === second ? 0 : first! < second! ? -1 : 1;
}
