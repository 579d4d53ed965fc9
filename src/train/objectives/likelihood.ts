/** Maximum likelihood: the mean negative log-likelihood of the normal images (Kingma & Dhariwal 2018, section 2). */
import type { Flow, ScaleTerm } from "../../flow/index.ts";
import { add, concatenate, multiply, negate, reduceSum, reshape, type Value } from "../../graph/index.ts";
import { batchShape, type Objective } from "./objective.ts";

/**
 * The mean negative log-likelihood of x [C, H, W, N] in nats an image, without the constant of the 256 grey levels. Measures:
 * `negativeLogLikelihood`, the same, and `terms` [scales], its parts with the opposite sign.
 */
export function maximumLikelihood(flow: Flow): Objective {
  return {
    model: flow,
    inputShapes: (batchSize) => ({ x: batchShape(flow.inputShape, batchSize) }),
    measure: (parameters, { x }) => {
      const { terms } = flow.normalize(parameters, x!);
      return measureLikelihood(terms.map(addParts), x!.shape[3] as number);
    },
  };
}

/** log-det + prior term of one scale. */
export function addParts({ logDet, prior }: ScaleTerm): Value {
  return add(logDet, prior);
}

/** Loss and measures from the log-likelihood of every scale, [N] each. */
export function measureLikelihood(scales: readonly Value[], count: number) {
  const means = scales.map((scale) => multiply(reduceSum(scale), 1 / count));
  const loss = negate(means.reduce((sum, mean) => add(sum, mean)));
  const terms = concatenate(
    means.map((mean) => reshape(mean, [1])),
    0,
  );
  return { loss, measures: { negativeLogLikelihood: loss, terms } };
}
