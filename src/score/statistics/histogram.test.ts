/** Tests of histograms: every value counted once, bins by the rule, outliers, degenerate values. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { histogram, histogramEdges } from "./histogram.ts";

const seed = 20_061_084;
const infinity = Number.POSITIVE_INFINITY;

function normals(count: number, label: string): number[] {
  const stream = randomKey("histogram").fold(label).stream();
  return Array.from({ length: count }, () => stream.normal());
}

describe("counts", () => {
  test("by hand: a bin has its lower end, the last one its upper end too", () => {
    expect(histogram([0, 0.5, 1, 1.5, 2, 2.1, -0.1, infinity, -infinity], [0, 1, 2])).toEqual({
      edges: [0, 1, 2],
      counts: [2, 3],
      below: 2,
      above: 2,
    });
  });

  test("add up to the number of values, whatever they are", () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom(infinity, -infinity),
    );
    const bins = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), bins, (values, wanted) => {
        const { edges, counts, below, above } = histogram(values, wanted);
        expect(counts.reduce((sum, count) => sum + count, below + above)).toBe(values.length);
        expect(edges).toHaveLength(counts.length + 1);
        if (wanted !== undefined) expect(counts).toHaveLength(wanted);
        expect(counts.length).toBeLessThanOrEqual(200);
        counts.forEach((count, bin) => {
          const last = bin === counts.length - 1;
          const inside = values.filter(
            (v) => v >= edges[bin]! && (v < edges[bin + 1]! || (last && v === edges[bin + 1])),
          );
          expect(count).toBe(inside.length);
        });
      }),
      { seed },
    );
  });

  test("of a subset in the edges of all", () => {
    const [a, b] = [normals(300, "a"), normals(200, "b").map((value) => value + 3)];
    const edges = histogramEdges([...a, ...b]);
    const sum = histogram(a, edges).counts.map((count, bin) => count + histogram(b, edges).counts[bin]!);
    expect(histogram([...a, ...b], edges).counts).toEqual(sum);
  });
});

describe("bins", () => {
  test("are as wide as Freedman and Diaconis say", () => {
    const edges = histogramEdges(normals(1000, "width"));
    // The interquartile range of a normal distribution is 1.349; 1,000 values give it within 8 %, rounding up the number of bins 4 %.
    expect((edges[1]! - edges[0]!) / ((2 * 1.349) / 10)).toBeGreaterThan(0.88);
    expect((edges[1]! - edges[0]!) / ((2 * 1.349) / 10)).toBeLessThan(1.12);
  });

  test("are not stretched by a few far and infinite values", () => {
    const values = normals(1000, "far");
    const { edges, below, above } = histogram([...values, 1e9, -1e9, infinity, -infinity]);
    expect(edges[0]).toBe(Math.min(...values));
    expect(edges.at(-1)).toBe(Math.max(...values));
    expect([below, above]).toEqual([2, 2]);
  });

  test("cover the whole range where most values are equal", () => {
    const values = [...new Array<number>(100).fill(5), 1, 9];
    expect(histogram(values)).toMatchObject({ below: 0, above: 0 });
    expect(histogram(values).edges.at(-1)).toBe(9);
  });

  test.each([
    ["none", [], [0, 1]],
    ["infinite ones alone", [infinity], [0, 1]],
    ["one", [7], [6.5, 7.5]],
    ["equal ones", [3, 3, 3], [2.5, 3.5]],
  ])("of %s", (_name, values, edges) => expect(histogramEdges(values)).toEqual(edges));

  test("of equal large values have a width", () => {
    const { counts } = histogram([1e16, 1e16], 4);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2);
  });
});

describe("refused are", () => {
  test.each([0, -1, 1.5, Number.NaN])("%d bins", (bins) => expect(() => histogram([1], bins)).toThrow("internal: "));

  test.each([[[1]], [[1, 1]], [[2, 1]], [[0, infinity]]])("edges %j", (edges) => {
    expect(() => histogram([1], edges)).toThrow("internal: ");
  });

  test("NaN", () => expect(() => histogram([1, Number.NaN])).toThrow("internal: "));
});
