/**
 * Weights of several scores, learned from normal images and from images known to be anomalous, such as made ones with synthetic faults.
 *
 *   minimise over w >= 0 and b:   mean_normal log(1 + e^(b + w'v)) + mean_anomalous log(1 + e^-(b + w'v)) + lambda/2 |w|^2,   v_k = -log q_k
 *
 * q_k is the image's rank among the normal images under score k, as a share. Logistic regression with both kinds weighing the same, by projected
 * gradient steps; a weight is never negative, so no score speaks for an image that it finds anomalous. A score that only sees what others
 * see better gets a weight near zero. What kinds of faults are shown decides what is learned: keep one kind apart and look.
 */
import { ConfigError, internalError } from "../../base/index.ts";
import { countBelow } from "../statistics/bisection.ts";

const ridge = 1e-3;
const steps = 2000;

/**
 * Weights that tell the anomalous from the normal images, [K], none negative. Both are [K][images]. The images must not be those that the joined
 * score is calibrated on. Throws ConfigError where there are no normal or no anomalous images.
 */
export function learnWeights(normal: readonly ArrayLike<number>[], anomalous: readonly ArrayLike<number>[]): number[] {
  const [n, m] = [normal[0]?.length ?? 0, anomalous[0]?.length ?? 0];
  if (normal.length !== anomalous.length || [...normal].some(({ length }) => length !== n)) {
    throw internalError("weights of other scores or images");
  }
  if (n === 0 || m === 0) {
    throw new ConfigError({
      code: "too-few-images",
      subject: "weights of scores",
      expected: "normal and anomalous images",
      got: `${n} normal and ${m} anomalous ones`,
    });
  }
  const references = normal.map((values) => Float64Array.from(values).sort());
  const voicesOf = (columns: readonly ArrayLike<number>[], own: number): Float64Array[] =>
    columns.map((column, score) =>
      Float64Array.from(column, (value) => {
        const atLeast = n - countBelow(references[score]!, value);
        return -Math.log((1 + atLeast - own) / (n + 1 - own));
      }),
    );
  // A normal image is among the references itself: left out, it is judged as a new one is.
  const voices = [voicesOf(normal, 1), voicesOf(anomalous, 0)] as const;
  return descend(voices, [n, m]);
}

/** Projected gradient descent; the step is the inverse of a bound on the curvature. */
function descend(voices: readonly [Float64Array[], Float64Array[]], counts: readonly [number, number]): number[] {
  const scores = voices[0].length;
  const weights = new Float64Array(scores);
  let bias = 0;
  let squares = 0;
  voices.forEach((columns, kind) => {
    let most = 1;
    for (let image = 0; image < counts[kind]!; image++) {
      most = Math.max(most, 1 + columns.reduce((sum, column) => sum + column[image]! ** 2, 0));
    }
    squares += most;
  });
  const rate = 1 / (squares / 4 + ridge);
  for (let step = 0; step < steps; step++) {
    const gradient = weights.map((weight) => ridge * weight);
    let gradientBias = 0;
    voices.forEach((columns, kind) => {
      for (let image = 0; image < counts[kind]!; image++) {
        const logit = columns.reduce((sum, column, score) => sum + weights[score]! * column[image]!, bias);
        const error = (1 / (1 + Math.exp(-logit)) - kind) / counts[kind]!;
        columns.forEach((column, score) => {
          gradient[score]! += error * column[image]!;
        });
        gradientBias += error;
      }
    });
    gradient.forEach((slope, score) => {
      weights[score] = Math.max(0, weights[score]! - rate * slope);
    });
    bias -= rate * gradientBias;
  }
  return Array.from(weights);
}
