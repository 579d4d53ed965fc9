/** A fault detector at work on ONNX Runtime for Node. */
import { nodeEngine } from "../runtime/index.ts";
import type { FaultDetector } from "./record.ts";
import { type FaultScorer, faultScorerOn } from "./scoring.ts";

/** Opens a detector's networks. */
export function openFaultScorer(detector: FaultDetector, options: { readonly threads: number }): FaultScorer {
  return faultScorerOn(nodeEngine(options), detector);
}
