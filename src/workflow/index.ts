/** What a person wants done, as functions of plain data that tell events and can be called off. */
export type { Watch, WorkflowEvent } from "./events.ts";
export {
  openDetector,
  refuseGeneral,
  type ScoredBatch,
  type ScoredImages,
  type ScoringOptions,
  scoreImages,
  scoreSource,
} from "./scoring.ts";
