/**
 * Losses that teach a flow what is not normal, on a batch of outliers beside the batch of normal images.
 *
 * Outlier loss (Schirrmeister et al. 2020, equation 2): with d(x) = log p(x) - log p_general(x) and the general model frozen,
 *
 *   L = weight mean softplus(d / temperature)        over the outliers, held above a floor by `outlierPenalty`
 *
 * Margin loss (Hendrycks et al. 2019), the baseline that (Schirrmeister et al. 2020) compare with:
 *
 *   L = weight mean relu(margin - log p(normal) + log p(outlier))        over pairs, no gradient through the normal image
 */
import type { Flow } from "../../flow/index.ts";
import {
  add,
  concatenate,
  multiply,
  reduceSum,
  relu,
  split,
  stopGradient,
  subtract,
  type Value,
} from "../../graph/index.ts";
import { type DifferenceLossOptions, outlierPenalty } from "../../nn/index.ts";
import { addParts, measureLikelihood } from "./likelihood.ts";
import { batchShape, type Measured, type Objective } from "./objective.ts";

/** Settings of the margin loss: a factor, and nats. */
export interface MarginLossSettings {
  readonly weight: number;
  readonly margin: number;
}

/** The settings of the outlier loss of (Schirrmeister et al. 2020, authors' code, invglow/main.py), at D = 3072; both grow with D, so that a bit a dimension counts the same at every size. */
export const paperOutlierLoss = { dimensions: 3072, weight: 6000, temperature: 1000 } as const;

/**
 * Likelihood of x [C, H, W, N] and the outlier loss on `outliers` of the same shape, whose log-likelihood under the general model comes in
 * as `reference` [N]. Measures besides those of the likelihood: `outlierLoss` and `outlierDifference`, the mean d, in nats.
 */
export function outlierLikelihood(flow: Flow, settings: DifferenceLossOptions): Objective {
  return withOutliers(flow, ["reference"], ({ outliers, reference }, count) => {
    const difference = subtract(outliers, reference!);
    const loss = multiply(reduceSum(outlierPenalty(difference, settings)), 1 / count);
    return { outlierLoss: loss, outlierDifference: multiply(reduceSum(difference), 1 / count) };
  });
}

/**
 * Likelihood of x [C, H, W, N] and the margin loss against `outliers` of the same shape. Measures besides those of the likelihood:
 * `outlierLoss` and `outlierDifference`, the mean log-likelihood of outliers less that of normal images, in nats.
 */
export function marginLikelihood(flow: Flow, { weight, margin }: MarginLossSettings): Objective {
  return withOutliers(flow, [], ({ outliers, normal }, count) => {
    const difference = subtract(outliers, stopGradient(normal));
    const loss = multiply(reduceSum(relu(add(difference, margin))), weight / count);
    return { outlierLoss: loss, outlierDifference: multiply(reduceSum(difference), 1 / count) };
  });
}

interface Likelihoods {
  /** log p of the normal images and of the outliers, [N] each. */
  readonly normal: Value;
  readonly outliers: Value;
  readonly reference?: Value | undefined;
}

function withOutliers(
  flow: Flow,
  extraInputs: readonly string[],
  penalize: (likelihoods: Likelihoods, count: number) => { outlierLoss: Value; outlierDifference: Value },
): Objective {
  return {
    model: flow,
    inputShapes: (batchSize) => ({
      x: batchShape(flow.inputShape, batchSize),
      outliers: batchShape(flow.inputShape, batchSize),
      ...Object.fromEntries(extraInputs.map((name) => [name, [batchSize]])),
    }),
    measure: (parameters, { x, outliers, reference }): Measured => {
      const count = x!.shape[3] as number;
      // One pass over both batches: twice as wide multiplications, half as many nodes.
      const { terms } = flow.normalize(parameters, concatenate([x!, outliers!], 3));
      const halves = terms.map((term) => split(addParts(term), 0, [count, count]));
      const likelihood = measureLikelihood(
        halves.map(([normal]) => normal!),
        count,
      );
      const sum = (half: 0 | 1): Value => halves.map((parts) => parts[half]!).reduce((total, part) => add(total, part));
      const penalty = penalize({ normal: sum(0), outliers: sum(1), reference }, count);
      return { loss: add(likelihood.loss, penalty.outlierLoss), measures: { ...likelihood.measures, ...penalty } };
    },
  };
}
