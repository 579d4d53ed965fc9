/** Drawn surfaces that are all different, for tests of what images have in common. */

import { randomKey } from "../src/base/index.ts";
import { gradientNoise } from "../src/faults/synthetic/noise.ts";

/** A photograph of a surface, uint8 [side, side]: from another place, in another light. */
export function drawnTexture(
  thing: number,
  side: number,
  { shift = 0, light = 1 }: { readonly shift?: number; readonly light?: number } = {},
): Uint8Array {
  const whole = side + 16;
  const key = randomKey("texture").fold(thing);
  const coarse = gradientNoise(key.stream(), whole, whole, 7, 3);
  const fine = gradientNoise(key.fold("fine").stream(), whole, whole, 2, 1);
  return Uint8Array.from({ length: side * side }, (_, at) => {
    const [row, column] = [Math.floor(at / side) + shift, (at % side) + shift];
    return Math.max(
      0,
      Math.min(255, light * (120 + 90 * (coarse[row * whole + column]! + fine[row * whole + column]!))),
    );
  });
}
