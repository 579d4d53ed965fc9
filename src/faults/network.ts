/**
 * The network that looks for local faults: from an image to a logit for every cell of 8x8 pixels.
 *
 *   3x3 conv - norm - ReLU     with 16, 32, 32, 64, 64, 128, 128 channels, every second pixel kept where 32, 64 and 128 begin
 *   1x1 conv                   to one logit; zero at first
 *
 * 0.29 million weights for grey images. A logit sees 45 pixels. While the network is trained, a norm gives every channel mean 0 and deviation 1
 * over the batch before it is scaled and moved (batch normalisation, Ioffe & Szegedy 2015); afterwards `settle` puts the mean and deviation
 * over many crops into the norm, which scoring folds into the weights before it.
 */
import { type RandomKey, staticDimension } from "../base/index.ts";
import {
  add,
  constant,
  divide,
  exponential,
  type Graph,
  gemm,
  imageConvolution,
  logarithm,
  multiply,
  type Neighbourhood,
  reduceSum,
  relu,
  reshape,
  square,
  squareRoot,
  subtract,
  type Value,
  within,
} from "../graph/index.ts";
import {
  type AffineNormParameters,
  type ArraysOf,
  affineNorm,
  asColumn,
  layoutOf,
  neighbourhoods,
  normal,
  type ParameterSpecification,
  type ParameterTree,
  type ParameterVectors,
  parameterData,
  toColumns,
  trainable,
  type ValuesOf,
  zeros,
} from "../nn/index.ts";

/** Half the side of what a logit sees beyond its cell, rounded up to whole cells, in pixels. */
export const visibleMargin = 24;

/** Size of the network: channels of the images, and of its first layer. */
export interface FaultNetworkSize {
  readonly channels: number;
  /** 16 in the description above. */
  readonly width: number;
}

/** weight [out, in, 3, 3]; the norm is ((z - mean) / deviation) e^logScale + bias in training, (z + bias) e^logScale once it is settled. */
type LayerParameters = { readonly weight: ParameterSpecification; readonly norm: AffineNormParameters };

type HeadParameters = { readonly weight: ParameterSpecification; readonly bias: ParameterSpecification };

/** The network as functions of its parameters. */
export interface FaultNetwork {
  readonly size: FaultNetworkSize;
  readonly parameters: ParameterTree;
  /** Fresh parameters, before any data is seen. */
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Logits [H/8, W/8, N] of x [C, H, W, N], channels normalised over the batch: the form that is trained. */
  logits(parameters: ValuesOf<ParameterTree>, x: Value): Value;
  /** Trained parameters with norms that do to any image what they do to the batch x [C, H, W, N]: the form that scores takes these. */
  settle(parameters: ValuesOf<ParameterTree>, x: Value): ValuesOf<ParameterTree>;
  /** Logits [N, H/8, W/8] of x [N, C, H, W] as convolutions with constant weights, under settled parameters. */
  scoringLogits(graph: Graph, parameters: ParameterVectors, x: Value): Value;
}

/** Added to a channel's variance, so that one that is constant over a batch stays finite. */
const leastVariance = 1e-5;

/** The 3x3 pixels around every second one, zero outside: a convolution with stride 2 and padding 1, as PyTorch's conv2d has it. */
export const secondPixels: Neighbourhood = { taps: square.taps, stride: 2 };

interface LayerSize {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly strided: boolean;
}

/** The network of a size. */
export function faultNetwork(size: FaultNetworkSize): FaultNetwork {
  const layers = layersOf(size);
  const last = layers.at(-1)!.to;
  const run = (parameters: ValuesOf<ParameterTree>, x: Value) => {
    const settled: [string, ValuesOf<LayerParameters>][] = [];
    let y = x;
    for (const layer of layers) {
      const { weight, norm } = parameters[layer.name] as ValuesOf<LayerParameters>;
      const applied = within(x.graph, layer.name, () => applyLayer(layer, weight, norm, y));
      settled.push([layer.name, { weight, norm: applied.settled }]);
      y = applied.y;
    }
    const used: ValuesOf<ParameterTree> = { ...parameters, ...Object.fromEntries(settled) };
    return { used, y };
  };
  return {
    size,
    parameters: {
      ...Object.fromEntries(
        layers.map(({ name, from, to }) => [name, { weight: trainable(to, from, 3, 3), norm: affineNorm(to) }]),
      ),
      head: { weight: trainable(1, last), bias: trainable(1) },
    },
    createParameters: (key) => {
      const head: ArraysOf<HeadParameters> = { weight: zeros(last), bias: zeros(1) };
      const drawn = layers.map(({ name, from, to }): [string, ArraysOf<LayerParameters>] => {
        const norm = { bias: zeros(to), logScale: zeros(to) };
        return [name, { weight: heNormal(to, 9 * from, key.fold(name)), norm }];
      });
      return { ...Object.fromEntries(drawn), head };
    },
    settle: (parameters, x) => run(parameters, x).used,
    logits: (parameters, x) => {
      const { y } = run(parameters, x);
      const head = parameters.head as ValuesOf<HeadParameters>;
      return reshape(gemm(head.weight, toColumns(y), { bias: asColumn(head.bias, 2) }), y.shape.slice(1));
    },
    scoringLogits: (graph, parameters, x) => scoringLogits(graph, layers, parameterReader(size, parameters), x),
  };
}

function layersOf({ channels, width }: FaultNetworkSize): readonly LayerSize[] {
  const widths = [width, 2 * width, 2 * width, 4 * width, 4 * width, 8 * width, 8 * width];
  return widths.map((to, index) => ({
    name: `layer${index}`,
    from: index === 0 ? channels : widths[index - 1]!,
    to,
    strided: index % 2 === 1,
  }));
}

/** conv - norm over the batch - ReLU, and the norm that does the same whatever the batch. */
function applyLayer(
  { to, strided }: LayerSize,
  weight: Value,
  norm: ValuesOf<AffineNormParameters>,
  x: Value,
): { readonly settled: ValuesOf<AffineNormParameters>; readonly y: Value } {
  const columns = neighbourhoods(x, strided ? secondPixels : undefined);
  const product = gemm(reshape(weight, [to, columns.shape[0]!]), columns);
  const share = 1 / staticDimension(product.shape[1], "fault network");
  const mean = multiply(reduceSum(product, [1], true), share);
  const centred = subtract(product, mean);
  const deviation = squareRoot(add(multiply(reduceSum(multiply(centred, centred), [1], true), share), leastVariance));
  const scale = exponential(asColumn(norm.logScale, 2));
  const shift = asColumn(norm.bias, 2);
  const normalized = add(multiply(centred, divide(scale, deviation)), shift);
  const [height, width] = (x.shape.slice(1, 3) as number[]).map((side) => (strided ? side / 2 : side));
  const y = relu(reshape(normalized, [to, height!, width!, x.shape[3]!]));
  // (z + bias) e^logScale = (z - mean) e^s / deviation + shift
  const settled = {
    bias: reshape(subtract(multiply(shift, divide(deviation, scale)), mean), [to]),
    logScale: reshape(subtract(asColumn(norm.logScale, 2), logarithm(deviation)), [to]),
  };
  return { settled, y };
}

/** Normal weights [out, in] with variance 2/in, which keeps the size of activations through ReLU (He et al. 2015). */
function heNormal(out: number, inputs: number, key: RandomKey): Float32Array {
  return normal(out * inputs, Math.sqrt(2 / inputs), key);
}

/** Around every second pixel, as `secondPixels` has it. */
const everySecond = { pads: [1, 1, 1, 1], stride: 2 } as const;

/** The numbers of a parameter by its name. */
type ParameterReader = (name: string) => Float32Array;

function parameterReader(size: FaultNetworkSize, vectors: ParameterVectors): ParameterReader {
  const entries = new Map(layoutOf(faultNetwork(size).parameters).entries.map((entry) => [entry.name, entry]));
  return (name) => parameterData(entries.get(name)!, vectors);
}

function scoringLogits(graph: Graph, layers: readonly LayerSize[], read: ParameterReader, x: Value): Value {
  let y = x;
  for (const { name, from, to, strided } of layers) {
    y = within(graph, name, () => {
      const scale = read(`${name}.norm.logScale`).map(Math.exp);
      const bias = read(`${name}.norm.bias`).map((value, channel) => value * scale[channel]!);
      const folded = read(`${name}.weight`).map((value, index) => value * scale[Math.floor(index / (9 * from))]!);
      const kernel = constant(graph, folded, [to, from, 3, 3]);
      return relu(imageConvolution(y, kernel, constant(graph, bias, [to]), strided ? everySecond : undefined));
    });
  }
  const last = layers.at(-1)!.to;
  const weight = constant(graph, read("head.weight"), [1, last, 1, 1]);
  const logits = imageConvolution(y, weight, constant(graph, read("head.bias"), [1]));
  return reshape(logits, [logits.shape[0]!, logits.shape[2]!, logits.shape[3]!]);
}
