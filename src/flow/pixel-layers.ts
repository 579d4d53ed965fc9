/**
 * The layers of PixelCNN++'s network (Salimans, Karpathy, Chen & Kingma 2017, sections 2.3 and 2.4) in either form: as products over [C, H, W, N], or as
 * convolutions over [N, C, H, W].
 */
import type { RandomKey } from "../base/index.ts";
import {
  add,
  concatenatedElu,
  constant,
  exponential,
  gate,
  gemm,
  imageConvolution,
  maskedConvolution,
  multiply,
  type Neighbourhood,
  reshape,
  split,
  transpose,
  type Value,
} from "../graph/index.ts";
import {
  type AffineNormParameters,
  type ArraysOf,
  affineNorm,
  asColumn,
  fitAffineNorm,
  neighbourhoods,
  normal,
  type ParameterSpecification,
  type ParameterTree,
  readingConvolution,
  scatteringConvolution,
  toColumns,
  trainable,
  type ValuesOf,
  writingConvolution,
  zeros,
} from "../nn/index.ts";
import { smallestDeviation } from "./act-norm.ts";
import { layouts, type NetworkForm } from "./network-form.ts";

/** Standard deviation of the last layer's initial weights. */
const lastDeviation = 0.01;

/** A part of the network and its parameters. */
export interface Layer<P extends ParameterTree = ParameterTree> {
  readonly parameters: P;
  createParameters(key: RandomKey): ArraysOf<P>;
  /** What it makes of activations of its form, with its norm as it is or (`fit`, in products alone) fitted to them first. */
  apply(
    parameters: ValuesOf<P>,
    inputs: readonly Value[],
    fit: boolean,
  ): { readonly parameters: ValuesOf<P>; readonly y: Value };
}

/** A linear map of activations; its weight has the outputs first. */
export interface LinearMap {
  readonly shape: readonly number[];
  /** Numbers that an output is a sum of. */
  readonly fanIn: number;
  /** What it makes of activations, plus a bias [out] where there is one. */
  apply(weight: Value, x: Value, bias?: Value): Value;
}

/** The linear maps of a form: of weight, activations, and a bias [out] where there is one. */
interface LinearMaps {
  pointwise(weight: Value, x: Value, bias: Value | undefined): Value;
  reading(weight: Value, x: Value, bias: Value | undefined, neighbourhood: Neighbourhood): Value;
  masked(weight: Value, x: Value, bias: Value | undefined, neighbourhood: Neighbourhood): Value;
  enlarging(weight: Value, x: Value, bias: Value | undefined, neighbourhood: Neighbourhood): Value;
}

const linearMaps: Readonly<Record<NetworkForm, LinearMaps>> = {
  products: {
    pointwise: (weight, x, bias) =>
      biased(reshape(gemm(weight, toColumns(x)), [weight.shape[0]!, ...x.shape.slice(1)]), bias),
    reading: (weight, x, bias, neighbourhood) => {
      const [out, height, width] = [weight.shape[0]!, ...x.shape.slice(1, 3)] as [number, number, number];
      const columns = neighbourhoods(x, neighbourhood);
      const places = [height, width].map((pixels) => pixels / neighbourhood.stride);
      const y = gemm(reshape(weight, [out, columns.shape[0]!]), columns);
      return biased(reshape(y, [out, ...places, x.shape[3]!]), bias);
    },
    masked: (weight, x, bias, neighbourhood) => maskedConvolution(x, weight, bias ?? noBias(weight), neighbourhood),
    enlarging: (weight, x, bias, neighbourhood) => biased(scatteringConvolution(weight, x, neighbourhood), bias),
  },
  convolutions: {
    pointwise: (weight, x, bias) =>
      imageConvolution(x, reshape(weight, [...weight.shape, 1, 1]), bias ?? noBias(weight)),
    reading: (weight, x, bias, neighbourhood) => readingConvolution(x, weight, bias ?? noBias(weight), neighbourhood),
    masked: (weight, x, bias, neighbourhood) =>
      readingConvolution(x, transpose(weight, [0, 2, 1]), bias ?? noBias(weight), neighbourhood),
    enlarging: (weight, x, bias, neighbourhood) => writingConvolution(x, weight, bias ?? noBias(weight), neighbourhood),
  },
};

function biased(y: Value, bias: Value | undefined): Value {
  return bias ? add(y, asColumn(bias, 4)) : y;
}

function noBias(weight: Value): Value {
  return constant(weight.graph, new Float32Array(weight.shape[0] as number), [weight.shape[0] as number]);
}

/** A map whose outputs are sums over a neighbourhood; `fanIn` of so many numbers. */
function around(
  map: LinearMaps["reading"],
  shape: readonly number[],
  fanIn: number,
  neighbourhood: Neighbourhood,
): LinearMap {
  return { shape, fanIn, apply: (weight, x, bias) => map(weight, x, bias, neighbourhood) };
}

/** What every pixel is by itself: weight [out, from]. */
export function pointwise(form: NetworkForm, out: number, from: number): LinearMap {
  return { shape: [out, from], fanIn: from, apply: linearMaps[form].pointwise };
}

/** A convolution of few channels, or one that shrinks: weight [out, from, taps]. */
export function reading(form: NetworkForm, out: number, from: number, neighbourhood: Neighbourhood): LinearMap {
  const { length: taps } = neighbourhood.taps;
  return around(linearMaps[form].reading, [out, from, taps], from * taps, neighbourhood);
}

/** A convolution of many channels: weight [out, taps, from]. */
export function masked(form: NetworkForm, out: number, from: number, neighbourhood: Neighbourhood): LinearMap {
  const { length: taps } = neighbourhood.taps;
  return around(linearMaps[form].masked, [out, taps, from], from * taps, neighbourhood);
}

/** A convolution that enlarges: weight [out, taps, from]. A tap is where it writes. */
export function enlarging(form: NetworkForm, out: number, from: number, neighbourhood: Neighbourhood): LinearMap {
  const { taps, stride } = neighbourhood;
  const fanIn = (from * taps.length) / stride ** 2;
  return around(linearMaps[form].enlarging, [out, taps.length, from], fanIn, neighbourhood);
}

type SumParameters = {
  readonly weights: Readonly<Record<string, ParameterSpecification>>;
  readonly norm: AffineNormParameters;
};

/** The sum of linear maps, one of each input, with an ActNorm behind it. */
export function normalizedSum(out: number, maps: readonly LinearMap[]): Layer<SumParameters> {
  const name = (index: number): string => `from${index}`;
  const each = <T>(make: (map: LinearMap, index: number) => T): Record<string, T> =>
    Object.fromEntries(maps.map((map, index) => [name(index), make(map, index)]));
  const sum = (weights: Readonly<Record<string, Value>>, inputs: readonly Value[], bias?: Value): Value =>
    maps
      .map((map, index) => map.apply(weights[name(index)]!, inputs[index]!, index === 0 ? bias : undefined))
      .reduce((total, part) => add(total, part));
  return {
    parameters: { weights: each(({ shape }) => trainable(...shape)), norm: affineNorm(out) },
    createParameters: (key) => ({
      weights: each(({ shape, fanIn }, index) =>
        normal(
          shape.reduce((product, size) => product * size, 1),
          1 / Math.sqrt(fanIn * maps.length),
          key.fold(name(index)),
        ),
      ),
      norm: { bias: zeros(out), logScale: zeros(out) },
    }),
    apply: ({ weights, norm }, inputs, fit) => {
      if (fit) {
        const raw = sum(weights, inputs);
        const fitted = fitAffineNorm(raw, [out], [1, 2, 3], smallestDeviation);
        const y = multiply(add(raw, asColumn(fitted.bias, 4)), asColumn(exponential(fitted.logScale), 4));
        return { parameters: { weights, norm: fitted }, y };
      }
      const scale = exponential(norm.logScale);
      const scaled = each(({ shape }, index) => multiply(weights[name(index)]!, asColumn(scale, shape.length)));
      return { parameters: { weights, norm }, y: sum(scaled, inputs, multiply(norm.bias, scale)) };
    },
  };
}

type AffineParameters = { readonly weight: ParameterSpecification; readonly bias: ParameterSpecification };

/** A linear map of every pixel, whose results are at first about `initial`. */
export function affine(form: NetworkForm, from: number, initial: Float32Array): Layer<AffineParameters> {
  const { length: out } = initial;
  const map = pointwise(form, out, from);
  return {
    parameters: { weight: trainable(...map.shape), bias: trainable(out) },
    createParameters: (key) => ({ weight: normal(out * from, lastDeviation, key), bias: initial.slice() }),
    apply: ({ weight, bias }, [x]) => ({ parameters: { weight, bias }, y: map.apply(weight, x!, bias) }),
  };
}

type BlockParameters = { readonly conv1: SumParameters; readonly conv2: AffineParameters };

/** A gated residual block over `width` channels that looks aside at others of the same size. */
export function gatedBlock(
  form: NetworkForm,
  width: number,
  neighbourhood: Neighbourhood,
  aside: number,
): Layer<BlockParameters> {
  const first = normalizedSum(width, [
    masked(form, width, 2 * width, neighbourhood),
    ...Array.from({ length: aside }, () => pointwise(form, width, 2 * width)),
  ]);
  const second = masked(form, 2 * width, 2 * width, neighbourhood);
  const { channels } = layouts[form];
  return {
    parameters: { conv1: first.parameters, conv2: { weight: trainable(...second.shape), bias: trainable(2 * width) } },
    createParameters: (key) => ({
      conv1: first.createParameters(key.fold("conv1")),
      conv2: { weight: zeros(second.shape.reduce((product, size) => product * size, 1)), bias: zeros(2 * width) },
    }),
    apply: ({ conv1, conv2 }, inputs, fit) => {
      const activate = (x: Value): Value => concatenatedElu(x, channels);
      const hidden = first.apply(conv1, inputs.map(activate), fit);
      const halves = second.apply(conv2.weight, activate(hidden.y), conv2.bias);
      const [change, opening] = split(halves, channels, [width, width]);
      const y = add(inputs[0]!, multiply(change!, gate(opening!)));
      return { parameters: { conv1: hidden.parameters, conv2 }, y };
    },
  };
}
