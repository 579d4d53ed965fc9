/**
 * What a cell flow minimises, in nats a dimension. With lp the log-likelihood of a cell, D its dimensions, d = lp - lp_plain, where the plain flow is frozen:
 *
 *   plain flow:      L = mean -lp / D
 *   the other one:   L = mean_clean -lp / D + weight (mean_faulty softplus(d / T) + symmetric mean_clean softplus(-d / T))
 *
 * The outlier loss (Schirrmeister et al. 2020, equation 2) cell by cell, held above its floor by `outlierPenalty`; the second half of it keeps clean cells
 * from following faulty ones down.
 */
import type { ImageShape } from "../base/index.ts";
import { cellSide } from "../faults/portable.ts";
import type { Flow } from "../flow/index.ts";
import { add, multiply, negate, reduceSum, subtract, type Value } from "../graph/index.ts";
import { outlierPenalty } from "../nn/index.ts";
import type { Objective } from "../train/index.ts";
import { cellDimensions, cellTerms } from "./flow.ts";

/** Settings of the outlier loss on cells. */
export interface CellLossSettings {
  /** lambda / D. */
  readonly weight: number;
  /** T / D. */
  readonly temperature: number;
  /** What the loss of clean cells counts beside that of faulty ones. */
  readonly symmetric: number;
}

function batchShapes({ channels, height, width }: ImageShape, batchSize: number) {
  const cells = [height / cellSide, width / cellSide, batchSize];
  return { x: [channels, height, width, batchSize], cells };
}

/** log p of every cell, all scales together: [H/8, W/8, N]. */
export function cellLikelihoods(flow: Flow, parameters: Parameters<Objective["measure"]>[0], x: Value): Value {
  return cellTerms(flow, parameters, x).reduce((sum, term) => add(sum, term));
}

/** The mean negative log-likelihood of the cells of x [C, S, S, N], in nats a dimension. */
export function plainCells(flow: Flow): Objective {
  return {
    model: flow,
    inputShapes: (batchSize) => ({ x: batchShapes(flow.inputShape, batchSize).x }),
    measure: (parameters, { x }) => {
      const { channels, height, width } = flow.inputShape;
      const dimensions = channels * height * width * (x!.shape[3] as number);
      return { loss: multiply(reduceSum(cellLikelihoods(flow, parameters, x!)), -1 / dimensions), measures: {} };
    },
  };
}

/**
 * The likelihood of clean cells and the outlier loss. Inputs: x [C, S, S, N]; `labels`, 1 for a faulty cell, and `weights`, by which faulty and clean cells
 * count one half each in all; `reference`, their log-likelihoods under the plain flow: [S/8, S/8, N].
 */
export function outlierCells(flow: Flow, { weight, temperature, symmetric }: CellLossSettings): Objective {
  const dimensions = cellDimensions(flow.inputShape);
  const penalty = { weight, temperature: temperature * dimensions };
  return {
    model: flow,
    inputShapes: (batchSize) => {
      const { x, cells } = batchShapes(flow.inputShape, batchSize);
      return { x, labels: cells, weights: cells, reference: cells };
    },
    measure: (parameters, { x, labels, weights, reference }) => {
      const likelihoods = cellLikelihoods(flow, parameters, x!);
      const difference = subtract(likelihoods, reference!);
      const faulty = multiply(multiply(weights!, labels!), 2);
      const clean = subtract(multiply(weights!, 2), faulty);
      const mean = (own: Value, values: Value): Value => reduceSum(multiply(own, values));
      const likelihood = multiply(mean(clean, likelihoods), -1 / dimensions);
      const outlierLoss = mean(faulty, outlierPenalty(difference, penalty));
      const cleanLoss = multiply(mean(clean, outlierPenalty(negate(difference), penalty)), symmetric);
      return { loss: add(likelihood, add(outlierLoss, cleanLoss)), measures: { likelihood, outlierLoss, cleanLoss } };
    },
  };
}
