/** The penalty of an image that a model should find less likely than a general model does (Schirrmeister et al. 2020, equation 2), with a floor. */
import { add, divide, logarithm, multiply, relu, softplus, subtract, type Value } from "../graph/index.ts";

/** What scales a loss on log-likelihood differences (Schirrmeister et al. 2020, equation 2). */
export interface DifferenceLossOptions {
  /** lambda, in nats. */
  readonly weight: number;
  /** T, in nats. */
  readonly temperature: number;
}

/** How far below the general model an image may fall, in temperatures, before it is held back. */
const floorInTemperatures = 5;

/**
 * With d = log p - log p_general and t = d / temperature, entry by entry: weight (softplus(t) + log(1 + relu(-5 - t))). The published penalty
 * alone has a slope everywhere, so images that are easy to tell run away downwards until their likelihood overflows; below five
 * temperatures, where the first part is almost flat, the second part pulls back, the more softly the further away.
 */
export function outlierPenalty(difference: Value, { weight, temperature }: DifferenceLossOptions): Value {
  const scaled = divide(difference, temperature);
  const below = relu(subtract(-floorInTemperatures, scaled));
  return multiply(add(softplus(scaled), logarithm(add(below, 1))), weight);
}
