/** A second look: strays that were overlooked come to the front where the oddest are of their kind, and nothing much happens where they are not. */
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { auroc } from "../judging/metrics.ts";
import { makeTermTable } from "../tables/term-table.ts";
import { featureRows, type LookedHalf, secondLook } from "./second-look.ts";

const count = 300;
const strays = 15;

/** A half with strays in the first places, which share a feature; of these the experts so far have found some. */
function half(name: string, shared: number): LookedHalf {
  const stream = randomKey("second look").fold(name).stream();
  const scores = Float64Array.from({ length: count }, (_, image) => stream.normal() + (image < strays ? 2 : 0));
  const rows = Array.from(scores, (score, image) =>
    Float64Array.from({ length: 20 }, (_, k) =>
      k === 0 ? score : stream.normal() + (image < strays && k === 3 ? shared : 0),
    ),
  );
  return { rows, scores };
}

const areaOf = (scores: Float64Array): number =>
  auroc({ anomalous: scores.subarray(0, strays), normal: scores.subarray(strays) });

test("what the oddest share brings others like them to the front", () => {
  const halves = [half("a", 5), half("b", 5)] as const;
  for (const [index, { scores }] of secondLook(halves).entries()) {
    expect(areaOf(scores)).toBeGreaterThan(0.99);
    expect(areaOf(halves[index]!.scores)).toBeLessThan(0.98);
  }
});

test("where they share nothing little is lost", () => {
  const halves = [half("a", 0), half("b", 0)] as const;
  for (const [index, { scores }] of secondLook(halves).entries()) {
    expect(areaOf(scores)).toBeGreaterThan(areaOf(halves[index]!.scores) - 0.1);
  }
});

test("an image's row has its terms, their differences, and where it is bright and rough, in deviations", () => {
  const shape = { channels: 1, height: 8, width: 8 };
  const plain = new Uint8Array(3 * 64).fill(100);
  // The third image has one bright pixel: its cell is that pixel.
  plain[2 * 64 + 9] = 200;
  const terms = {
    normal: makeTermTable(3, 1, Float32Array.of(1, 2, 3, 2, 5, 2)),
    general: makeTermTable(3, 1, Float32Array.of(1, 2, 3, 2, 4, 2)),
    dimensions: 64,
    pixels: { shape, values: plain },
  };
  const rows = featureRows(terms, [[0, 0, 1]]);
  // A score, two terms and two differences, 64 cells twice, a mean.
  expect(rows[0]).toHaveLength(1 + 4 + 128 + 1);
  // Log-dets 1, 3, 5: median 3, deviation 1.4826 times 2.
  expect(rows.map((row) => row[1])).toEqual([-2, 0, 2].map((value) => value / (1.4826 * 2)));
  expect(Array.from(rows[0]!.subarray(5, 69)).every((value) => value === 0)).toBe(true);
  expect(Array.from(rows[2]!.subarray(5, 69)).flatMap((value, cell) => (value === 0 ? [] : [cell]))).toEqual([9]);
  // Rough are that cell, the one before it and the one above, which look to the right and down.
  expect(Array.from(rows[2]!.subarray(69, 133)).flatMap((value, cell) => (value === 0 ? [] : [cell]))).toEqual([
    1, 8, 9,
  ]);
});
