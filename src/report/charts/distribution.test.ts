/** Tests of ranges and numbers of bins. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { roundRange, showTick } from "./chart-style.ts";
import { binCount, countOutside, robustRange } from "./distribution.ts";

const numbers = fc.array(
  fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
);

describe("ranges", () => {
  test("one far value stretches nothing, and every set is seen", () => {
    const near = Array.from({ length: 1000 }, (_, index) => index / 1000);
    const { low, high } = robustRange(
      [
        [...near, 1e9],
        [5, 5, 5],
      ],
      0.005,
    );
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBe(5);
  });

  test("nothing finite is zero to one", () => {
    expect(robustRange([[], [Number.POSITIVE_INFINITY]], 0.01)).toEqual({ low: 0, high: 1 });
  });

  test("rounding holds the interval in a few round steps", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, width) => {
          const { min, max, interval } = roundRange(low, low + width);
          expect(min).toBeLessThanOrEqual(low + 1e-6 * interval);
          expect(max).toBeGreaterThanOrEqual(low + width - 1e-6 * interval);
          const steps = (max - min) / interval;
          expect(Math.abs(steps - Math.round(steps))).toBeLessThan(1e-3);
          expect(steps).toBeLessThanOrEqual(9);
        },
      ),
      { seed: 20_061_084 },
    );
    for (const value of [7, 0, -1e12, 1e-9]) {
      const { min, max } = roundRange(value, value + Math.abs(value) * 1e-15);
      expect(min).toBeLessThan(value);
      expect(max).toBeGreaterThan(value);
    }
  });

  test("ticks are short", () => {
    expect([0, -2500, 0.30000000000000004, 1234567].map(showTick)).toEqual([
      "0",
      "-2\u2009500",
      "0.3",
      "1\u2009234\u2009567",
    ]);
  });
});

describe("bins", () => {
  test("their number is bounded, whatever the values", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const bins = binCount({ low: -1000, high: 1000 }, [values], 60);
        expect(bins).toBeGreaterThanOrEqual(20);
        expect(bins).toBeLessThanOrEqual(60);
      }),
      { seed: 20_061_084 },
    );
  });

  test("the narrowest set decides how fine they are", () => {
    const wide = Array.from({ length: 64 }, (_, index) => 10 * index);
    const narrow = wide.map((value) => value / 10);
    // 2 IQR / n^(1/3) = 2 * 31.5 / 4 = 15.75 for the narrow one, ten times as much for the wide one.
    expect(binCount({ low: 0, high: 630 }, [wide], 100)).toBe(20);
    expect(binCount({ low: 0, high: 630 }, [wide, narrow], 100)).toBe(40);
  });
});

test("what is outside and what is infinite are counted apart", () => {
  const values = [-1, 0, 0.5, 1, 2, Number.POSITIVE_INFINITY, Number.NaN];
  expect(countOutside(values, { low: 0, high: 1 })).toEqual({ outside: 2, infinite: 2 });
});
