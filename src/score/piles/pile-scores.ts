/**
 * Scores of a pile of images of which some do not belong, with no normal images at hand: what scores learn, they learn from the pile itself, and
 * what stands out is kept out of it. Pure.
 *
 * **Trimming.** A fit on all images would have the strays explain themselves: a tenth of strays that are alike can turn a covariance to itself. So fits begin
 * with the half of the images that lies in the middle of every feature, and go on with the `keptShare` that the last fit finds least odd, until that changes no
 * more: concentration steps (Rousseeuw and Van Driessen, "A Fast Algorithm for the Minimum Covariance Determinant Estimator", 1999).
 *
 * **Ranks.** Each score becomes the share of images that are at least as odd, so that no score is heard louder because its numbers are larger;
 * shares are joined by Fisher's sum, as in the joined score.
 */

import type { ScoreDefinition } from "../definitions/score-definition.ts";
import { termWidth } from "../tables/term-table.ts";
import { type ModelTerms, selectTerms } from "../tables/terms.ts";
import { robustDeviations } from "./oddities.ts";
import { leastOf } from "./pile-ranks.ts";

/** The share of images that fits rest on: a tenth may be strays, and as many again may look like them. */
const keptShare = 0.8;

/** Steps after which fits hardly change. */
const mostSteps = 8;

/**
 * The scores of images by a record that learns, of fits on those that stand out least among the first `count`; what comes after is measured only.
 * Of one that learns nothing, its scores.
 */
export function trimmedScores(
  { learn, measure }: ScoreDefinition,
  terms: ModelTerms,
  count = terms.normal.count,
): Float64Array {
  const none = (): Float64Array => new Float64Array(terms.normal.count);
  if (!learn) return measure(terms, undefined, none);
  let kept = leastOf(middleDistances(terms, count), 0.5);
  for (let step = 0; ; step++) {
    const scores = measure(terms, learn(selectTerms(terms, kept)), none);
    const next = leastOf(scores.subarray(0, count), keptShare);
    if (step === mostSteps || next.join() === kept.join()) return scores;
    kept = next;
  }
}

/** How far each of the first images lies from the middle of the features that all scores of flows draw from: the largest of its deviations from their medians. */
function middleDistances({ normal, general }: ModelTerms, count: number): Float64Array {
  const width = termWidth(normal);
  const distances = new Float64Array(count);
  for (const table of general ? [normal, general] : [normal]) {
    for (let feature = 0; feature < width; feature++) {
      const values = Float64Array.from({ length: count }, (_, image) => table.values[image * width + feature]!);
      const deviations = robustDeviations(values, 1e-6);
      for (let image = 0; image < count; image++) {
        const own = Math.abs(deviations[image]!);
        distances[image] = Math.max(distances[image]!, Number.isNaN(own) ? Number.POSITIVE_INFINITY : own);
      }
    }
  }
  return distances;
}
