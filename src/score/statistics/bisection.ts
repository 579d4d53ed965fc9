/** How many of sorted values lie on one side of a number, by bisection. */

/** How many of ascending values are less than a number. */
export function countBelow(ascending: ArrayLike<number>, value: number): number {
  return countLeading(ascending.length, (index) => ascending[index]! < value);
}

/** How many of ascending values are at most a number. */
export function countUpTo(ascending: ArrayLike<number>, value: number): number {
  return countLeading(ascending.length, (index) => ascending[index]! <= value);
}

/** How many of `length` places hold something, where those that do come first. */
export function countLeading(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
