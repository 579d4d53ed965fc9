/** Tests of images of numbers: which are black and white, and that 16 bits are those of a file. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { propertySeed } from "../data/example-files.ts";
import { prepareNumbers, rangeOf } from "./numbers.ts";
import { prepareDecoded } from "./preparation.ts";

describe("black and white", () => {
  test.each<[string, readonly number[], readonly [number, number] | undefined]>([
    ["0 to 1", [0.1, 0.9], [0, 1]],
    ["-1 to 1", [-0.9, 0.4], [-1, 1]],
    ["0 to 255", [0, 12, 200.5], [0, 255]],
    ["0 to 65535", [0, 40_000], [0, 65535]],
    ["their own where they fill no usual range", [0.1, 0.2, 0.3], [0.1, 0.3]],
    ["their own beyond the usual ranges", [-1000, 3000], [-1000, 3000]],
    ["one apart where they are equal", [0.25, 0.25], [0.25, 1.25]],
    ["nowhere without numbers", [Number.NaN, Infinity], undefined],
  ])("%s", (_, numbers, range) => {
    expect(rangeOf(Float32Array.from(numbers))).toEqual(range?.map(Math.fround));
  });

  test("are percentiles where they are asked for", () => {
    const numbers = Float32Array.from({ length: 10_001 }, (_, index) => index / 10_000);
    expect(rangeOf(numbers)).toEqual([0, 1]);
    expect(rangeOf(numbers, "percentiles")).toEqual([0.001, 0.999].map(Math.fround));
  });

  test("lie at the quantiles of 0.1 and 99.9 %", () => {
    const numbers = Float32Array.from({ length: 10_001 }, (_, index) => 7 * index - 20_000);
    expect(rangeOf(numbers)).toEqual([7 * 10 - 20_000, 7 * 9990 - 20_000]);
  });
});

test(`16 bits are prepared as a file of the same samples is (seed ${propertySeed})`, () => {
  const property = fc.property(
    fc.uint16Array({ minLength: 3 * 30, maxLength: 3 * 30 }),
    fc.constantFrom({ sampleBits: 16 }, { sampleBits: null }, { deepRange: [500, 60_000] as const }),
    (samples, depth) => {
      const form = { channels: 3, height: 3, width: 4, ...depth };
      const planes = Uint16Array.from(samples, (_, at) => samples[(at % 30) * 3 + Math.floor(at / 30)]!);
      const size = { channels: 3, height: 5, width: 6 };
      expect(prepareNumbers({ kind: "numbers", pixels: planes, ...size }, form)).toEqual(
        prepareDecoded({ samples, ...size }, form),
      );
    },
  );
  fc.assert(property, { seed: propertySeed, numRuns: 40 });
});
