/** Tests of the statistics of noise: SciPy's and NumPy's values, white noise, and what is none. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { andersonDarling, boxPierce, spectralVariation } from "./noise-statistics.ts";

const key = randomKey("noise statistics");

/** Made planes that are no noise at all: [2, 4, 6]. */
const waves = Float64Array.from({ length: 48 }, (_, index) => Math.cos(index * 1.3) + 0.1 * ((index * 7) % 5));
const planes = { planes: 2, height: 4, width: 6, values: waves };
const noise = (label: string, side: number) => {
  const stream = key.fold(label).stream();
  return {
    planes: 2,
    height: side,
    width: side,
    values: Float64Array.from({ length: 2 * side * side }, () => stream.normal()),
  };
};

describe("Anderson and Darling's statistic", () => {
  test("is scipy.stats.anderson's", () => {
    const values = [0.3, -1.2, 0.7, 2.1, -0.4, 0.05, 1.4, -2.2, 0.9, -0.6];
    expect(andersonDarling(values)).toBeCloseTo(0.10219370231140523, 10);
    expect(andersonDarling([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000])).toBeCloseTo(3.1466942380940246, 9);
  });

  test("stays below the 1 % point of 1.035 for normal values and leaves it for others", () => {
    const { values } = noise("normal", 16);
    expect(andersonDarling(values)).toBeLessThan(1.035);
    expect(andersonDarling(values.map((value) => value ** 3))).toBeGreaterThan(10);
  });

  test("is finite far out, zero for a constant, and not a number where a value is none", () => {
    expect(Number.isFinite(andersonDarling(Array.from({ length: 5000 }, (_, i) => (i === 0 ? 1e9 : i % 7))))).toBe(
      true,
    );
    expect(andersonDarling([2, 2, 2])).toBe(0);
    expect(andersonDarling([1])).toBe(0);
    expect(andersonDarling([1, Number.NaN, 2])).toBeNaN();
    expect(andersonDarling([1, Number.POSITIVE_INFINITY, 2])).toBeNaN();
  });
});

describe("the spectrum's variation", () => {
  test("is NumPy's rfft2 without the mean", () => {
    expect(spectralVariation(planes)).toBeCloseTo(2.776940401038761, 9);
  });

  test("is about one for noise, more for neighbours that are alike, one without frequencies", () => {
    const white = noise("spectrum", 12);
    expect(spectralVariation(white)).toBeGreaterThan(0.8);
    expect(spectralVariation(white)).toBeLessThan(1.25);
    const smooth = {
      ...white,
      values: white.values.map((value, index) => value + white.values[Math.max(0, index - 1)]!),
    };
    expect(spectralVariation(smooth)).toBeGreaterThan(1.25);
    expect(spectralVariation({ planes: 3, height: 1, width: 1, values: [1, 2, 3] })).toBe(1);
    expect(spectralVariation({ planes: 1, height: 2, width: 2, values: [5, 5, 5, 5] })).toBe(1);
  });
});

describe("Box and Pierce's statistic", () => {
  test("is that of NumPy's sums", () => {
    expect(boxPierce(planes)).toBeCloseTo(95.40267799702927, 9);
  });

  test("by hand for two places", () => {
    // Centred -1, 1: the only lag's correlation is -1/2, twice its square 1/2.
    expect(boxPierce({ planes: 1, height: 1, width: 2, values: [4, 6] })).toBeCloseTo(0.5, 12);
    expect(boxPierce({ planes: 2, height: 1, width: 1, values: [4, 6] })).toBe(0);
    expect(boxPierce({ planes: 1, height: 1, width: 2, values: [6, 6] })).toBe(0);
  });

  test("is about the number of lags for noise", () => {
    // 24 lags: chi-squared with that mean and a deviation of 7, a little less as borders cut pairs off.
    expect(boxPierce(noise("lags", 20))).toBeLessThan(24 + 3 * 7);
    expect(boxPierce(noise("lags", 20))).toBeGreaterThan(5);
  });
});
