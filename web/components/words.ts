/** Numbers and times as they are written on the pages. */

/** A moment, ms since 1970, in the reader's own way. */
export function showTime(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A count with the reader's own separators. */
export function showCount(count: number): string {
  return count.toLocaleString();
}

/** `1 image`, `2 images`. */
export function countOf(count: number, one: string, several = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : several}`;
}

/** A number with so many digits behind the point; a dash for none. */
export function showNumber(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(digits);
}
