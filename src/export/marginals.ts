/**
 * Marginals in a graph: `normalScore` of `score/statistics/marginals.ts` for many features at once.
 *
 * Terms are some ten thousand nats, and what normal images differ by may be a hundredth of a nat of that: a knot in float32 would be off by as
 * much. So every knot is two numbers, its nearest float32 and what is left, which are taken off one after the other.
 */
import { add, constant, greater, multiply, select, subtract, type Value } from "../graph/index.ts";
import type { Marginal } from "../score/index.ts";

/** x minus constants, one a column of x [N, K], as exact as if the constants were float64. */
export function minusExactly(x: Value, constants: readonly number[]): Value {
  const near = Float32Array.from(constants);
  const left = Float32Array.from(constants, (value, column) => value - near[column]!);
  const shape = [1, constants.length];
  return subtract(subtract(x, constant(x.graph, near, shape)), constant(x.graph, left, shape));
}

/**
 * (z(x) - mean) / deviation of every column of x [N, K] by the column's marginal, mean and deviation: [N, K]. NaN stays NaN, infinities stay
 * infinite.
 */
export function normalScores(
  x: Value,
  marginals: readonly Marginal[],
  mean: readonly number[] = marginals.map(() => 0),
  deviation: readonly number[] = marginals.map(() => 1),
): Value {
  const row = (values: readonly number[]): Value => constant(x.graph, Float32Array.from(values), [1, values.length]);
  /** The line of every column's segment, the last one where it has no more. */
  const line = (segment: number): Value => {
    const lines = marginals.map(({ quantiles, scores }, column) => {
      const index = Math.min(segment, quantiles.length - 2);
      const [low, high] = [quantiles[index]!, quantiles[index + 1]!];
      const slope = (scores[index + 1]! - scores[index]!) / (high - low) / deviation[column]!;
      return { low, slope, start: (scores[index]! - mean[column]!) / deviation[column]! };
    });
    const distance = minusExactly(
      x,
      lines.map(({ low }) => low),
    );
    return add(multiply(distance, row(lines.map(({ slope }) => slope))), row(lines.map(({ start }) => start)));
  };
  const segments = Math.max(...marginals.map(({ quantiles }) => quantiles.length - 1));
  let z = line(0);
  for (let segment = 1; segment < segments; segment++) {
    const knots = marginals.map(({ quantiles }) =>
      segment < quantiles.length - 1 ? quantiles[segment]! : Number.POSITIVE_INFINITY,
    );
    // A knot itself has the same score on both sides, so its rounding does not matter.
    z = select(greater(x, row(knots)), line(segment), z);
  }
  return z;
}
