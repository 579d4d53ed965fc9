/** Synthetic faults: the same for a key, changed where the mask says, large enough to be seen; labels of cells worked by hand. */
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { blurred, type Canvas, mirrored, momentsOf } from "./canvas.ts";
import { cellLabels, coverageOf } from "./cells.ts";
import { drawFault, leastChange, meanChange } from "./fault.ts";
import { type FaultKind, faultKinds } from "./kinds.ts";
import { gradientNoise } from "./noise.ts";

const side = 64;

function surface(label: string, channels: number, spread: number): Canvas {
  const stream = randomKey(label).stream();
  const values = new Float32Array(channels * side * side);
  for (let channel = 0; channel < channels; channel++) {
    const noise = gradientNoise(stream, side, side, 9, 3);
    values.set(
      noise.map((value) => Math.round(Math.min(255, Math.max(0, 120 + spread * value)))),
      channel * side * side,
    );
  }
  return { channels, height: side, width: side, values };
}

const seeds = Array.from({ length: 8 }, (_, seed) => seed);
const surfaces = [
  ["grey", surface("a", 1, 50), surface("b", 1, 50)],
  ["coloured", surface("c", 3, 60), surface("d", 3, 60)],
  ["of little contrast", surface("e", 1, 5), surface("f", 1, 5)],
  ["of one level", surface("g", 1, 0), surface("g", 1, 0)],
  ["black and white", surface("h", 1, 2000), surface("i", 1, 2000)],
] as const;

describe.each(surfaces)("on a surface %s", (_name, crop, donor) => {
  test.each(faultKinds)("%s changes the mask and nothing else, by enough", (kind: FaultKind) => {
    const { deviation } = momentsOf(crop.values);
    for (const seed of seeds) {
      const drawn = drawFault(crop, donor, randomKey(kind).fold(seed), [kind]);
      const { mask } = drawn;
      const area = side * side;
      expect(mask).toHaveLength(area);
      expect(drawn.crop.values).toHaveLength(crop.values.length);
      for (const [index, value] of drawn.crop.values.entries()) {
        if (!(value >= 0 && value <= 255 && Number.isInteger(value))) expect.fail(`a level of ${value}`);
        if (value !== crop.values[index] && mask[index % area] === 0)
          expect.fail(`changed outside the mask at ${index}`);
      }
      expect(Math.max(...mask)).toBe(1);
      expect(Math.min(...mask)).toBeGreaterThanOrEqual(0);
      const least = Math.max(leastChange.levels, leastChange.deviations * deviation);
      expect(meanChange(crop, drawn)).toBeGreaterThanOrEqual(least);
    }
  });
});

test("the same key draws the same fault, another key another, and the crop stays as it was", () => {
  const [, crop, donor] = surfaces[1];
  const before = crop.values.slice();
  const draw = (label: string) => drawFault(crop, donor, randomKey(label));
  expect(draw("one")).toEqual(draw("one"));
  expect(draw("two").crop.values).not.toEqual(draw("one").crop.values);
  expect(crop.values).toEqual(before);
});

test("every kind is drawn, about equally often", () => {
  const [, crop, donor] = surfaces[0];
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 180; seed++) {
    const { kind } = drawFault(crop, donor, randomKey("kinds").fold(seed));
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  // Redrawing favours the kinds that are seen at once.
  for (const kind of faultKinds) expect(counts.get(kind)).toBeGreaterThan(12);
});

describe("cells", () => {
  /** A mask of 16x16 pixels with some rectangles [top, left, height, width] filled. */
  function maskOf(...boxes: readonly [number, number, number, number][]): Float32Array {
    const mask = new Float32Array(256);
    for (const [top, left, height, width] of boxes) {
      for (let y = top; y < top + height; y++) mask.fill(1, y * 16 + left, y * 16 + left + width);
    }
    return mask;
  }

  test("count the pixels of a mask", () => {
    // 2x4 pixels in the first cell, 2x2 in the second, none below.
    expect([...coverageOf(maskOf([6, 4, 2, 6]), 16, 16)]).toEqual([8 / 64, 4 / 64, 0, 0]);
  });

  test("are faulty from 6 % on, clean where nothing is, and neither in between", () => {
    // 4 of 64 pixels are 6.25 %, 3 are 4.7 %.
    expect([...cellLabels(maskOf([0, 0, 1, 4], [0, 8, 1, 3]), 16, 16)]).toEqual([1, Number.NaN, 0, 0]);
  });

  test("or the best cell where none reaches that", () => {
    expect([...cellLabels(maskOf([0, 0, 1, 1], [9, 9, 1, 2]), 16, 16)]).toEqual([Number.NaN, 0, 0, 1]);
  });

  test("of a clean crop are all clean, and faint parts of a mask do not count", () => {
    expect([...cellLabels(new Float32Array(256).fill(0.4), 16, 16)]).toEqual([0, 0, 0, 0]);
  });
});

test("positions outside are mirrored without repeating the border", () => {
  expect([-2, -1, 0, 3, 4, 5, 6, 7].map((position) => mirrored(position, 4))).toEqual([2, 1, 0, 3, 2, 1, 0, 1]);
  expect([-1, 0, 1].map((position) => mirrored(position, 1))).toEqual([0, 0, 0]);
});

test("blurring averages squares", () => {
  const plane = Float32Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0);
  // Mirrored at the borders: the corner sees itself once, the middle once, the other corners not at all.
  expect([...blurred(plane, 3, 3, 1)].map((value) => Math.round(1e6 * value) / 1e6)).toEqual([
    1, 1, 0, 1, 1, 0, 0, 0, 0,
  ]);
  expect(blurred(plane, 3, 3, 0)).toBe(plane);
});
