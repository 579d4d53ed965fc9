/**
 * Calibration on few images: halves of a few dozen fit badly and resolve little. So every held-out image is a reference, scored by fits that it took
 * no part in, while new images are scored by the fit on all of them:
 *
 *   p(x) = (1 + #{i : s(x_i; all but the fold of i) >= s(x; all)}) / (n + 1)
 *
 * (cross-conformal prediction: Vovk 2015; with a fold an image the jackknife of Barber et al. 2021, section 1.2). Fits on fewer images fit the others worse,
 * so that references score higher by a little and p-values are on the safe side.
 */
import { permutation, type RandomKey } from "../../base/index.ts";
import { leastHierarchyImages } from "../definitions/hierarchy.ts";
import { computeScore, isFitted, scoreDefinitions } from "../definitions/scores.ts";
import { sourcesOf } from "../tables/sources.ts";
import { checkModelTerms, type ModelTerms, selectTerms } from "../tables/terms.ts";
import { type Calibration, calibrate, fitScores, leastCalibrationSplit } from "./calibration.ts";

/** From so many held-out images on, half of them are references enough for a false-alarm rate of 1 %. */
export const leastHalved = 198;

/** At most so many fits of each score. */
const mostFolds = 50;

/**
 * Calibrates a new detector on normal images that were held out of its training: few of them by leaving out, more by halves (`calibrate`). Images of one of
 * the `groups`, a number for each image, are left out together. Throws as `calibrate`.
 */
export function calibrateHeldOut(heldOut: ModelTerms, key: RandomKey, groups?: ArrayLike<number>): Calibration {
  checkModelTerms(heldOut);
  const { count, scales } = heldOut.normal;
  const folds = leftOutTogether(count, key, groups);
  if (!folds) return calibrate(heldOut, key);

  const all = scoreDefinitions(scales, sourcesOf(heldOut));
  const fits = fitScores(all, heldOut, undefined);
  const definitions = all.filter((definition) => isFitted(definition, { fits }));
  const scores = new Map(definitions.map(({ name }) => [name, new Float64Array(count)]));
  for (const { name, learn } of definitions) {
    if (!learn) scores.get(name)!.set(computeScore(name, heldOut, { fits }).values);
  }
  const fitted = definitions.filter(({ learn }) => learn !== undefined);
  for (const left of folds) {
    const others = Uint32Array.from(folds.flatMap((fold) => (fold === left ? [] : fold)));
    const own = fitScores(fitted, selectTerms(heldOut, others), undefined);
    const terms = selectTerms(heldOut, left);
    for (const { name } of fitted) {
      const { values } = computeScore(name, terms, { fits: own });
      for (const [position, image] of left.entries()) scores.get(name)![image] = values[position]!;
    }
  }
  const ascending = [...scores].map(([name, values]) => [name, Array.from(values.filter(Number.isFinite).sort())]);
  return { count, scores: Object.fromEntries(ascending), fits };
}

/** Which of so many held-out images `calibrateHeldOut` leaves out together; undefined where it takes halves. */
export function leftOutTogether(
  count: number,
  key: RandomKey,
  groups?: ArrayLike<number>,
): readonly (readonly number[])[] | undefined {
  if (count < leastCalibrationSplit || count >= leastHalved) return undefined;
  const folds = foldsOf(groups ?? Uint32Array.from({ length: count }, (_, index) => index), key);
  const largest = Math.max(...folds.map(({ length }) => length));
  return folds.length > 1 && count - largest >= leastHierarchyImages ? folds : undefined;
}

/** Images by fold: groups stay whole, and are dealt out in random order, each to the fold that has the fewest images. */
function foldsOf(groups: ArrayLike<number>, key: RandomKey): readonly number[][] {
  const members = new Map<number, number[]>();
  for (let image = 0; image < groups.length; image++) {
    const group = members.get(groups[image]!);
    if (group) group.push(image);
    else members.set(groups[image]!, [image]);
  }
  const all = [...members.values()];
  const order = permutation(all.length, key.fold("calibration folds").stream());
  const folds: number[][] = Array.from({ length: Math.min(mostFolds, all.length) }, () => []);
  for (const index of order) {
    const smallest = folds.reduce((least, fold, at) => (fold.length < folds[least]!.length ? at : least), 0);
    folds[smallest]!.push(...all[index]!);
  }
  return folds;
}
