/** What the scores of a detector can draw from. */
import type { ScoreSource } from "../score/index.ts";
import type { Manifest } from "./manifest.ts";
import { presentModels, sourcesOfModels } from "./models.ts";

/** The sources that a detector of this manifest has: its models, and the coders, which need none. */
export function detectorSources({ models, training, faults }: Manifest): ScoreSource[] {
  return [...sourcesOfModels(presentModels(models), training), ...(faults ? (["faults"] as const) : [])];
}
