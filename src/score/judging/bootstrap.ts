/**
 * Bootstrap interval of AUROC: percentile method, normal and anomalous images resampled separately with replacement.
 *
 * Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. A resample is a count per rank, so its AUROC takes one
 * pass over the ranks and no sorting: O(n) for each.
 */
import { internalError, type RandomKey, type RandomStream } from "../../base/index.ts";
import { type Interval, intervalCoverage } from "../statistics/interval.ts";
import { groupScores, quantile, type ScoreSets } from "../statistics/ranking.ts";
import { aurocOfGroups } from "./metrics.ts";

/** Resamples behind an interval where no other number is asked for. */
export const defaultResamples = 1000;

/**
 * The 95 % percentile interval of AUROC. It speaks of the choice of test images only, not of training anew, and shrinks to a point where
 * the sets do not overlap. Throws ConfigError for an empty set.
 */
export function aurocInterval(sets: ScoreSets, key: RandomKey, resamples: number = defaultResamples): Interval {
  if (!(resamples >= 1)) throw internalError(`an interval from ${resamples} resamples`);
  const groups = groupScores(sets);
  const normalMembers = membersOf(groups.normal);
  const anomalousMembers = membersOf(groups.anomalous);
  const stream = key.fold("auroc interval").stream();
  const resample = {
    normal: new Uint32Array(groups.normal.length),
    anomalous: new Uint32Array(groups.anomalous.length),
  };
  const values = new Float64Array(resamples);
  for (let index = 0; index < resamples; index++) {
    draw(normalMembers, resample.normal, stream);
    draw(anomalousMembers, resample.anomalous, stream);
    values[index] = aurocOfGroups(resample);
  }
  values.sort();
  return { low: quantile(values, (1 - intervalCoverage) / 2), high: quantile(values, (1 + intervalCoverage) / 2) };
}

/** The group of every image: [1, 0, 2] -> [0, 2, 2]. */
function membersOf(counts: Uint32Array): Uint32Array {
  const members: number[] = [];
  counts.forEach((count, group) => {
    for (let image = 0; image < count; image++) members.push(group);
  });
  return Uint32Array.from(members);
}

/** Fills `counts` with the groups of as many images as there are members, drawn with replacement. */
function draw(members: Uint32Array, counts: Uint32Array, stream: RandomStream): void {
  counts.fill(0);
  for (let image = 0; image < members.length; image++) counts[members[stream.integer(members.length)]!]!++;
}
