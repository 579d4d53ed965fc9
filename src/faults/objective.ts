/** What the training of a fault network minimises: the weighted cross-entropy of its cells. */
import { logSigmoid, multiply, negate, reduceSum, subtract } from "../graph/index.ts";
import type { Objective } from "../train/index.ts";
import type { FaultNetwork } from "./network.ts";
import { cellSide } from "./synthetic/cells.ts";

/**
 * The cross-entropy of logits z with labels y in {0, 1}, cell by cell:
 *
 *   L = sum w (softplus(z) - y z)
 *
 * Inputs: x [C, S, S, N], `labels` and `weights` [S/8, S/8, N]. The weights of a batch say what counts how much; where they add up to 1 the loss is
 * a mean, and ln 2 at first.
 */
export function faultDetection(network: FaultNetwork, side: number): Objective {
  const cells = side / cellSide;
  return {
    model: {
      inputShape: { channels: network.size.channels, height: side, width: side },
      parameters: network.parameters,
      createParameters: network.createParameters,
      // What training calls adapting comes after it here: the norms are settled on a batch.
      adapt: (parameters, x) => network.settle(parameters, x),
    },
    inputShapes: (batchSize) => ({
      x: [network.size.channels, side, side, batchSize],
      labels: [cells, cells, batchSize],
      weights: [cells, cells, batchSize],
    }),
    measure: (parameters, { x, labels, weights }) => {
      const logits = network.logits(parameters, x!);
      // y log s(z) + (1 - y) log s(-z), and log s(-z) = log s(z) - z
      const likelihood = subtract(logSigmoid(logits), multiply(logits, subtract(1, labels!)));
      const loss = negate(reduceSum(multiply(weights!, likelihood)));
      return { loss, measures: {} };
    },
  };
}
