/** The Fourier transform against its definition. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { transform } from "./spectrum.ts";

test("8x8 random numbers equal the double sum", () => {
  const stream = randomKey("spectrum").stream();
  const [real, imaginary] = [0, 1].map(() => Float64Array.from({ length: 64 }, stream.normal)) as [
    Float64Array,
    Float64Array,
  ];
  const [re, im] = [real.slice(), imaginary.slice()];
  transform(re, im, 8);
  for (let v = 0; v < 8; v++) {
    for (let u = 0; u < 8; u++) {
      let [sumRe, sumIm] = [0, 0];
      for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 8; x++) {
          const angle = (-2 * Math.PI * (v * y + u * x)) / 8;
          const [a, b] = [real[y * 8 + x]!, imaginary[y * 8 + x]!];
          sumRe += a * Math.cos(angle) - b * Math.sin(angle);
          sumIm += a * Math.sin(angle) + b * Math.cos(angle);
        }
      }
      expect(re[v * 8 + u]).toBeCloseTo(sumRe, 10);
      expect(im[v * 8 + u]).toBeCloseTo(sumIm, 10);
    }
  }
});
