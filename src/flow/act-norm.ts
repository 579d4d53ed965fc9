/**
 * ActNorm: z = (x + bias) e^logScale per channel, log-det H W sum(logScale) (Kingma & Dhariwal 2018, section 3.1).
 * The first data gives every channel mean 0 and standard deviation 1.
 */
import type { ImageShape } from "../base/index.ts";
import { add, exponential, multiply, negate, reduceSum, subtract } from "../graph/index.ts";
import { type AffineNormParameters, affineNorm, asColumn, fitAffineNorm, zeros } from "../nn/index.ts";
import { type Bijector, evenly } from "./bijector.ts";

/** Keeps the scale of a constant channel finite (Schirrmeister et al. 2020, authors' code, invglow/invertible/actnorm.py). */
export const smallestDeviation = 1e-6;

/** ActNorm over the channels of a tensor. */
export function actNorm(shape: ImageShape): Bijector<AffineNormParameters> {
  const pixels = shape.height * shape.width;
  const bijector: Bijector<AffineNormParameters> = {
    name: "actNorm",
    inputShape: shape,
    outputShape: shape,
    parameters: affineNorm(shape.channels),
    createParameters: () => ({ bias: zeros(shape.channels), logScale: zeros(shape.channels) }),
    adapt: (_, x) => {
      const parameters = fitAffineNorm(x, [shape.channels], [1, 2, 3], smallestDeviation);
      return { parameters, z: bijector.normalize(parameters, x).z };
    },
    normalize: ({ bias, logScale }, x) => ({
      z: multiply(add(x, asColumn(bias, 4)), asColumn(exponential(logScale), 4)),
      logDet: multiply(reduceSum(logScale), pixels),
    }),
    normalizeByPlace: (parameters, x) => evenly(bijector, parameters, x),
    generate: ({ bias, logScale }, z) => ({
      x: subtract(multiply(z, asColumn(exponential(negate(logScale)), 4)), asColumn(bias, 4)),
      logDet: multiply(reduceSum(logScale), -pixels),
    }),
  };
  return bijector;
}
