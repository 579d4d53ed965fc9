/**
 * The joined score: those experts that trials speak for, as one, calibrated as a whole.
 *
 * **Why its p-values hold.** Of the held-out images one half fits: fits of scores, trials and who is heard rest on it alone. The other half gives the
 * references, as of any score, and had no part in any choice: so whatever was chosen, P(p <= a) <= a for a new normal image. Within the fitting half
 * scores that learn are fitted on three quarters and measured on the fourth, so that trials compare no expert by images that it has seen.
 *
 * **Few images** all fit and are all references, each measured by what was learned without its quarter. Then the choice has seen them: who is heard,
 * among a handful of experts, and the knots of the marginals. A test finds no more false alarms than promised: references that are measured by fits on fewer
 * images score higher by more than the choice makes them fit in.
 */

import type { ScoreFit, ScoreFits } from "../definitions/fits.ts";
import type { ScoreDefinition } from "../definitions/score-definition.ts";
import { chooseExperts, type ExpertChoice, refitChoice, type TrialKind } from "../joining/expert-choice.ts";
import { isExtra } from "../tables/sources.ts";
import { type ModelTerms, selectTerms } from "../tables/terms.ts";

/** Images that experts are compared by, made from the held-out images that fit. */
export interface ExpertTrials {
  /** Of the trial images, with all that the experts draw from. */
  readonly terms: ModelTerms;
  readonly kinds: readonly TrialKind[];
  /** The position of the image that each was drawn on among those that fit. */
  readonly bases: readonly number[];
}

/** Images that fit, and a number for each that those of one thing share, where there are such. */
export interface FittingImages {
  readonly fitting: ModelTerms;
  readonly groups?: ArrayLike<number> | undefined;
}

/** A choice, and what its experts say of the images that it rests on while these were left out: [experts][images]. */
export interface JoinedChoice {
  readonly choice: ExpertChoice;
  readonly normals: readonly Float64Array[];
}

/** The fewest images that experts are compared on: with fewer, differences are chance. */
export const leastJoinedImages = 20;

/** Parts of the fitting half that hold each other out; a few images are one part, which is measured by what it has taught. */
function partsOf(count: number): number {
  return count < leastJoinedImages ? 1 : 4;
}

/** Measures a score by its record, with the fits there are. */
type Measure = (definition: ScoreDefinition, terms: ModelTerms, fits: ScoreFits) => Float64Array;

/**
 * Chooses among the experts of these records by trials. Undefined for fewer images than `leastJoinedImages` or a single expert: then there is
 * nothing to join, as where all others are extra and unheard. One that draws from something extra and is not heard is not kept: nothing should measure it any more.
 */
export function chooseJoined(
  definitions: readonly ScoreDefinition[],
  images: FittingImages,
  trials: ExpertTrials,
  measure: Measure,
): JoinedChoice | undefined {
  const experts = definitions.filter(({ expert }) => expert);
  if (images.fitting.normal.count < leastJoinedImages || experts.length < 2) return undefined;
  const { normals, trials: tried } = crossMeasure(experts, images, trials, measure);
  const choice = chooseExperts(
    experts.map(({ name }, index) => ({ name, normals: normals[index]!, trials: tried[index]! })),
    trials.kinds,
  );
  const kept = choice.experts.map(({ heard }, index) => heard || !experts[index]!.needs.some(isExtra));
  if (kept.filter(Boolean).length < 2) return undefined;
  return {
    choice: { ...choice, experts: choice.experts.filter((_, index) => kept[index]) },
    normals: normals.filter((_, index) => kept[index]),
  };
}

/** The choice that was made before, brought to other normal images; undefined where one of its experts cannot be measured on them. */
export function bringJoined(
  before: ExpertChoice,
  definitions: readonly ScoreDefinition[],
  fitting: ModelTerms,
  measure: Measure,
): ExpertChoice | undefined {
  const experts = before.experts.map(({ name }) => definitions.find((definition) => definition.name === name));
  if (!experts.every((definition) => definition !== undefined)) return undefined;
  return refitChoice(before, crossMeasure(experts, { fitting }, undefined, measure).normals);
}

/** Every image's scores while its part was held out of what is learned: of normal images and of trials, [experts][images]. */
function crossMeasure(
  experts: readonly ScoreDefinition[],
  { fitting, groups }: FittingImages,
  trials: ExpertTrials | undefined,
  measure: Measure,
) {
  const { count } = fitting.normal;
  const parts = partsOf(count);
  const normals = experts.map(() => new Float64Array(count));
  const tried = experts.map(() => new Float64Array(trials?.kinds.length ?? 0));
  for (let part = 0; part < parts; part++) {
    const partOf = (image: number): number => (groups?.[image] ?? image) % parts;
    const within = Array.from({ length: count }, (_, image) => image).filter((image) => partOf(image) === part);
    const others = Array.from({ length: count }, (_, image) => image).filter(
      (image) => parts === 1 || partOf(image) !== part,
    );
    const own = (trials?.bases ?? []).flatMap((base, trial) => (partOf(base) === part ? [trial] : []));
    const learning = selectTerms(fitting, others);
    for (const [index, definition] of experts.entries()) {
      const fit: ScoreFit | undefined = definition.learn?.(learning);
      const fits = { fits: fit ? { [definition.name]: fit } : {} };
      const put = (images: readonly number[], terms: ModelTerms, into: Float64Array): void => {
        if (images.length === 0) return;
        const scores = measure(definition, selectTerms(terms, images), fits);
        for (const [position, image] of images.entries()) into[image] = scores[position]!;
      };
      put(within, fitting, normals[index]!);
      if (trials) put(own, trials.terms, tried[index]!);
    }
  }
  return { normals, trials: tried };
}
