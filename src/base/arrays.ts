/** Arrays of numbers put together. */

/** A kind of array that numbers are kept in. */
type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Arrays one after another as one of the given kind. */
export function concatenate<Kind extends Numbers>(
  kind: new (length: number) => Kind,
  parts: readonly ArrayLike<number>[],
): Kind {
  const all = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
