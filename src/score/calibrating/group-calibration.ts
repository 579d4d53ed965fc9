/**
 * Calibration where images come in groups: a batch, a tile, a camera, a patient. Images of one group are alike, so a hundred of them say
 * little more than one, and a new image comes from a new group. A group counts once.
 *
 *   p(s) = (1 + sum over K groups of the share of the group's images that score >= s) / (K + 1)
 *
 * **What is promised.** If a new group is exchangeable with the K reference groups, sizes included, and its images with each other, then a
 * normal image of the new group has P(p <= a) <= a for every a. It holds for every K; the least p-value is 1 / (K + 1), however many images
 * the groups have. Hierarchical conformal prediction (Lee, Barber and Willett, "Distribution-free inference with hierarchical data", 2023,
 * HCP); it keeps every image where one random image per group would promise the same and waste the others. Why it holds: the share of
 * the new group's own images that score >= s is at most 1, and with it in the sum, p is the place of a random member of a random group.
 *
 * A whole group is judged by its highest score against the highest scores of the reference groups (`highestPerGroup`): then at most a share
 * a of new normal groups has an image marked.
 */
import { ConfigError, internalError, permutation, type RandomKey } from "../../base/index.ts";
import { countLeading } from "../statistics/bisection.ts";
import { groupMembers } from "../statistics/group-members.ts";

/** The reference scores of groups: plain data, safe to keep as JSON. */
export interface GroupReference {
  /** Images of every group, [K], each at least 1. */
  readonly sizes: readonly number[];
  /** The finite scores of every group, ascending; a group's other images have a score of +Infinity. */
  readonly scores: readonly (readonly number[])[];
}

/**
 * Two halves of the images such that no group is in both, the first with floor(K / 2) groups: what is fitted on one half is calibrated on
 * the other.
 */
export function splitByGroup(names: readonly string[], key: RandomKey): readonly [number[], number[]] {
  const groups = groupMembers(names);
  const order = permutation(groups.length, key.fold("group halves").stream());
  const half = Math.floor(groups.length / 2);
  const imagesOf = (chosen: Uint32Array): number[] => Array.from(chosen).flatMap((group) => groups[group]!.images);
  return [imagesOf(order.subarray(0, half)), imagesOf(order.subarray(half))];
}

/** Reference scores by group. `names` has the group of every image. Throws ConfigError for no images. */
export function groupReference(scores: ArrayLike<number>, names: readonly string[]): GroupReference {
  if (scores.length !== names.length) throw internalError(`${scores.length} scores in ${names.length} groups`);
  if (scores.length === 0) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "calibration",
      expected: "normal images",
      got: "none",
      remedy: { key: "other", text: "give at least one held-out image" },
    });
  }
  const members = groupMembers(names);
  return {
    sizes: members.map(({ images }) => images.length),
    scores: members.map(({ images }) => {
      const values = Float64Array.from(images, (image) => scores[image]!);
      if (values.some(Number.isNaN)) throw internalError("a reference score is not a number");
      return Array.from(values.filter(Number.isFinite).sort());
    }),
  };
}

/** The p-value of every score as that of an image of a new group, each in [1 / (K + 1), 1]. */
export function groupPValues(reference: GroupReference, scores: ArrayLike<number>): Float64Array {
  const steps = stepsOf(reference);
  return Float64Array.from(scores, (score) => {
    if (Number.isNaN(score)) throw internalError("a score is not a number");
    return steps.pValues[countLeading(steps.scores.length, (step) => steps.scores[step]! >= score)]!;
  });
}

/**
 * The score above which (not at which) an image is marked at a false-alarm rate, the same decision as by p-value; +Infinity, so nothing is
 * marked, where the groups are too few for the rate.
 */
export function groupThreshold(reference: GroupReference, rate: number): number {
  const { scores, pValues } = stepsOf(reference);
  // pValues[i] is that of scores below scores[i - 1] and above scores[i].
  const first = pValues.findIndex((value) => value > rate);
  if (first === 0) return Number.POSITIVE_INFINITY;
  return first === -1 ? Number.NEGATIVE_INFINITY : scores[first - 1]!;
}

/**
 * All reference scores in descending order, and the p-value of a score that is above those from place i on and at or below those before it, at i,
 * [scores + 1].
 */
function stepsOf({ sizes, scores: groups }: GroupReference): { scores: Float64Array; pValues: Float64Array } {
  const steps = groups
    .flatMap((group, index) => group.map((score) => ({ score, weight: 1 / sizes[index]! })))
    .sort((a, b) => b.score - a.score);
  let sum = groups.reduce((total, group, index) => total + (sizes[index]! - group.length) / sizes[index]!, 0);
  const pValues = new Float64Array(steps.length + 1);
  for (let place = 0; place <= steps.length; place++) {
    pValues[place] = Math.min(1, (1 + roundWhole(sum)) / (sizes.length + 1));
    sum += steps[place]?.weight ?? 0;
  }
  return { scores: Float64Array.from(steps, ({ score }) => score), pValues };
}

/**
 * At most one score a group, ascending: the j-th from the top is the highest score with a p-value above j / (K + 1). As the references of a plain
 * calibration on K images they give the p-values by group, rounded up to whole groups.
 */
export function groupSteps(reference: GroupReference): number[] {
  const { scores, pValues } = stepsOf(reference);
  const groups = reference.sizes.length;
  const steps: number[] = [];
  // The p-value of scores[place] itself is pValues[place + 1]; that of infinity, pValues[0], takes the first places.
  for (let place = 0; place < scores.length; place++) {
    const whole = Math.ceil(pValues[place + 1]! * (groups + 1) - 1 - 1e-9);
    const before = Math.ceil(pValues[place]! * (groups + 1) - 1 - 1e-9);
    for (let step = before; step < whole; step++) steps.push(scores[place]!);
  }
  return steps.reverse();
}

/** A sum of shares that is a whole number but for rounding, as that number: 3 times 1/3 is one group. */
function roundWhole(sum: number): number {
  const whole = Math.round(sum);
  return Math.abs(sum - whole) < 1e-9 ? whole : sum;
}

/** The highest score of every group, in the order of `groupMembers`: a reference for judging whole groups. [K]. */
export function highestPerGroup(scores: ArrayLike<number>, names: readonly string[]): Float64Array {
  return Float64Array.from(groupMembers(names), ({ images }) =>
    images.reduce((highest, image) => Math.max(highest, scores[image]!), Number.NEGATIVE_INFINITY),
  );
}
