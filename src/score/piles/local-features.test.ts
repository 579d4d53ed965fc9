/** What images show, by learned filters: quarter turns, contrast that does not count, and two scores that rest on it. */
import { expect, test } from "vitest";
import { randomKey } from "../../base/index.ts";
import { selectPixels } from "../tables/pixel-table.ts";
import { evenly, learnFilters, localFeatures } from "./local-features.ts";
import { neighbourDistances } from "./neighbours.ts";
import { learnTurns, tellTurns, turnWeight } from "./turns.ts";

const shape = { channels: 1, height: 16, width: 16 };
const stream = randomKey("shown").stream();

/** Images with a bar: across near the top, or where `draw` says. */
function bars(count: number, draw = (row: number, _column: number): boolean => row >= 2 && row < 5): Uint8Array {
  return Uint8Array.from({ length: count * 256 }, (_, at) => {
    const place = at % 256;
    return (draw(Math.floor(place / 16), place % 16) ? 180 : 60) + 2 * stream.normal();
  });
}

const usual = { shape, values: bars(40) };
const filters = learnFilters(usual);

test("numbers are spread evenly", () => {
  expect(evenly(3, 5)).toEqual([0, 1, 2]);
  expect(evenly(10, 4)).toEqual([0, 2, 5, 7]);
});

test("features of a turned image are those of the image that was turned before", () => {
  const image = selectPixels(usual, [0]);
  const byHand = Uint8Array.from({ length: 256 }, (_, at) => {
    const [row, column] = [Math.floor(at / 16), at % 16];
    return image.values[column * 16 + (15 - row)]!;
  });
  const turned = localFeatures(filters, image, 1)[0]!;
  expect(turned).toHaveLength(4 * 4 * 16 * 2);
  expect(turned).toEqual(localFeatures(filters, { shape, values: byHand })[0]);
  expect(turned).not.toEqual(localFeatures(filters, image)[0]);
});

test("an image of one level shows nothing, at any size", () => {
  const plain = { shape: { channels: 1, height: 40, width: 24 }, values: new Uint8Array(40 * 24).fill(90) };
  const features = localFeatures(learnFilters(plain), plain)[0]!;
  expect(Math.max(...features)).toBe(0);
  expect(neighbourDistances([features, features])).toEqual(Float64Array.of(0, 0));
});

test("what shows something else is far from all others, and strays that are alike are no neighbours enough", () => {
  const values = bars(40);
  values.set(
    bars(2, (row, column) => (row + column) % 8 < 3),
    0,
  );
  const distances = neighbourDistances(localFeatures(filters, { shape, values }));
  expect(Math.min(distances[0]!, distances[1]!)).toBeGreaterThan(1.2 * Math.max(...distances.subarray(2)));
  // Of three rows the nearest that is usual counts, for the one that is not as well.
  const line = [0, 1, 10].map((place) => Float64Array.of(place, 0));
  const [first, second, third] = neighbourDistances(line, [0, 1]);
  expect(second).toBeCloseTo(first!, 9);
  expect(third! / first!).toBeCloseTo(9, 9);
});

test("who has learned which way up images are is surprised by what stands otherwise, and worth nothing where there is no way up", () => {
  const teller = learnTurns(filters, usual);
  const upside = bars(1, (row) => row >= 11 && row < 14);
  const told = tellTurns(teller, { shape, values: Buffer.concat([upside, bars(8)]) });
  expect(told.surprise[0]!).toBeGreaterThan(10 + Math.max(...told.surprise.subarray(1)));
  expect(told.accuracy).toBeCloseTo(8 / 9, 9);
  expect(turnWeight(told)).toBeCloseTo((8 / 9 - 1 / 4) / (3 / 4), 9);
  const noise = { shape, values: bars(40, () => false) };
  const untold = tellTurns(learnTurns(learnFilters(noise), noise), { shape, values: bars(40, () => false) });
  expect(turnWeight(untold)).toBeLessThan(0.2);
});
