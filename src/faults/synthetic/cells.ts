/** From the mask of a fault to a label for every cell of pixels. Pure. */
import type { Mask } from "./canvas.ts";

/** Side of a cell in pixels. */
export const cellSide = 8;

/** A cell is faulty from this share of its pixels on. */
export const leastCoverage = 0.06;

/** The share of every cell's pixels where the mask is at least one half: [height / 8, width / 8]. */
export function coverageOf(mask: Mask, height: number, width: number): Float32Array {
  const [rows, columns] = [height / cellSide, width / cellSide];
  const coverage = new Float32Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x]! < 0.5) continue;
      coverage[Math.floor(y / cellSide) * columns + Math.floor(x / cellSide)]! += 1 / cellSide ** 2;
    }
  }
  return coverage;
}

/** 1 for a cell with a fault, 0 for one without, undefined (as NaN) for one that is touched too little to say. */
export function cellLabels(mask: Mask, height: number, width: number): Float32Array {
  const coverage = coverageOf(mask, height, width);
  const most = coverage.reduce((largest, share) => Math.max(largest, share), 0);
  const enough = Math.min(leastCoverage, most);
  return coverage.map((share) => (share === 0 ? 0 : share >= enough ? 1 : Number.NaN));
}
