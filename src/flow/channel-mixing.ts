/**
 * ActNorm followed by the invertible 1x1 convolution, as one matrix multiplication per pixel:
 * W ((x + bias) e^logScale) = (W diag(e^logScale)) x + (W diag(e^logScale)) bias. The same map as the two bijectors in a row, with one
 * pass over the activations in place of three.
 */
import { add, exponential, gemm, multiply, negate, reduceSum, reshape, subtract, type Value } from "../graph/index.ts";
import { type AffineNormParameters, asColumn, toColumns, type ValuesOf } from "../nn/index.ts";
import { actNorm } from "./act-norm.ts";
import { type Bijector, type EventShape, eventShape } from "./bijector.ts";
import { invertibleConvolution, type LuParameters, luInverse, luMatrix } from "./invertible-convolution.ts";

export type ChannelMixingParameters = {
  readonly actNorm: AffineNormParameters;
  readonly convolution: LuParameters;
};

/** ActNorm and invertible 1x1 convolution over the channels of a tensor. */
export function channelMixing(shape: EventShape): Bijector<ChannelMixingParameters> {
  const norm = actNorm(shape);
  const convolution = invertibleConvolution(shape);
  const pixels = shape.height * shape.width;
  const logDet = (parameters: ValuesOf<ChannelMixingParameters>): Value =>
    multiply(add(reduceSum(parameters.actNorm.logScale), reduceSum(parameters.convolution.logDiagonal)), pixels);

  return {
    name: "channelMixing",
    inputShape: shape,
    outputShape: shape,
    parameters: { actNorm: norm.parameters, convolution: convolution.parameters },
    createParameters: (key) => ({
      actNorm: norm.createParameters(key.fold("actNorm")),
      convolution: convolution.createParameters(key.fold("convolution")),
    }),
    adapt: (parameters, x) => {
      const adapted = norm.adapt(parameters.actNorm, x);
      const { z } = convolution.normalize(parameters.convolution, adapted.z);
      return { parameters: { ...parameters, actNorm: adapted.parameters }, z };
    },
    normalize: (parameters, x) => {
      const scale = reshape(exponential(parameters.actNorm.logScale), [1, shape.channels]);
      const weight = multiply(luMatrix(parameters.convolution), scale);
      const bias = gemm(weight, asColumn(parameters.actNorm.bias, 2));
      return { z: reshape(gemm(weight, toColumns(x), { bias }), eventShape(shape, x)), logDet: logDet(parameters) };
    },
    generate: (parameters, z) => {
      const scale = asColumn(exponential(negate(parameters.actNorm.logScale)), 2);
      const weight = multiply(luInverse(parameters.convolution), scale);
      const x = reshape(gemm(weight, toColumns(z)), eventShape(shape, z));
      return { x: subtract(x, asColumn(parameters.actNorm.bias, 4)), logDet: negate(logDet(parameters)) };
    },
  };
}
