/**
 * The prior of one scale's latents (Schirrmeister et al. 2020, authors' code, invglow/models/glow.py): an ActNorm over every single
 * dimension, u = (z + bias) e^logScale, then a standard normal. Equivalent to a learned diagonal Gaussian, and unconditional: it does not look at the other scales. The fully-connected
 * Glow normalises its features by the same ActNorm.
 */
import type { ImageShape } from "../base/index.ts";
import {
  add,
  constant,
  exponential,
  multiply,
  negate,
  reduceSum,
  reshape,
  subtract,
  type Value,
} from "../graph/index.ts";
import { type AffineNormParameters, affineNorm, fitAffineNorm, zeros } from "../nn/index.ts";
import { type Bijector, eventShape } from "./bijector.ts";

/**
 * Keeps the scale of a dimension that never varies finite. Dequantisation noise alone has a deviation of 1/256/sqrt(12) = 1.1e-3.
 */
const smallestDeviation = 1e-3;

/** The ActNorm over every dimension of a tensor, as a bijector: z [C, H, W, N] to u of the same shape. */
export function dimensionNorm(shape: ImageShape): Bijector<AffineNormParameters> {
  const { channels, height, width } = shape;
  const size = channels * height * width;
  const spread = (parameter: Value): Value => reshape(parameter, [channels, height, width, 1]);
  const bijector: Bijector<AffineNormParameters> = {
    name: "dimensionNorm",
    inputShape: shape,
    outputShape: shape,
    parameters: affineNorm(channels, height, width),
    createParameters: () => ({ bias: zeros(size), logScale: zeros(size) }),
    adapt: (_, z) => {
      const parameters = fitAffineNorm(z, [channels, height, width], [3], smallestDeviation);
      return { parameters, z: bijector.normalize(parameters, z).z };
    },
    normalize: ({ bias, logScale }, x) => ({
      z: multiply(add(x, spread(bias)), spread(exponential(logScale))),
      logDet: reduceSum(logScale),
    }),
    normalizeByPlace: (parameters, x) => ({
      z: bijector.normalize(parameters, x).z,
      logDet: reshape(reduceSum(parameters.logScale, [0]), [height, width, 1]),
    }),
    generate: ({ bias, logScale }, z) => ({
      x: subtract(multiply(z, spread(exponential(negate(logScale)))), spread(bias)),
      logDet: negate(reduceSum(logScale)),
    }),
  };
  return bijector;
}

/** log N(u; 0, I) per image [N], in nats, for u [C, H, W, N]. */
export function standardNormalLogDensity(u: Value, shape: ImageShape): Value {
  const dimensions = shape.channels * shape.height * shape.width;
  const squares = reduceSum(multiply(reshape(u, eventShape(shape, u)), u), [0, 1, 2]);
  return subtract(multiply(squares, -0.5), constant(u.graph, 0.5 * dimensions * Math.log(2 * Math.PI)));
}

/** The same by place: [H, W, N], which sum to it. */
export function standardNormalLogDensityByPlace(u: Value, { channels }: ImageShape): Value {
  const squares = reduceSum(multiply(u, u), [0]);
  return subtract(multiply(squares, -0.5), constant(u.graph, 0.5 * channels * Math.log(2 * Math.PI)));
}
