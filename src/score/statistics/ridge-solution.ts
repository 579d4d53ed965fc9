/**
 * Solves (S + ridge I) x = b, where S is the weighted mean of the outer products of rows, without making S: conjugate gradients (Hestenes and Stiefel 1952), of which
 * each step costs two passes over the rows. Rows of many features and few images cost little then, where a factorization would cost the cube of the features. Pure.
 */

/** The share of the first residual's length at which it is done, and the most steps: the ridge keeps the condition small. */
const tolerance = 1e-6;
const mostSteps = 200;

/** Rows with a weight each, all 1 unless given. */
export interface WeightedRows {
  readonly rows: readonly ArrayLike<number>[];
  readonly weights?: ArrayLike<number>;
}

/** The x of (S + ridge I) x = target. `ridge` is above 0. */
export function solveRidged({ rows, weights }: WeightedRows, ridge: number, target: Float64Array): Float64Array {
  const width = target.length;
  const total = weights ? Array.from(weights).reduce((sum, weight) => sum + weight, 0) : rows.length;
  const times = (vector: Float64Array): Float64Array => {
    const result = vector.map((value) => ridge * value);
    for (const [at, row] of rows.entries()) {
      const share = (weights?.[at] ?? 1) / total;
      if (share === 0) continue;
      let along = 0;
      for (let k = 0; k < width; k++) along += row[k]! * vector[k]!;
      along *= share;
      for (let k = 0; k < width; k++) result[k]! += along * row[k]!;
    }
    return result;
  };
  const solution = new Float64Array(width);
  const residual = Float64Array.from(target);
  const direction = Float64Array.from(target);
  let square = squareOf(residual);
  const enough = square * tolerance ** 2;
  for (let step = 0; step < mostSteps && square > enough; step++) {
    const turned = times(direction);
    let curvature = 0;
    for (let k = 0; k < width; k++) curvature += direction[k]! * turned[k]!;
    const length = square / curvature;
    for (let k = 0; k < width; k++) {
      solution[k]! += length * direction[k]!;
      residual[k]! -= length * turned[k]!;
    }
    const next = squareOf(residual);
    for (let k = 0; k < width; k++) direction[k] = residual[k]! + (next / square) * direction[k]!;
    square = next;
  }
  return solution;
}

function squareOf(vector: Float64Array): number {
  return vector.reduce((sum, value) => sum + value * value, 0);
}
