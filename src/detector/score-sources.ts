/** What the scores of a detector can draw from. */
import type { PlacedSource, ScoreSource } from "../score/index.ts";
import type { Manifest } from "./manifest.ts";
import { presentModels, sourcesOfModels } from "./models.ts";

/** The sources that a detector of this manifest has: its models, and the coders, which need none. */
export function detectorSources({ models, training, faults, encoder }: Manifest): ScoreSource[] {
  return [...sourcesOfModels(presentModels(models), training), ...placedSources({ faults, encoder })];
}

/** The sources that look at places of images, among the parts of a detector. */
export function placedSources(parts: { readonly [Name in PlacedSource]?: unknown }): PlacedSource[] {
  return (["faults", "encoder"] as const).filter((name) => parts[name] !== undefined && parts[name] !== null);
}
