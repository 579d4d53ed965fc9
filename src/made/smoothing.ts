/** Smoothing of planes of numbers, in place. */

/** Binomial smoothing along both axes with a variance of `amount` / 2 pixels^2 on each, in passes of at most 1/2. */
export function smooth(plane: Float32Array, height: number, width: number, amount: number): void {
  for (let left = Math.min(amount, 4); left > 0.02; left -= 1) {
    const share = Math.min(1, left) / 4;
    smoothLines(plane, height, width, width, 1, share);
    smoothLines(plane, width, height, 1, width, share);
  }
}

function smoothLines(
  plane: Float32Array,
  lines: number,
  length: number,
  line: number,
  step: number,
  share: number,
): void {
  for (let number = 0; number < lines; number++) {
    let at = number * line;
    let before = plane[at]!;
    for (let position = 0; position < length; position++, at += step) {
      const here = plane[at]!;
      const after = position + 1 < length ? plane[at + step]! : here;
      plane[at] = here + share * (before + after - 2 * here);
      before = here;
    }
  }
}
