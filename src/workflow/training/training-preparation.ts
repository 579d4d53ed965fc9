/** What comes before a training: its plan, from a request or from the run that it goes on with; everything is checked before it begins. */
import type { Watch } from "../events.ts";
import { freshPlan } from "./fresh-plan.ts";
import { resumedPlan } from "./resumed-plan.ts";
import { readTrainRequest, type TrainRequest } from "./train-request.ts";
import type { TrainingPlan } from "./training-plan.ts";

/**
 * Reads the images of a request for a new run, or those of the run that stands in `out`, and checks everything. Nothing is written, and
 * nobody is kept out of `out` yet: `train` does that. Throws ConfigError for settings or images that will not do, FormatError for damaged ones, RunError where the device does
 * not work or another process trains in `out`, the signal's reason where it calls the work off.
 */
export async function prepareTraining(request: TrainRequest, watch: Watch = {}): Promise<TrainingPlan> {
  const settings = readTrainRequest(request);
  return settings.resume ? resumedPlan(settings, watch) : freshPlan(settings, watch);
}
