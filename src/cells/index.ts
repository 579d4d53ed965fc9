/** Flows that look at cells of 8x8 pixels: a likelihood ratio by cell that the outlier loss on synthetic faults has sharpened. */
export { type BegunCells, readBegunCells, writeBegunCells } from "./begun-training.ts";
export { type CellFlowSize, cellDimensions, cellFlow, cellTerms, visibleMargin } from "./flow.ts";
export { trainFlows } from "./flow-training.ts";
export { type CellFlows, openRatios, type RatioOptions } from "./flows.ts";
export { type CellLossSettings, outlierCells, plainCells } from "./objective.ts";
export { type CellDetector, type CellRecord, cellRecordSchema, readCellDetector, writeCellFlows } from "./record.ts";
export { cellScorerOn } from "./scoring.ts";
export { type CellSettings, cellSettingsSchema } from "./settings.ts";
export { type CellEvent, type CellWatch, trainCellDetector } from "./training.ts";
