/** The joint map of two parts, worked by hand. */
import { expect, test } from "vitest";
import { placedView } from "./placed-maps.ts";

/** Of 21 ascending scores the eleventh is the median and the twentieth what 95 % do not pass. */
const references = (usual: number, high: number) => [...Array(10).fill(0), ...Array(9).fill(usual), high, high];
const manifest = {
  calibration: { count: 21, scores: { faults: references(1, 3), encoder: references(2, 2.25) }, fits: {} },
};
const maps = {
  faults: { rows: 1, columns: 2, values: Float32Array.of(1, 5) },
  encoder: { rows: 1, columns: 1, values: Float32Array.of(3) },
};
const size = { height: 1, width: 4 };

test("a joint map is the mean of how far above usual normal images each part's map is", () => {
  const { range, draw } = placedView(manifest, { kind: "joined", parts: ["faults", "encoder"] });
  // Faults: (1 - 1) / 2 and (5 - 1) / 2, so 0, 0.5, 1.5, 2 on four pixels. Encoder: (3 - 2) / 0.5, as 0.25 is no spread to rely on.
  expect([...draw(maps, size)]).toEqual([1, 1.25, 1.75, 2]);
  expect(range).toEqual([0, 3]);
});

test("a single part's map stays in its own unit, and its tint means the same", () => {
  const { range, draw } = placedView(manifest, { kind: "faults" });
  expect([...draw(maps, size)]).toEqual([1, 2, 4, 5]);
  // (7 - 1) / 2 is the joint map's 3.
  expect(range).toEqual([1, 7]);
});
