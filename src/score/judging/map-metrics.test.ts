/** Metrics of maps: hand-worked cases, and what holds for every map. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../base/index.ts";
import { labelRegions, type MaskedMap, perRegionOverlap, pixelAuroc, regionRecall } from "./map-metrics.ts";

function map(rows: readonly string[], scores: readonly number[]): MaskedMap {
  const mask = Uint8Array.from(rows.join(""), (sign) => (sign === "#" ? 255 : 0));
  return { height: rows.length, width: rows[0]!.length, scores, mask };
}

describe("regions", () => {
  test("touch at corners, are numbered row by row and do not wrap around", () => {
    const rows = ["#..#", ".#..", "...#"];
    const { labels, sizes } = labelRegions(map(rows, []));
    expect([...labels]).toEqual([1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 3]);
    expect(sizes).toEqual([2, 1, 1]);
  });

  test("of a bent shape are one", () => {
    expect(labelRegions(map(["#.#", "#.#", "###"], [])).sizes).toEqual([7]);
  });
});

describe("AUPRO", () => {
  // Ten normal pixels 0.1 to 1.0 apart; one region of one pixel above them all, one of two pixels.
  const normal = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

  test("counts regions, not pixels", () => {
    // Region A (1 pixel) scores 11, region B (2 pixels) 9.5 and 0. Before any normal pixel: A whole, PRO 1/2. After the one at 10 (rate 0.1)
    // half of B comes: PRO 3/4 at rate 0.1, and stays up to 0.3.
    const maps = [
      map(
        ["..........", "#..##....."].map((row) => row),
        [...normal, 11, ...[0.5, 0.5], 9.5, 0, 0.5, 0.5, 0.5, 0.5, 0.5],
      ),
    ];
    // 17 normal pixels: the step from 0 to 1/17 is a line of height 1/2, then 3/4.
    // At the point of 10 the overlap is still 1/2; 9.5 enters before 9 does, at rate 1/17.
    const rate = 1 / 17;
    expect(perRegionOverlap(maps, 0.3)).toBeCloseTo((rate * 0.5 + (0.3 - rate) * 0.75) / 0.3, 12);
  });

  test("is a line where normal and anomalous pixels tie, cut at the limit", () => {
    // Everything ties: from (0, 0) to (1, 1). Up to 0.3 the area is 0.3 * 0.3 / 2.
    expect(perRegionOverlap([map(["#...", "...."], new Array(8).fill(1))], 0.3)).toBeCloseTo(0.15, 12);
    expect(perRegionOverlap([map(["#...", "...."], new Array(8).fill(1))], 1)).toBeCloseTo(0.5, 12);
  });

  test("is 1 for a map that is its mask and 0 for its opposite", () => {
    const rows = ["##...", ".....", "....#"];
    const own = Array.from(rows.join(""), (sign) => (sign === "#" ? 1 : 0));
    expect(perRegionOverlap([map(rows, own)])).toBe(1);
    expect(
      perRegionOverlap([
        map(
          rows,
          own.map((value) => -value),
        ),
      ]),
    ).toBe(0);
  });

  test("refuses maps without a region, maps without a normal pixel, and odd limits", () => {
    expect(() => perRegionOverlap([map(["..."], [1, 2, 3])])).toThrow(ConfigError);
    expect(() => perRegionOverlap([map(["###"], [1, 2, 3])])).toThrow("at least one normal pixel");
    expect(() => perRegionOverlap([map(["#.."], [1, 2, 3])], 0)).toThrow("a limit in (0, 1]");
  });

  test("with one-pixel regions and limit 1 is the pixel AUROC (seed 7)", () => {
    const cell = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 }));
    const property = fc.property(fc.array(cell, { minLength: 2, maxLength: 30 }), (cells) => {
      fc.pre(cells.some(([is]) => is) && cells.some(([is]) => !is));
      // Pixels with a gap of normal ones between them would change the counts: every pixel is a map of its own.
      const maps = cells.map(([is, score]) => map([is ? "#" : "."], [score]));
      expect(perRegionOverlap(maps, 1)).toBeCloseTo(pixelAuroc(maps), 12);
    });
    fc.assert(property, { seed: 7, numRuns: 200 });
  });
});

test("pixel AUROC counts the pixels of all maps together", () => {
  // Anomalous 3 and 1; normal 2, 0, 0, 1: pairs won 4 + 2, tied 1 of 8.
  expect(pixelAuroc([map(["#.", ".."], [3, 2, 0, 0]), map(["#."], [1, 1])])).toBeCloseTo(6.5 / 8, 12);
});

describe("region recall", () => {
  const maps = [map(["##..", "....", "#..#"], [5, 1, 9, 9, 0, 0, 0, 0, 2, 0, 0, 7])];

  test("counts regions with a pixel above the threshold", () => {
    expect(regionRecall(maps, 4)).toEqual({ found: 2, regions: 3 });
    expect(regionRecall(maps, 5)).toEqual({ found: 1, regions: 3 });
    expect(regionRecall(maps, 9)).toEqual({ found: 0, regions: 3 });
  });

  test("or with a share of their pixels above it", () => {
    expect(regionRecall(maps, 4, 0.5)).toEqual({ found: 2, regions: 3 });
    expect(regionRecall(maps, 4, 0.6)).toEqual({ found: 1, regions: 3 });
  });
});
