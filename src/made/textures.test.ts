/** Tests that textures have mean 0 and standard deviation 1 over many draws, and no shape of their own. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { checks, clouds, slope, specks, stripes, type Texture } from "./textures.ts";

const side = 32;
const draws = 400;
/** How far mean and standard deviation over all draws may be from 0 and 1. */
const tolerance = 0.06;

const textures: readonly [string, Texture][] = [
  ["stripes", stripes],
  ["checks", checks],
  ["specks", specks],
  ["clouds(0, 4)", clouds(0, 4)],
  ["clouds(0.5, 4)", clouds(0.5, 4)],
  ["clouds(1, 16)", clouds(1, 16)],
  ["slope", slope],
];

describe("textures", () => {
  test.each(textures)("%s has mean 0 and standard deviation 1", (name, texture) => {
    const field = new Float32Array(side * side);
    let sum = 0;
    let squares = 0;
    for (let draw = 0; draw < draws; draw++) {
      texture(field, side, side, randomKey(name).fold(draw).stream());
      for (const value of field) {
        sum += value;
        squares += value * value;
      }
    }
    const count = draws * side * side;
    expect(Math.abs(sum / count)).toBeLessThan(tolerance);
    expect(Math.abs(Math.sqrt(squares / count) - 1)).toBeLessThan(tolerance);
  });

  test.each(textures)("%s fills images that are not square", (name, texture) => {
    const field = new Float32Array(12 * 40).fill(Number.NaN);
    texture(field, 12, 40, randomKey(name).stream());
    expect(field.every(Number.isFinite)).toBe(true);
  });

  test("clouds get coarser with their exponent", () => {
    const roughness = (exponent: number): number => {
      const field = new Float32Array(side * side);
      clouds(exponent, 16)(field, side, side, randomKey("rough").stream());
      let sum = 0;
      for (let at = 1; at < field.length; at++) if (at % side !== 0) sum += (field[at]! - field[at - 1]!) ** 2;
      return sum;
    };
    expect(roughness(1.2)).toBeLessThan(roughness(0.6));
    expect(roughness(0.6)).toBeLessThan(roughness(0));
  });
});
