/** The training of the flows that look at cells, beside the networks for local faults of a run: on the same images, folds and synthetic faults. */
import { internalError } from "../../base/index.ts";
import {
  type CellDetector,
  cellSettingsSchema,
  readBegunCells,
  trainCellDetector,
  writeBegunCells,
} from "../../cells/index.ts";
import { writeFileAtomic } from "../../data/index.ts";
import type { FaultRecord } from "../../faults/index.ts";
import { cellFlowsPath } from "../../train/index.ts";
import type { Watch } from "../events.ts";
import { readKept, tellReading, withExamples } from "./fault-training.ts";
import type { TrainingPlan } from "./training-plan.ts";
import type { GroupedImages } from "./whole-images.ts";

/** Steps under the outlier loss where neither time nor steps are limited otherwise, the most where time is, and steps of the plain flow for each. */
const usualSteps = 600;
const mostSteps = 4000;
const plainStepsAStep = 2 / 3;

/** Share of the time that training takes; the rest is reading and calibration. */
const trainingShare = 0.8;

/**
 * Trains the flows of a plan that looks at cells, beside a fault detector that is trained. Every pair that is finished is kept in the run's `folder`; where pairs
 * are there, they are not trained again. Throws FormatError where an image has changed since the plan was made or kept flows are damaged, RunError
 * where training diverges or the disk refuses, the signal's reason where it is aborted.
 */
export async function trainCells(
  plan: TrainingPlan,
  { images: known }: GroupedImages,
  faults: FaultRecord,
  folder: string,
  { onEvent, signal }: Watch,
): Promise<CellDetector> {
  const { configuration, cells: limits } = plan.record;
  if (!limits) throw internalError("flows for cells that nobody asked for");
  const started = performance.now();
  const images = await withExamples(plan, known, {});
  const { seed, threads } = configuration;
  const kept = cellFlowsPath(folder);
  const begun = await readKept(kept, readBegunCells);
  const spent = (): number => (begun?.seconds ?? 0) + (performance.now() - started) / 1000;
  const steps = limits.steps ?? (limits.seconds === null ? usualSteps : mostSteps);
  const plainSteps = Math.ceil(plainStepsAStep * steps);
  const settings = begun?.wished ?? cellSettingsSchema.parse({ seed, threads, steps, plainSteps });
  const pairs = Math.min(settings.folds, faults.folds.length);
  onEvent?.({ kind: "note", text: `training ${pairs} pairs of flows to look at cells` });
  const detector = await trainCellDetector(images, faults, settings, {
    signal,
    begun,
    secondsOf: (fold) =>
      limits.seconds === null
        ? undefined
        : Math.max(0.1, (trainingShare * (limits.seconds - spent())) / (pairs - fold)),
    onFlows: (finished) => writeFileAtomic(kept, writeBegunCells({ ...finished, seconds: spent() })),
    onEvent: (event) => {
      if (event.kind === "read") tellReading(event, onEvent);
      if (event.kind === "resumed") {
        const text =
          event.pairs > 0
            ? `cells: ${event.pairs} of ${pairs} pairs of flows were finished before`
            : "cells: begun anew, as images or networks have changed";
        onEvent?.({ kind: "note", text });
      }
      if (event.kind === "step") {
        const { fold, phase: flow, step, steps, loss } = event;
        onEvent?.({ kind: "cells", pair: fold + 1, pairs, flow, step, steps, loss });
      }
    },
  });
  onEvent?.({ kind: "settled" });
  return detector;
}
