/**
 * Which experts to hear, and how loudly, decided without any anomaly: by held-out normal images and by synthetic faults of kinds that no
 * expert was trained on.
 *
 *   z_e   an expert's score in normal quantiles of its held-out normal scores, straight on beyond the highest of them
 *   d_e   how far its synthetic faults stand out, kind by kind as sqrt 2 times the normal quantile of the AUROC, the mean over kinds less one
 *         standard error over folds
 *   mean  sum_e w_e z_e, w >= 0 maximal for d'w / sqrt(w' R w) with R the correlations of z on normal images, drawn to I: Fisher's linear
 *         discriminant (1936) with no weight below 0, so that copies of a weak expert do not outvote a strong one
 *   worst max_e z_e over the experts with a weight
 *   one   the expert with the largest d_e
 *
 * The rule with the highest mean AUROC over kinds is taken; `mean` unless another one is better by more than `clearly`. An expert whose faults do
 * not stand out has no weight. The joined score is calibrated as a whole, on the same normal images. What no such rule can see: an expert that finds
 * synthetic faults of every kind and nothing real costs about as much as it is trusted.
 */
import { internalError } from "../base/index.ts";
import { auroc } from "./metrics.ts";
import { quantile } from "./ranking.ts";
import { normalQuantile } from "./special-functions.ts";

/** What is known of one expert. Higher scores = more anomalous. */
export interface ExpertTrial {
  readonly name: string;
  /** Scores of normal images while they were held out, the same images in the same order for all experts. */
  readonly normals: ArrayLike<number>;
  /** Scores of synthetic faults by kind, kinds that the expert did not train on, the same faults in the same order for all experts. */
  readonly faults: Readonly<Record<string, ArrayLike<number>>>;
}

/** How scores are joined. */
export type JointRule = "one" | "mean" | "worst";

/** What was chosen, as plain data. */
export interface ExpertChoice {
  readonly rule: JointRule;
  readonly experts: readonly ChosenExpert[];
  /** Joined scores of the normal images, ascending. */
  readonly normals: readonly number[];
  /** Mean AUROC of the joined score over the kinds of synthetic faults. */
  readonly auroc: number;
}

/** One expert's part in a choice. */
export interface ChosenExpert {
  readonly name: string;
  /** 0 for one that is not heard; all add up to 1. */
  readonly weight: number;
  /** Mean AUROC over the kinds of synthetic faults. */
  readonly auroc: number;
  /** How far faults stand out, less one standard error: d_e. */
  readonly separation: number;
  /** Held-out normal scores, ascending. */
  readonly normals: readonly number[];
}

/** How much better than the weighted mean another rule must be on synthetic faults. */
export const clearly = 0.02;

/** How far correlations are drawn to none: a few dozen images tell them badly. */
const shrinkage = 0.2;

/** AUROCs closer to 0 or 1 than this count as this. */
const leastTail = 0.002;

/**
 * Chooses among experts. `folds` tells the fold of every normal image and `faultFolds` that of every fault by kind; without them the standard
 * error is that over kinds. Throws an internal error for experts that were tried on different images.
 */
export function chooseExperts(
  trials: readonly ExpertTrial[],
  folds?: { readonly normals: ArrayLike<number>; readonly faults: Readonly<Record<string, ArrayLike<number>>> },
): ExpertChoice {
  const kinds = checkedKinds(trials);
  const ladders = trials.map(({ normals }) => [...Float64Array.from(normals).sort()]);
  const known = trials.map((trial, index) => {
    const areas = kinds.map((kind) => auroc({ normal: trial.normals, anomalous: trial.faults[kind]! }));
    const parts = folds ? foldSeparations(trial, kinds, folds) : areas.map(separationOf);
    const separation = areas.reduce((sum, area) => sum + separationOf(area), 0) / kinds.length - standardError(parts);
    return { name: trial.name, auroc: mean(areas), separation, normals: ladders[index]! };
  });
  const heights = trials.map(({ normals }, index) => Array.from(normals, (score) => height(ladders[index]!, score)));
  const weights = bestWeights(
    known.map(({ separation }) => separation),
    correlations(heights),
  );
  const best = known.reduce((top, { separation }, index) => (separation > known[top]!.separation ? index : top), 0);
  const single = known.map((_, index) => (index === best ? 1 : 0));
  const candidates = (["mean", "one", "worst"] as const).map((rule) => {
    const own = rule === "one" ? single : weights;
    const join = (scoreOf: (expert: number) => number): number =>
      joinHeights(rule, own, (expert) => height(ladders[expert]!, scoreOf(expert)));
    const count = trials[0]!.normals.length;
    const normals = Array.from({ length: count }, (_, image) => join((expert) => trials[expert]!.normals[image]!));
    const areas = kinds.map((kind) => {
      const faults = trials[0]!.faults[kind]!;
      const anomalous = Array.from({ length: faults.length }, (_, fault) =>
        join((expert) => trials[expert]!.faults[kind]![fault]!),
      );
      return auroc({ normal: normals, anomalous });
    });
    return { rule, weights: own, normals: normals.sort((a, b) => a - b), auroc: mean(areas) };
  });
  const [first] = candidates as [(typeof candidates)[number]];
  const chosen = candidates.reduce((top, other) => {
    const margin = top === first ? clearly : 0;
    return other.auroc > top.auroc + margin ? other : top;
  }, first);
  return {
    rule: chosen.rule,
    experts: known.map((expert, index) => ({ ...expert, weight: chosen.weights[index]! })),
    normals: chosen.normals,
    auroc: chosen.auroc,
  };
}

/** An image's joined score, its p-value and what each expert said. */
export interface JoinedScore {
  readonly score: number;
  /** (1 + the number of normal images that score as high) / (their number + 1). */
  readonly pValue: number;
  /** Every expert's z_e, in the order of the choice. */
  readonly heights: readonly number[];
  /** The position of the expert that raised the score most. */
  readonly spokesman: number;
}

/** Joins the experts' scores of one image, in the order of the choice. */
export function joinScores({ rule, experts, normals }: ExpertChoice, scores: ArrayLike<number>): JoinedScore {
  if (scores.length !== experts.length) throw internalError(`${scores.length} scores of ${experts.length} experts`);
  const heights = experts.map((expert, index) => height(expert.normals, scores[index]!));
  const weights = experts.map(({ weight }) => weight);
  const score = joinHeights(rule, weights, (expert) => heights[expert]!);
  const voices = heights.map((value, index) =>
    weights[index]! > 0 ? (rule === "worst" ? 1 : weights[index]!) * value : -Infinity,
  );
  return {
    score,
    pValue: (1 + normals.filter((other) => other >= score).length) / (normals.length + 1),
    heights,
    spokesman: voices.indexOf(Math.max(...voices)),
  };
}

function joinHeights(rule: JointRule, weights: readonly number[], heightOf: (expert: number) => number): number {
  const heard = weights.flatMap((weight, index) => (weight > 0 ? [index] : []));
  if (rule === "worst") return Math.max(...heard.map(heightOf));
  return heard.reduce((sum, index) => sum + weights[index]! * heightOf(index), 0);
}

/**
 * The normal quantile of a score's place among ascending normal ones, linear between them: the i-th of n stands at i / (n + 1). Beyond both ends the
 * line goes on as steep as it was from the middle to that end, so that scores stay apart where no normal image is.
 */
function height(ascending: readonly number[], score: number): number {
  const count = ascending.length;
  const at = (index: number): number => normalQuantile((index + 1) / (count + 1));
  const [low, high, middle] = [ascending[0]!, ascending[count - 1]!, quantile(ascending, 0.5)];
  if (score > high) return at(count - 1) + ((score - high) * at(count - 1)) / Math.max(high - middle, tiny(high));
  if (score < low) return at(0) - ((low - score) * -at(0)) / Math.max(middle - low, tiny(low));
  let [below, above] = [0, count - 1];
  while (above - below > 1) {
    const half = (below + above) >> 1;
    if (ascending[half]! <= score) below = half;
    else above = half;
  }
  if (ascending[above]! <= score) return at(above);
  const share = (score - ascending[below]!) / (ascending[above]! - ascending[below]!);
  return at(below) + share * (at(above) - at(below));
}

function tiny(value: number): number {
  return Math.max(Math.abs(value) * 1e-9, 1e-9);
}

function checkedKinds(trials: readonly ExpertTrial[]): readonly string[] {
  const [first] = trials;
  const kinds = Object.keys(first?.faults ?? {});
  const alike = trials.every(
    ({ normals, faults }) =>
      normals.length === first!.normals.length &&
      Object.keys(faults).length === kinds.length &&
      kinds.every((kind) => faults[kind]?.length === first!.faults[kind]!.length),
  );
  if (!first || first.normals.length < 2 || kinds.length === 0 || !alike) {
    throw internalError("experts that were tried on no images, or on different ones");
  }
  return kinds;
}

function separationOf(area: number): number {
  return Math.SQRT2 * normalQuantile(Math.min(1 - leastTail, Math.max(leastTail, area)));
}

/** The mean separation over kinds, fold by fold; folds without normals or without faults are left out. */
function foldSeparations(
  { normals, faults }: ExpertTrial,
  kinds: readonly string[],
  folds: { readonly normals: ArrayLike<number>; readonly faults: Readonly<Record<string, ArrayLike<number>>> },
): readonly number[] {
  const numbers = [...new Set(Array.from(folds.normals))];
  return numbers.flatMap((fold) => {
    const within = (scores: ArrayLike<number>, of: ArrayLike<number>) =>
      Array.from(scores).filter((_, index) => of[index] === fold);
    const normal = within(normals, folds.normals);
    const anomalous = kinds.flatMap((kind) => within(faults[kind]!, folds.faults[kind]!));
    return normal.length > 0 && anomalous.length > 0 ? [separationOf(auroc({ normal, anomalous }))] : [];
  });
}

function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

function correlations(rows: readonly (readonly number[])[]): number[][] {
  const moments = rows.map((row) => {
    const middle = mean(row);
    return { middle, deviation: Math.sqrt(mean(row.map((value) => (value - middle) ** 2))) };
  });
  return rows.map((row, i) =>
    rows.map((other, j) => {
      if (i === j) return 1;
      const [a, b] = [moments[i]!, moments[j]!];
      const product = mean(row.map((value, k) => (value - a.middle) * (other[k]! - b.middle)));
      const scale = a.deviation * b.deviation;
      return scale > 0 ? ((1 - shrinkage) * product) / scale : 0;
    }),
  );
}

/**
 * Weights that are not negative with the largest d'w / sqrt(w'Rw), adding up to 1: the minimum of w'Rw / 2 - d'w, coordinate by coordinate. Where
 * no expert stands out, the one that does so least badly has all.
 */
function bestWeights(separations: readonly number[], matrix: readonly (readonly number[])[]): readonly number[] {
  const weights = new Array<number>(separations.length).fill(0);
  for (let pass = 0; pass < 500; pass++) {
    for (const [i, separation] of separations.entries()) {
      const others = matrix[i]!.reduce((sum, value, j) => (j === i ? sum : sum + value * weights[j]!), 0);
      weights[i] = Math.max(0, separation - others);
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total > 0) return weights.map((weight) => weight / total);
  const best = separations.indexOf(Math.max(...separations));
  return separations.map((_, index) => (index === best ? 1 : 0));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
