/**
 * Several scores as one, the joint calibrated as a whole: an image is as anomalous as its ranks under all scores are together.
 *
 *   fisher: J = -2 sum_k log q_k      worst: J = -log min_k q_k      weights: J = -sum_k w_k log q_k
 *   q_k = #{images among references and the new one that score as high} / (n + 1)
 *
 * Fisher's sum (1932) hears many weak voices, the least rank (Tippett, 1931; as the max-quantile rule of Bomatter, 2026) one strong voice. Scores
 * of one image depend on each other, so neither sum follows its textbook distribution, and using that would raise many false alarms.
 *
 * **What is promised.** The p-value of J is conformal: (1 + #{references with J as high}) / (n + 1), where the new image takes part in everybody's
 * ranks. So J treats all n + 1 images alike, and a normal image exchangeable with the references has P(p <= a) <= a whatever the dependence
 * and without a second set of images. Weights must have been chosen without the references and the new image.
 *
 * Cost: n K comparisons an image. It needs the same reference images scored by every one of the K scores.
 */
import { internalError } from "../../base/index.ts";
import { countBelow } from "../statistics/bisection.ts";

/** How ranks are joined; weights are one a score, none negative, such as `learnWeights` gives. */
export type JoinRule = "fisher" | "worst" | { readonly weights: readonly number[] };

/** K scores of the same n reference images, [K][n], none of them NaN. */
export type JointReference = readonly ArrayLike<number>[];

/**
 * The p-value of every image under all scores together, each in [1 / (n + 1), 1]. `scores` is [K][images], in the order of the references.
 * Throws an internal error for other numbers of scores or images.
 */
export function jointPValues(
  references: JointReference,
  scores: readonly ArrayLike<number>[],
  rule: JoinRule,
): Float64Array {
  const [first] = references;
  const images = scores[0]?.length ?? 0;
  if (
    first === undefined ||
    scores.length !== references.length ||
    references.some(({ length }) => length !== first.length) ||
    scores.some(({ length }) => length !== images)
  ) {
    throw internalError("joined scores of other images or scores");
  }
  if (
    typeof rule === "object" &&
    (rule.weights.length !== scores.length || rule.weights.some((weight) => !(weight >= 0)))
  ) {
    throw internalError(`weights ${rule.weights.join(", ")} of ${scores.length} scores`);
  }
  if ([...references, ...scores].some((column) => Array.from(column).some(Number.isNaN))) {
    throw internalError("a score is not a number");
  }
  const count = first.length;
  const ranks = references.map(ranksFromTop);
  // Both kinds of sum are taken over the same numbers in the same order, so that equal ranks give equal sums.
  const voices = Float64Array.from({ length: count + 2 }, (_, rank) => -Math.log(rank / (count + 1)));
  const join = (rankOf: (score: number) => number): number => {
    let result = 0;
    for (let score = 0; score < references.length; score++) {
      const voice = voices[rankOf(score)]!;
      if (rule === "worst") result = Math.max(result, voice);
      else result += (rule === "fisher" ? 2 : rule.weights[score]!) * voice;
    }
    return result;
  };
  return Float64Array.from({ length: images }, (_, image) => {
    const own = join((score) => 1 + countAtLeast(references[score]!, scores[score]![image]!));
    let asHigh = 1;
    for (let reference = 0; reference < count; reference++) {
      const joined = join(
        (score) => ranks[score]![reference]! + (scores[score]![image]! >= references[score]![reference]! ? 1 : 0),
      );
      if (joined >= own) asHigh++;
    }
    return asHigh / (count + 1);
  });
}

/** How many of the values are at least as large as each of them, [n]. */
function ranksFromTop(values: ArrayLike<number>): Uint32Array {
  const ascending = Float64Array.from(values).sort();
  return Uint32Array.from(Array.from(values, (value) => ascending.length - countBelow(ascending, value)));
}

function countAtLeast(values: ArrayLike<number>, least: number): number {
  let count = 0;
  for (let index = 0; index < values.length; index++) if (values[index]! >= least) count++;
  return count;
}
