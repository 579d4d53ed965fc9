/**
 * How far an image is from the images nearest to it: the distance to the neighbour that a twentieth of the pile is nearer than, so that a few strays that are alike
 * are not neighbours enough for each other (after Ramaswamy et al. 2000). Directions in which features vary much count less: a Mahalanobis distance whose covariance is
 * drawn far towards a sphere. Pure.
 */
import { choleskyFactor, columnMoments, type LowerTriangle } from "../statistics/covariance.ts";
import { ridgedScatter } from "./layout.ts";
import { evenly } from "./local-features.ts";

/** The share of a pile that is nearer than the neighbour that counts. */
const nearerShare = 0.05;

/** What is added to every feature's variance, in mean variances. */
const ridge = 10;

/** Images that others are compared with: of more, some, evenly. */
const mostCompared = 2000;

/** How far every row is from its neighbour, itself not counted: among all rows, or among those with the indices `among`, which are taken for usual. */
export function neighbourDistances(
  rows: readonly Float64Array[],
  among: readonly number[] = [...rows.keys()],
): Float64Array {
  const compared = evenly(among.length, mostCompared).map((at) => among[at]!);
  const width = rows[0]?.length ?? 0;
  const { mean, deviation } = columnMoments(
    compared.map((image) => rows[image]!),
    width,
  );
  const from = (row: Float64Array): Float64Array => row.map((value, k) => value - mean[k]!);
  const variance = deviation.reduce((sum, value) => sum + (value * value) / width, 0);
  const scatter = ridgedScatter(
    compared.map((image) => from(rows[image]!)),
    Math.max(ridge * variance, Number.EPSILON),
  );
  const factor = choleskyFactor(scatter);
  const placed = rows.map((row) => whitened(factor, from(row)));
  const nearer = Math.max(1, Math.round(nearerShare * compared.length));
  return Float64Array.from(placed, (own, image) => {
    const others = compared.filter((other) => other !== image);
    const distances = Float64Array.from(others, (other) => squaredDistance(own, placed[other]!)).sort();
    return Math.sqrt(distances[nearer - 1] ?? 0);
  });
}

/** The y with L y = v. */
function whitened(factor: LowerTriangle, vector: Float64Array): Float64Array {
  const solution = new Float64Array(vector.length);
  for (let i = 0; i < vector.length; i++) {
    const row = factor[i]!;
    let sum = vector[i]!;
    for (let k = 0; k < i; k++) sum -= row[k]! * solution[k]!;
    solution[i] = sum / row[i]!;
  }
  return solution;
}

function squaredDistance(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += (one[k]! - other[k]!) ** 2;
  return sum;
}
