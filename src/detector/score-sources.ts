/** What the scores of a detector can draw from. */
import {
  isOnDemand,
  type PlacedSource,
  placedNames,
  type ScoreSource,
  scoreDefinitions,
  sourcesNeeded,
} from "../score/index.ts";
import type { Manifest } from "./manifest.ts";
import type { MeasuredSource } from "./measuring.ts";
import { presentModels, sourcesOfModels } from "./models.ts";

/** The sources that a detector of this manifest has: its models, and the coders, which need none. */
export function detectorSources(manifest: Manifest): ScoreSource[] {
  const { models, training } = manifest;
  return [...sourcesOfModels(presentModels(models), training), ...placedSources(manifest)];
}

/** What a score of this detector draws from beside the normal model. Throws ConfigError for one that it lacks. */
export function neededSources(manifest: Manifest, score: string): readonly ScoreSource[] {
  return sourcesNeeded(score, manifest.training.model.scales, namedSources(manifest), manifest.calibration);
}

/** The sources that look at places of images, among the parts of a detector. */
export function placedSources(parts: { readonly [Name in PlacedSource]?: unknown }): PlacedSource[] {
  return placedNames.filter((name) => parts[name] !== undefined && parts[name] !== null);
}

/** What a detector can measure on demand; latents where its models have some. */
const measuredSources: readonly MeasuredSource[] = ["pixels", "latents", "slopes", "gradients"];

function measurable({ training }: Manifest): readonly MeasuredSource[] {
  return measuredSources.filter((source) => source !== "latents" || training.model.scales > 0);
}

/** The sources of scores that are asked for by name: those that a detector has, and what it can measure. */
export function namedSources(manifest: Manifest): ScoreSource[] {
  return [...detectorSources(manifest), ...measurable(manifest)];
}

/** What a detector has to measure on demand for scores of these names. */
export function measuredFor(manifest: Manifest, names: readonly string[]): MeasuredSource[] {
  const needed = new Set(
    scoreDefinitions(manifest.training.model.scales, namedSources(manifest))
      .filter(({ name }) => names.includes(name))
      .flatMap(({ name }) => neededSources(manifest, name))
      .filter(isOnDemand),
  );
  return measuredSources.filter((source) => needed.has(source));
}
