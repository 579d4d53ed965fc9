/** From numbers to levels of 8 bits between black and white. Pure. */

/** The numbers that are black and white. */
export type NumberRange = readonly [black: number, white: number];

/** Levels 0 to 255 of numbers, rounded; what lies beyond black or white is cut off. */
export function levelsIn([black, white]: NumberRange, numbers: Float32Array | Uint16Array): Uint8Array {
  const scale = 255 / (white - black);
  const levels = new Uint8Array(numbers.length);
  for (let at = 0; at < numbers.length; at++) {
    levels[at] = Math.round(Math.min(255, Math.max(0, (numbers[at]! - black) * scale)));
  }
  return levels;
}
