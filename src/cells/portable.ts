/** The part of a cell detector that runs anywhere: what is kept of it, and scoring, with the engine handed in. */
export { type CellDetector, type CellRecord, cellRecordSchema, readCellDetector, writeCellFlows } from "./record.ts";
export { cellScorerOn } from "./scoring.ts";
