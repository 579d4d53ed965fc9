/**
 * Calibration of every score where held-out images come in groups: a batch, a tile, a camera. What is fitted is fitted on one half of the groups,
 * the references are the other half, so no group is on both sides; p-values count a group once (`group-calibration.ts`).
 */
import { ConfigError, internalError, type RandomKey } from "../../base/index.ts";
import type { ScoreFits } from "../definitions/fits.ts";
import { leastHierarchyImages } from "../definitions/hierarchy.ts";
import { computable, computeScore, scoreDefinitions } from "../definitions/scores.ts";
import { sourcesOf } from "../tables/sources.ts";
import { checkModelTerms, type ModelTerms, selectTerms } from "../tables/terms.ts";
import { type Calibration, fitScores } from "./calibration.ts";
import { type GroupReference, groupReference, groupSteps, splitByGroup } from "./group-calibration.ts";

/** Reference scores by group and the fits they rest on: plain data, safe to keep as JSON. */
export interface GroupCalibration {
  /** Reference groups K: the least p-value is 1 / (K + 1). */
  readonly groups: number;
  /** Reference images in all of them. */
  readonly images: number;
  readonly scores: Readonly<Record<string, GroupReference>>;
  /** The fits of the scores that need one, by score name, from the other groups; empty where those were too few. */
  readonly fits: ScoreFits["fits"];
}

/** The fewest groups that are split into halves. Fewer are all references, and what needs a fit keeps the one it had or is missing. */
export const leastGroupSplit = 8;

/**
 * Calibrates every score that the terms allow. `names` has the group of every held-out image.
 * Throws ConfigError for no images and for a single group, which no p-value below 1/2 could come from, RunError where most of the fitting half
 * has non-finite terms.
 */
export function calibrateByGroup(
  heldOut: ModelTerms,
  names: readonly string[],
  key: RandomKey,
  before?: ScoreFits,
): GroupCalibration {
  checkModelTerms(heldOut);
  const { count, scales } = heldOut.normal;
  if (names.length !== count) throw internalError(`${count} images in ${names.length} groups`);
  const groups = new Set(names).size;
  if (groups < 2) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "calibration by group",
      expected: "images of at least two groups",
      got: groups === 0 ? "no images" : `one group of ${count} images`,
      remedy: { key: "other", text: "calibrate without groups, or hold out more of them" },
    });
  }
  const [first, second] = splitByGroup(names, key);
  const fitting = groups >= leastGroupSplit && first.length >= leastHierarchyImages;
  const images = fitting ? second : [...first, ...second];
  const fitted = selectTerms(heldOut, fitting ? first : []);
  const references = selectTerms(heldOut, images);
  const referenceNames = images.map((image) => names[image]!);

  const all = scoreDefinitions(scales, sourcesOf(heldOut));
  const fits = fitScores(all, fitting ? fitted : undefined, before);
  const definitions = computable(all, scales, sourcesOf(heldOut), { fits });
  const scores = Object.fromEntries(
    definitions.map(({ name }) => [
      name,
      groupReference(computeScore(name, references, { fits }).values, referenceNames),
    ]),
  );
  return { groups: new Set(referenceNames).size, images: images.length, scores, fits };
}

/**
 * The same as a calibration with one reference a group, which every reader of calibrations understands: its p-values are those by group, rounded
 * up to a whole number of groups. At a rate of k / (K + 1) both decide alike; between two such rates this marks no more.
 */
export function oneReferencePerGroup({ groups, scores, fits }: GroupCalibration): Calibration {
  return {
    count: groups,
    scores: Object.fromEntries(Object.entries(scores).map(([name, reference]) => [name, groupSteps(reference)])),
    fits,
  };
}
