/**
 * Glow's affine coupling (Kingma & Dhariwal 2018, section 3.3). The network is conv 3x3 - ActNorm - ReLU - conv 1x1 - ActNorm - ReLU - conv
 * 3x3 times e^(3 logScale). Its last convolution is zero at first, so that the step starts as a constant scaling. The ActNorms inside have no
 * log-det.
 */
import type { ImageShape } from "../base/index.ts";
import {
  add,
  exponential,
  gemm,
  homogeneousUnfold,
  imageConvolution,
  multiply,
  relu,
  reshape,
  transpose,
  type Value,
} from "../graph/index.ts";
import {
  type AffineNormParameters,
  affineNorm,
  asColumn,
  fitAffineNorm,
  keepingLast,
  matrixMask,
  neighbourhoods,
  normal,
  normalizedConvolution,
  normalizedLinear,
  normalizedMatrix,
  type ParameterSpecification,
  scatteringConvolution,
  trainable,
  type ValuesOf,
  zeros,
} from "../nn/index.ts";
import { smallestDeviation } from "./act-norm.ts";
import type { Bijector } from "./bijector.ts";
import { type CouplingNetwork, coupling, halfOf } from "./coupling.ts";
import type { NetworkForm } from "./network-form.ts";

/** The coupling network's parameters: three convolutions with norms between. */
export type AffineCouplingParameters = {
  /** weight [width, C/2, 3, 3]. */
  readonly conv1: { readonly weight: ParameterSpecification };
  readonly norm1: AffineNormParameters;
  /** weight [width, width]. */
  readonly conv2: { readonly weight: ParameterSpecification };
  readonly norm2: AffineNormParameters;
  /**
   * weight [C, 3, 3, width]: rows 0..C/2-1 give the shift, the others raw; bias and logScale [C]. Tap (ky, kx) writes to the pixel
   * (ky - 1, kx - 1) away, so it is the usual kernel turned by 180 degrees.
   */
  readonly conv3: {
    readonly weight: ParameterSpecification;
    readonly bias: ParameterSpecification;
    readonly logScale: ParameterSpecification;
  };
};

/** Standard deviation of the first two convolutions' initial weights (Schirrmeister et al. 2020, authors' code, invglow/models/glow.py). */
const initialDeviation = 0.05;

/** Affine coupling with a hidden layer of `width` channels. Throws ShapeError for an odd number of channels. */
export function affineCoupling(
  shape: ImageShape,
  width: number,
  form: NetworkForm = "products",
): Bijector<AffineCouplingParameters> {
  const { channels } = shape;
  const half = halfOf("affineCoupling", channels);
  type Values = ValuesOf<AffineCouplingParameters>;

  const hidden1 = ({ conv1 }: Values): Value => reshape(conv1.weight, [width, half * 9]);
  const last = ({ conv3 }: Values): { readonly weight: Value; readonly bias: Value } => {
    const scale = exponential(multiply(conv3.logScale, 3));
    return { weight: multiply(conv3.weight, asColumn(scale, 4)), bias: multiply(conv3.bias, scale) };
  };

  const products = (parameters: Values, a: Value): Value => {
    const { conv2, norm1, norm2 } = parameters;
    const first = relu(gemm(keepingLast(normalizedMatrix(hidden1(parameters), norm1)), homogeneousUnfold(a)));
    const second = relu(gemm(normalizedMatrix(conv2.weight, norm2), first));
    const { weight, bias } = last(parameters);
    return add(scatteringConvolution(weight, reshape(second, [width, ...a.shape.slice(1)])), asColumn(bias, 4));
  };
  const convolutions = (parameters: Values, a: Value): Value => {
    const { conv1, norm1, conv2, norm2 } = parameters;
    const first = relu(normalizedConvolution(conv1.weight, norm1, a));
    const second = relu(normalizedConvolution(reshape(conv2.weight, [width, width, 1, 1]), norm2, first));
    const { weight, bias } = last(parameters);
    return imageConvolution(second, turned(weight), bias);
  };

  const network: CouplingNetwork<AffineCouplingParameters> = {
    parameters: {
      conv1: { weight: trainable(width, half, 3, 3) },
      norm1: affineNorm(width),
      conv2: { weight: trainable(width, width) },
      norm2: affineNorm(width),
      conv3: { weight: trainable(channels, 3, 3, width), bias: trainable(channels), logScale: trainable(channels) },
    },
    createParameters: (key) => ({
      conv1: { weight: normal(width * half * 9, initialDeviation, key.fold("conv1")) },
      norm1: { bias: zeros(width), logScale: zeros(width) },
      conv2: { weight: normal(width * width, initialDeviation, key.fold("conv2")) },
      norm2: { bias: zeros(width), logScale: zeros(width) },
      conv3: { weight: zeros(channels * 9 * width), bias: zeros(channels), logScale: zeros(channels) },
    }),
    adapt: (parameters, a) => {
      const columns = neighbourhoods(a);
      const norm1 = fitAffineNorm(gemm(hidden1(parameters), columns), [width], [1], smallestDeviation);
      const first = relu(normalizedLinear(hidden1(parameters), norm1, columns));
      const norm2 = fitAffineNorm(gemm(parameters.conv2.weight, first), [width], [1], smallestDeviation);
      return { ...parameters, norm1, norm2 };
    },
    apply: form === "products" ? products : convolutions,
  };
  return coupling("affineCoupling", shape, network, form);
}

/** A kernel by where it reads, [O, I, 3, 3], from one by where it writes, [O, 3, 3, I]: the usual order of axes, turned by 180 degrees. */
function turned(weight: Value): Value {
  const [outputs, , , inputs] = weight.shape as readonly number[] as [number, number, number, number];
  const taps = reshape(transpose(weight, [0, 3, 1, 2]), [outputs * inputs, 9]);
  const reversal = matrixMask(weight.graph, 9, (row, column) => row + column === 8);
  return reshape(gemm(taps, reversal), [outputs, inputs, 3, 3]);
}
