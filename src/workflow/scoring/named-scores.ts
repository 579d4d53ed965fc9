/** Scores that are asked for by name: what they need, and whether the calibration has what they learn. */
import { ConfigError, setting } from "../../base/index.ts";
import { type Manifest, namedSources } from "../../detector/index.ts";
import {
  isFitted,
  isOnDemand,
  type ScoreDefinition,
  type ScoreSource,
  scoreDefinition,
  scoreDefinitions,
} from "../../score/index.ts";

/** The word for every score that there is. */
const allScores = "all";

/**
 * The records of scores by name, `all` those that a detector has or can measure. `sources` are what else they can draw from.
 * Throws ConfigError for a score that there is not.
 */
export function namedScores(
  manifest: Manifest,
  names: readonly string[],
  sources: readonly ScoreSource[] = [],
): readonly ScoreDefinition[] {
  const { scales } = manifest.training.model;
  const available = [...namedSources(manifest), ...sources];
  if (names.includes(allScores)) return scoreDefinitions(scales, available);
  return names.map((name) => scoreDefinition(name, scales, available));
}

/** The same, those that can be computed. Throws ConfigError for one that was named and that the calibration has no fit for. */
export function fittedScores(
  manifest: Manifest,
  names: readonly string[],
  sources: readonly ScoreSource[] = [],
): readonly ScoreDefinition[] {
  const definitions = namedScores(manifest, names, sources);
  const { calibration } = manifest;
  if (names.includes(allScores)) return definitions.filter((definition) => isFitted(definition, calibration));
  const missing = definitions.find((definition) => !isFitted(definition, calibration));
  if (missing === undefined) return definitions;
  throw new ConfigError({
    code: "not-calibrated",
    subject: setting("scores"),
    expected: "scores that the detector is calibrated for",
    got: `'${missing.name}'`,
    remedy: { key: "other", text: `calibrate it with ${setting("scores", missing.name)}` },
  });
}

/** Scores of a calibration that were measured on demand, and so are measured again. */
export function measuredBefore({ calibration, ...manifest }: Manifest): string[] {
  return scoreDefinitions(manifest.training.model.scales, namedSources({ calibration, ...manifest }))
    .filter(({ name, needs }) => needs.some(isOnDemand) && Object.hasOwn(calibration.scores, name))
    .map(({ name }) => name);
}
