/** A training as the work of a run: what it tells becomes lines of the log. */
import { join } from "node:path";
import { isRun, runFolder } from "../../train/index.ts";
import { type TrainRequest, train, type WorkflowEvent } from "../../workflow/index.ts";
import { runFileNames, type Work } from "./job-kinds.ts";
import { runDrawer } from "./run-drawer.ts";
import type { RunEvent } from "./run-events.ts";

/** Trains, or goes on with the run that stands in the request's folder. */
export const trainJob: Work<TrainRequest> = async (request, { folder, resumed, tell, signal }) => {
  const goesOn = resumed && (await isRun(runFolder(request.out)));
  const job: TrainRequest = goesOn ? { out: request.out, resume: true } : request;
  const teller = runTeller(tell);
  const drawer = runDrawer(request.out, join(folder, runFileNames.pictures), tell);
  const onEvent = (event: WorkflowEvent): void => {
    teller(event);
    drawer.hear(event);
  };
  const { outcome } = await train(job, { signal, onEvent }).finally(drawer.settled);
  return outcome === "finished" ? "finished" : "paused";
};

/** The least time between two steps, or two looks at progress, that are told, ms. */
const stepPause = 200;

/** Skipped images that are told by name. */
const mostProblems = 100;

/** Tells the events of work as lines of a run's log. Of steps and progress some are left out, never one with a look at held-out images. */
export function runTeller(tell: (event: RunEvent) => void): (event: WorkflowEvent) => void {
  let last = Number.NEGATIVE_INFINITY;
  const now = (): boolean => {
    const time = performance.now();
    if (time - last < stepPause) return false;
    last = time;
    return true;
  };
  return (event) => {
    switch (event.kind) {
      case "progress":
        if (event.done < event.total && !now()) return;
        tell(event);
        return;
      case "phase": {
        const { model, limits, progress } = event;
        tell({ kind: "phase", model, ...limits, fromStep: progress.step, fromSeconds: progress.seconds });
        return;
      }
      case "step": {
        const { step, seconds, loss, bitsPerDimension, imagesPerSecond, heldOut } = event.report;
        if (!heldOut && !now()) return;
        const held = heldOut?.bitsPerDimension;
        tell({
          ...{ kind: "step", step, seconds, loss, imagesPerSecond },
          ...(bitsPerDimension === undefined ? {} : { bits: bitsPerDimension }),
          ...(held === undefined || held === null ? {} : { heldOut: held }),
        });
        return;
      }
      case "faults":
        if (event.step < event.steps && !now()) return;
        tell(event);
        return;
      case "skipped":
        tell({ kind: "skipped", problems: event.problems.slice(0, mostProblems), count: event.problems.length });
        return;
      case "note":
      case "warning":
        tell(event);
    }
  };
}
