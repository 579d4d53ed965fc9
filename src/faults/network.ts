/**
 * The network that looks for local faults: from an image to a logit for every cell of 8x8 pixels.
 *
 *   3x3 conv - ActNorm - ReLU  with 16, 32, 32, 64, 64, 128, 128 channels, every second pixel kept where 32, 64 and 128 begin
 *   1x1 conv                   to one logit; zero at first
 *
 * 0.29 million weights for grey images. A logit sees 45 pixels. The norms are fitted once to the first data, trained from there on, and
 * folded into the weights before them.
 */
import type { RandomKey } from "../base/index.ts";
import { constant, type Graph, gemm, imageConvolution, relu, reshape, type Value, within } from "../graph/index.ts";
import {
  type AffineNormParameters,
  type ArraysOf,
  affineNorm,
  asColumn,
  fitAffineNorm,
  layoutOf,
  neighbourhoods,
  normal,
  normalizedLinear,
  type ParameterSpecification,
  type ParameterTree,
  type ParameterVectors,
  parameterData,
  toColumns,
  trainable,
  type ValuesOf,
  zeros,
} from "../nn/index.ts";
import { blocksAsChannels, kernelOverBlocks, stridedNeighbourhoods } from "./strided-convolution.ts";

/** Half the side of what a logit sees beyond its cell, rounded up to whole cells, in pixels. */
export const visibleMargin = 24;

/** Size of the network: channels of the images, and of its first layer. */
export interface FaultNetworkSize {
  readonly channels: number;
  /** 16 in the description above. */
  readonly width: number;
}

/** weight [out, in, 3, 3]. */
type LayerParameters = { readonly weight: ParameterSpecification; readonly norm: AffineNormParameters };

type HeadParameters = { readonly weight: ParameterSpecification; readonly bias: ParameterSpecification };

/** The network as functions of its parameters. */
export interface FaultNetwork {
  readonly size: FaultNetworkSize;
  readonly parameters: ParameterTree;
  /** Fresh parameters, before any data is seen. */
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Parameters with the norms fitted to x [C, H, W, N]. */
  adapt(parameters: ValuesOf<ParameterTree>, x: Value): ValuesOf<ParameterTree>;
  /** Logits [H/8, W/8, N] of x [C, H, W, N]: the form that is trained. */
  logits(parameters: ValuesOf<ParameterTree>, x: Value): Value;
  /** Logits [N, H/8, W/8] of x [N, C, H, W] as convolutions with constant weights: the form that scores. */
  scoringLogits(graph: Graph, parameters: ParameterVectors, x: Value): Value;
}

/** Keeps the scale of a channel that the first data leaves constant finite. */
const smallestDeviation = 1e-3;

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
  const run = (parameters: ValuesOf<ParameterTree>, x: Value, fit: boolean) => {
    const fitted: [string, ValuesOf<LayerParameters>][] = [];
    let y = x;
    for (const layer of layers) {
      const { weight, norm } = parameters[layer.name] as ValuesOf<LayerParameters>;
      const applied = within(x.graph, layer.name, () => applyLayer(layer, weight, norm, y, fit));
      fitted.push([layer.name, { weight, norm: applied.norm }]);
      y = applied.y;
    }
    const used: ValuesOf<ParameterTree> = { ...parameters, ...Object.fromEntries(fitted) };
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
    adapt: (parameters, x) => run(parameters, x, true).used,
    logits: (parameters, x) => {
      const { y } = run(parameters, x, false);
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

function applyLayer(
  { to, strided }: LayerSize,
  weight: Value,
  norm: ValuesOf<AffineNormParameters>,
  x: Value,
  fit: boolean,
): { readonly norm: ValuesOf<AffineNormParameters>; readonly y: Value } {
  const columns = strided ? stridedNeighbourhoods(x) : neighbourhoods(x);
  const matrix = reshape(weight, [to, columns.shape[0]!]);
  const used = fit ? fitAffineNorm(gemm(matrix, columns), [to], [1], smallestDeviation) : norm;
  const [height, width] = (x.shape.slice(1, 3) as number[]).map((side) => (strided ? side / 2 : side));
  const y = reshape(normalizedLinear(matrix, used, columns), [to, height!, width!, x.shape[3]!]);
  return { norm: used, y: relu(y) };
}

/** Normal weights [out, in] with variance 2/in, which keeps the size of activations through ReLU (He et al. 2015). */
function heNormal(out: number, inputs: number, key: RandomKey): Float32Array {
  return normal(out * inputs, Math.sqrt(2 / inputs), key);
}

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
      const kernel = strided ? kernelOverBlocks(folded, to, from) : folded;
      const images = strided ? blocksAsChannels(y) : y;
      const inputs = strided ? 4 * from : from;
      return relu(imageConvolution(images, constant(graph, kernel, [to, inputs, 3, 3]), constant(graph, bias, [to])));
    });
  }
  const last = layers.at(-1)!.to;
  const weight = constant(graph, read("head.weight"), [1, last, 1, 1]);
  const logits = imageConvolution(y, weight, constant(graph, read("head.bias"), [1]));
  return reshape(logits, [logits.shape[0]!, logits.shape[2]!, logits.shape[3]!]);
}
