/**
 * Marginals: a monotone map that makes one feature standard normal, piecewise linear through quantiles of normal images.
 *
 *   z(x) = z_i + (z_(i+1) - z_i) (x - q_i) / (q_(i+1) - q_i)    between the quantiles q_i of probability Phi(z_i), and on along the outer lines
 *
 * The nonparanormal of Liu, Lafferty and Wasserman ("The Nonparanormal", JMLR 10, 2009), with straight tails so that what lies far outside
 * the normal images still counts by its distance. Terms are often skewed: where a general model hardly knows the normal images, their
 * differences spread over tens of thousands of nats on one side and end sharply on the other. An image just beyond that end is one deviation
 * from the mean, yet no normal image is there.
 */
import { columnMoments } from "./covariance.ts";
import { quantile } from "./ranking.ts";

/** Two or more quantiles of a feature, ascending, and the standard normal quantiles they go to. */
export interface Marginal {
  readonly quantiles: readonly number[];
  readonly scores: readonly number[];
}

/** Probabilities and standard normal quantiles of the knots above the median; those below mirror them. */
const upperKnots = [
  [0.6, 0.2533471],
  [0.7, 0.5244005],
  [0.8, 0.8416212],
  [0.9, 1.2815516],
  [0.98, 2.0537489],
] as const;

/** Images that a knot needs beyond it, for its quantile to be more than chance. */
const leastBeyond = 4;
/** With fewer images, mean and deviation say all that can be said. */
const leastForQuantiles = 40;
/** The least distance of two knots relative to what a normal feature would have: several images may share a value. */
const leastStretch = 0.02;

/** Whether so many images give quantiles that are more than chance. */
export function hasQuantiles(count: number): boolean {
  return count >= leastForQuantiles;
}

/** The straight marginal through mean and deviation. `least` is the smallest deviation that counts: below it the feature is constant. */
export function fitLine(values: Float64Array, least: number): Marginal {
  const { mean, deviation } = columnMoments(
    Array.from(values, (value) => Float64Array.of(value)),
    1,
  );
  const spread = Math.max(deviation[0]!, least);
  return { quantiles: [mean[0]! - spread, mean[0]! + spread], scores: [-1, 1] };
}

/** The marginal through a feature's quantiles; straight for a constant feature and for few images. `least` as for `fitLine`. */
export function fitMarginal(values: Float64Array, least: number): Marginal {
  const line = fitLine(values, least);
  const spread = (line.quantiles[1]! - line.quantiles[0]!) / 2;
  if (spread <= least || !hasQuantiles(values.length)) return line;
  const sorted = Float64Array.from(values).sort();
  const knots = upperKnots.filter(([probability]) => (1 - probability) * values.length >= leastBeyond);
  const levels = [
    ...knots.map(([probability, score]) => [1 - probability, -score] as const).reverse(),
    [0.5, 0] as const,
    ...knots,
  ];
  const middle = (quantile(sorted, 0.8) - quantile(sorted, 0.2)) / (2 * 0.8416212);
  const unit = Math.max(least, leastStretch * (middle > 0 ? middle : spread));
  const quantiles: number[] = [];
  for (const [index, [probability, score]] of levels.entries()) {
    const before = quantiles[index - 1] ?? Number.NEGATIVE_INFINITY;
    const gap = score - (levels[index - 1]?.[1] ?? 0);
    quantiles.push(Math.max(quantile(sorted, probability), before + unit * gap));
  }
  return { quantiles, scores: levels.map(([, score]) => score) };
}

/** z(x), finite for every finite x. */
export function normalScore({ quantiles, scores }: Marginal, value: number): number {
  let index = 0;
  while (index < quantiles.length - 2 && value > quantiles[index + 1]!) index++;
  const [low, high] = [quantiles[index]!, quantiles[index + 1]!];
  return scores[index]! + ((scores[index + 1]! - scores[index]!) * (value - low)) / (high - low);
}
