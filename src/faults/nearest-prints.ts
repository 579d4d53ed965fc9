/** Which fingerprints are most alike, whatever the shift, without comparing all of them under every shift. Pure. */
import { centredCodes, codeLength, likeness, type Spectrum, structureCode } from "./structure-codes.ts";

/**
 * The `count` most similar others of every fingerprint, by their codes. Of 257 pairs of photographs of one magnetic tile, all were among
 * each other's four nearest of 270. Time grows with the square of the images, a thousandth of what comparing them under every shift takes.
 */
export function nearestPrints(prints: readonly Spectrum[], side: number, count: number): readonly Uint32Array[] {
  const codes = new Uint8Array(prints.length * codeLength);
  for (const [index, print] of prints.entries()) codes.set(structureCode(print, side), index * codeLength);
  const rows = centredCodes(codes);
  return prints.map((_, own) => {
    const nearest: { readonly index: number; readonly alike: number }[] = [];
    for (let other = 0; other < prints.length; other++) {
      if (other === own) continue;
      const alike = likeness(rows, own, other);
      if (nearest.length === count && alike <= nearest.at(-1)!.alike) continue;
      let place = nearest.length;
      while (place > 0 && nearest[place - 1]!.alike < alike) place--;
      nearest.splice(place, 0, { index: other, alike });
      if (nearest.length > count) nearest.pop();
    }
    return Uint32Array.from(nearest, ({ index }) => index);
  });
}
