/** The Fourier transform against its definition. */
import { expect, test } from "vitest";
import { randomKey } from "../base/index.ts";
import { transform, transformLow } from "./spectrum.ts";

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

test("low frequencies alone are the same numbers", () => {
  const stream = randomKey("low frequencies").stream();
  const real = Float64Array.from({ length: 256 }, stream.normal);
  const [whole, low] = [0, 1].map(() => ({ re: real.slice(), im: new Float64Array(256) }));
  transform(whole!.re, whole!.im, 16);
  transformLow(low!.re, low!.im, 16, 2);
  for (let at = 0; at < 256; at++) {
    if (at % 16 > 2 && at % 16 < 14) continue;
    expect(low!.re[at]).toBe(whole!.re[at]);
    expect(low!.im[at]).toBe(whole!.im[at]);
  }
});
