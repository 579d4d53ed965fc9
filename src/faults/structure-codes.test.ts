/** Codes of structure: what they do not see, and pairs that are found without comparing all. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { transform } from "./spectrum.ts";
import { centredCodes, codeLength, likelyPairs, likeness, structureCode } from "./structure-codes.ts";

const side = 64;

/** The spectrum of a random plane, shifted round its borders and at another brightness. */
function spectrum(name: string, shift = 0, brightness = 0) {
  const stream = randomKey(name).stream();
  const plane = Float64Array.from({ length: side * side }, () => stream.normal() / side);
  const real = plane.map((_, at) => {
    const [row, column] = [Math.floor(at / side), at % side];
    return plane[((row + shift) % side) * side + ((column + 3 * shift) % side)]! + brightness;
  });
  const imaginary = new Float64Array(side * side);
  transform(real, imaginary, side);
  return { real: Float32Array.from(real), imaginary: Float32Array.from(imaginary) };
}

test("a code is the same wherever the picture lies and however bright it is", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 63 }), fc.integer({ min: -50, max: 50 }), (shift, brightness) => {
      const [own, other] = [spectrum("a"), spectrum("a", shift, brightness)].map((one) => structureCode(one, side));
      for (const [k, value] of own!.entries()) expect(Math.abs(other![k]! - value)).toBeLessThanOrEqual(1);
    }),
    { seed: 3, numRuns: 8 },
  );
});

test("the code of another picture is another one", () => {
  const codes = Buffer.concat(["a", "b", "c", "d"].map((name) => structureCode(spectrum(name), side)));
  const rows = centredCodes(codes);
  expect(likeness(rows, 0, 0)).toBeCloseTo(1, 5);
  expect(likeness(rows, 0, 1)).toBeLessThan(0.5);
});

/** Random codes, of which the last `pairs` are nearly those of the first ones. */
function plantedCodes(count: number, pairs: number): Uint8Array {
  const stream = randomKey("planted").stream();
  const codes = Uint8Array.from({ length: count * codeLength }, () => 128 + 30 * stream.normal());
  for (let pair = 0; pair < pairs; pair++) {
    for (let k = 0; k < codeLength; k++) {
      codes[(count - 1 - pair) * codeLength + k] = codes[pair * codeLength + k]! + 12 * stream.normal();
    }
  }
  return codes;
}

test("pairs that are alike are found among many, and no others", () => {
  const [count, pairs] = [1200, 25];
  const found = likelyPairs(plantedCodes(count, pairs), { least: () => 0.7, most: 8 });
  expect(found.map(({ a, b }) => [a, b])).toEqual(Array.from({ length: pairs }, (_, pair) => [pair, count - 1 - pair]));
});

test("a set that is all alike is not compared pair by pair", () => {
  let asked = 0;
  const least = (): number => {
    asked++;
    return 2;
  };
  likelyPairs(new Uint8Array(400 * codeLength), { least, most: 8 });
  // Each with 32 neighbours in each of 48 tables: pair by pair it would be six times as many.
  expect(asked).toBeLessThanOrEqual(400 * 32 * 48);
});

test("the likeliest ones are kept where there are more", () => {
  const codes = plantedCodes(20, 0);
  const all = likelyPairs(codes, { least: () => -1, most: 30 }).filter(({ a }) => a === 0);
  const kept = likelyPairs(codes, { least: () => -1, most: 3 }).filter(({ a }) => a === 0);
  const best = all.sort((x, y) => y.likeness - x.likeness).slice(0, 3);
  expect(kept.map(({ b }) => b).sort()).toEqual(best.map(({ b }) => b).sort());
});
