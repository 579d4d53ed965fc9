/** Which scores of which detector an analysis shows. */
import { ConfigError, setting } from "../base/index.ts";
import { detectorSources, loadManifest } from "../detector/index.ts";
import { isFitted, scoreDefinition, scoreDefinitions } from "../score/index.ts";
import { refuseGeneral } from "../workflow/index.ts";

/**
 * The scores to show of every detector: of those that were asked for, the ones that it has; all of its scores where none were asked for.
 *
 * @param wanted names of scores, none for all
 * @param coders whether images are coded, which some scores need
 * @throws ConfigError for a score that no detector has, for a detector that has none of them, and for a general model
 */
export async function chooseScores(
  folders: readonly string[],
  wanted: readonly string[],
  coders: boolean,
): Promise<string[][]> {
  const manifests = await Promise.all(folders.map(loadManifest));
  for (const [index, manifest] of manifests.entries()) refuseGeneral(folders[index]!, manifest);
  const available = manifests.map((manifest) => {
    const { calibration, training } = manifest;
    const sources = [...detectorSources(manifest)].filter((source) => coders || source !== "coders");
    return scoreDefinitions(training.model.scales, sources)
      .filter((definition) => isFitted(definition, calibration))
      .map(({ name }) => name);
  });
  for (const score of wanted) {
    if (available.some((names) => names.includes(score))) continue;
    // Throws what is wrong where the name is unknown or the detector lacks a model.
    scoreDefinition(score, manifests[0]!.training.model.scales, detectorSources(manifests[0]!));
    throw new ConfigError({
      code: "unknown-name",
      subject: setting("score"),
      expected: "a score that can be measured here",
      got: `'${score}'`,
      remedy: { key: "other", text: `choose from ${available[0]!.join(", ")}` },
    });
  }
  return available.map((names, index) => {
    const chosen = wanted.length === 0 ? names : names.filter((name) => wanted.includes(name));
    if (chosen.length > 0) return chosen;
    throw new ConfigError({
      code: "unknown-name",
      subject: setting("score"),
      expected: `at least one score that '${folders[index]}' has`,
      got: wanted.join(", "),
      remedy: { key: "other", text: `add one of ${names.join(", ")}` },
    });
  });
}
