/**
 * ActNorm followed by the invertible 1x1 convolution, as one matrix multiplication per pixel:
 * W ((x + bias) e^logScale) = (W diag(e^logScale)) x + (W diag(e^logScale)) bias. The same map as the two bijectors in a row, with one
 * pass over the activations instead of three.
 */
import type { ImageShape } from "../base/index.ts";
import {
  add,
  exponential,
  gemm,
  imageConvolution,
  multiply,
  negate,
  reduceSum,
  reshape,
  subtract,
  type Value,
} from "../graph/index.ts";
import { type AffineNormParameters, asColumn, toColumns, type ValuesOf } from "../nn/index.ts";
import { actNorm } from "./act-norm.ts";
import { type Bijector, evenly, eventShape } from "./bijector.ts";
import { invertibleConvolution, type LuParameters, luInverse, luMatrix } from "./invertible-convolution.ts";
import { layouts, type NetworkForm } from "./network-form.ts";

/** The parameters of both parts. */
export type ChannelMixingParameters = {
  readonly actNorm: AffineNormParameters;
  readonly convolution: LuParameters;
};

/** ActNorm and invertible 1x1 convolution over the channels of a tensor, computed in some form on the way to the latents. */
export function channelMixing(shape: ImageShape, form: NetworkForm = "products"): Bijector<ChannelMixingParameters> {
  const norm = actNorm(shape);
  const convolution = invertibleConvolution(shape);
  const pixels = shape.height * shape.width;
  const logDet = (parameters: ValuesOf<ChannelMixingParameters>): Value =>
    multiply(add(reduceSum(parameters.actNorm.logScale), reduceSum(parameters.convolution.logDiagonal)), pixels);

  const bijector: Bijector<ChannelMixingParameters> = {
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
      const z = form === "products" ? gemm(weight, toColumns(x), { bias }) : pixelwise(weight, bias, x);
      return { z: reshape(z, eventShape(shape, x)), logDet: logDet(parameters) };
    },
    normalizeByPlace: (parameters, x) => evenly(bijector, parameters, x),
    generate: (parameters, z) => {
      const scale = asColumn(exponential(negate(parameters.actNorm.logScale)), 2);
      const weight = multiply(luInverse(parameters.convolution), scale);
      const x = reshape(gemm(weight, toColumns(z)), eventShape(shape, z));
      return { x: subtract(x, asColumn(parameters.actNorm.bias, 4)), logDet: negate(logDet(parameters)) };
    },
  };
  return bijector;
}

/** W x + bias at every pixel of x [C, H, W, N] as a 1x1 convolution; W is [C, C], bias [C, 1]. */
function pixelwise(weight: Value, bias: Value, x: Value): Value {
  const { enter, leave } = layouts.convolutions;
  const [channels] = weight.shape;
  return leave(imageConvolution(enter(x), reshape(weight, [channels!, channels!, 1, 1]), reshape(bias, [channels!])));
}
