/** Samples of 16 bits, of which cameras often use 10, 12 or 14. Pure. */
import { levelsIn } from "./number-levels.ts";
import type { Planes, RawImage } from "./raw-image.ts";
import type { InputForm } from "./specification.ts";

/** Bits that cameras and instruments have. */
const usualBits = [8, 10, 12, 14, 16];

/** How many bits hold a value. */
export function bitsFor(greatest: number): number {
  return usualBits.find((bits) => greatest < 2 ** bits) ?? 16;
}

/** The greatest of some samples, 0 for none. */
export function greatestOf(samples: Uint16Array): number {
  let greatest = 0;
  for (let at = 0; at < samples.length; at++) if (samples[at]! > greatest) greatest = samples[at]!;
  return greatest;
}

/**
 * Grey or RGB planes of 16 bits brought to 8 by the bits that the form says they use. Undefined where they use all 16; a reason where their values are not
 * those of the form. A form without bits takes only what uses all: an image without a value from the upper three quarters of the range is
 * not of 16 bits, or so dark that 8 would not hold it. A range goes before bits; what lies beyond it is black or white. `hasAlpha` says whether the file has transparency besides.
 */
export function readDeep(
  { pixels: samples, channels, height, width }: Planes<Uint16Array>,
  hasAlpha: boolean,
  { sampleBits = null, deepRange }: InputForm,
): RawImage | { readonly reason: string } | undefined {
  if (deepRange) {
    if (hasAlpha) return { reason: "image has transparency beside samples of 16 bits that are read by a range" };
    return { kind: "raw", pixels: levelsIn(deepRange, samples), channels, height, width };
  }
  if (sampleBits === 16) return undefined;
  const greatest = greatestOf(samples);
  if (sampleBits === null) {
    const used = bitsFor(greatest);
    if (used === 16) return undefined;
    return {
      reason: `file has 16 bits a sample, but no value above ${greatest}, as images of ${used} bits have; train with such images or scale them to 16 bits`,
    };
  }
  if (hasAlpha) return { reason: `image has transparency beside samples of ${sampleBits} bits` };
  const most = 2 ** sampleBits - 1;
  if (greatest > most) {
    return {
      reason: `image has values up to ${greatest}, beyond the ${sampleBits} bits (${most}) of the images trained on`,
    };
  }
  const pixels = Uint8Array.from(samples, (sample) => Math.round((255 * sample) / most));
  return { kind: "raw", pixels, channels, height, width };
}
