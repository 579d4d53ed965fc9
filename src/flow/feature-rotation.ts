/**
 * A frozen random rotation of all D = C H W features of a tensor, in place of a permutation (Schirrmeister et al. 2020, authors' code,
 * invglow/models/glow.py), log-det 0.
 *
 * The authors draw an orthogonal matrix of D x D numbers: 9.4 million at D = 3072, 198 million over the whole flow with the stored
 * inverses. Here it is the Kronecker product of two random orthogonal matrices, left [p, p] and right [q, q], with p q = D and p, q as
 * near sqrt(D) as divisors go: 48 and 64 at D = 3072, 6,400 numbers; 90,624 over the authors' flow, drawn in milliseconds. With x as a matrix X [p, q],
 *   z = (left X right^T)^T = right X^T left^T,
 * two matrix multiplications of D (p + q) products an image instead of D^2. It is as dense as theirs: every output depends on every
 * input. z is transposed, [q, p], which is one more permutation of features. The inverse is left^T z^T right.
 */
import type { ImageShape } from "../base/index.ts";
import { constant, gemm, reshape, transpose, type Value } from "../graph/index.ts";
import { fixed, orthogonal, type ParameterSpecification, toColumns } from "../nn/index.ts";
import { type Bijector, eventShape } from "./bijector.ts";

/** Two rotations whose Kronecker product is the whole one. */
export type FeatureRotationParameters = {
  /** [p, p], orthogonal. */
  readonly left: ParameterSpecification;
  /** [q, q], orthogonal. */
  readonly right: ParameterSpecification;
};

/** A random rotation over all features of a tensor. */
export function featureRotation(shape: ImageShape): Bijector<FeatureRotationParameters> {
  const [p, q] = nearestFactors(shape.channels * shape.height * shape.width);
  const product = (matrix: Value, x: Value, transposeA: boolean): Value =>
    reshape(gemm(matrix, toColumns(x), { transposeA }), x.shape);
  const bijector: Bijector<FeatureRotationParameters> = {
    name: "featureRotation",
    inputShape: shape,
    outputShape: shape,
    parameters: { left: fixed(p, p), right: fixed(q, q) },
    createParameters: (key) => ({
      left: orthogonal(p, key.fold("left")),
      right: orthogonal(q, key.fold("right")),
    }),
    adapt: (parameters, x) => ({ parameters, z: bijector.normalize(parameters, x).z }),
    normalize: ({ left, right }, x) => {
      const rotated = product(left, reshape(x, [p, q, x.shape[3]!]), false);
      const z = product(right, transpose(rotated, [1, 0, 2]), false);
      return { z: reshape(z, eventShape(shape, x)), logDet: constant(x.graph, 0) };
    },
    generate: ({ left, right }, z) => {
      const rotated = product(right, reshape(z, [q, p, z.shape[3]!]), true);
      const x = product(left, transpose(rotated, [1, 0, 2]), true);
      return { x: reshape(x, eventShape(shape, z)), logDet: constant(z.graph, 0) };
    },
  };
  return bijector;
}

/** The p and q with p q = size that are nearest to each other, the smaller first. */
function nearestFactors(size: number): readonly [number, number] {
  let smaller = Math.floor(Math.sqrt(size));
  while (size % smaller !== 0) smaller--;
  return [smaller, size / smaller];
}
