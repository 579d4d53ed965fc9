/** A cell detector at work: from an image to a map of cells, a score and a p-value. Portable. */
import { type FaultScorer, foldScorer } from "../faults/portable.ts";
import type { Engine } from "../runtime/index.ts";
import { openRatios } from "./flows.ts";
import { type CellDetector, flowSize } from "./record.ts";

/** Opens a detector's flows on an engine that is handed in. */
export function cellScorerOn(engine: Engine, { record, flows }: CellDetector): FaultScorer {
  return foldScorer(
    record,
    flows.map((own) => openRatios(flowSize(record), own, record.pixelScale, engine, record.settings)),
  );
}
