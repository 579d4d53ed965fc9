/**
 * The part of a fault detector that runs anywhere: what is kept of it, and scoring, with the engine handed in. Neither Node nor a native
 * library is behind it, which a test holds it to.
 */

export type { PixelScale } from "./batches.ts";
export { addResampled, type CellMap, resampled, standardised, topMean } from "./cell-map.ts";
export { type CellLogits, openCells } from "./cell-windows.ts";
export { faultLevelGraph, type LevelGraph } from "./level-graph.ts";
export { resized, withChannels } from "./levels.ts";
export {
  type FaultDetector,
  type FaultRecord,
  faultRecordSchema,
  readFaultDetector,
  unseenOf,
  writeFaultNetworks,
} from "./record.ts";
export { type FaultScore, type FaultScorer, type FoldScore, faultScorerOn, foldScorer } from "./scoring.ts";
export { mirrored } from "./synthetic/canvas.ts";
export { cellSide } from "./synthetic/cells.ts";
