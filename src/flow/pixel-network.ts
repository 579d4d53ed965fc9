/**
 * The network of PixelCNN++ (Salimans, Karpathy, Chen & Kingma 2017, sections 2.3 and 2.4): what it says of a pixel depends on pixels before it alone, row by row.
 *
 *   down stream        y(r, c) sees rows above r: convolutions over 2x3 pixels, the own one at the lower middle
 *   down-right stream  y(r, c) sees these and what is left of c: over 2x2 pixels, the own one at the lower right
 *
 * Gated residual blocks, x + a sigmoid(b) with [a, b] = conv2(f(h)), h = norm(conv1(f(x)) + maps of f(aside)) and f(x) = elu([x, -x]); the
 * down-right stream looks aside at the down stream. Blocks at three resolutions shrink the image and enlarge it again, and the second half looks aside at the
 * first. Here as there, but for: ActNorm, folded into the weights, in place of weight normalisation; a second convolution that is zero at first; no dropout.
 */
import type { RandomKey } from "../base/index.ts";
import {
  add,
  concatenate,
  elu,
  exponential,
  gemm,
  multiply,
  type Neighbourhood,
  negate,
  reshape,
  sigmoid,
  split,
  type Value,
  within,
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
  scatteringConvolution,
  toColumns,
  trainable,
  type ValuesOf,
  zeros,
} from "../nn/index.ts";
import { smallestDeviation } from "./act-norm.ts";

/** Standard deviation of the last layer's initial weights. */
const lastDeviation = 0.01;

/** A part of the network and its parameters. */
interface Layer<P extends ParameterTree = ParameterTree> {
  readonly parameters: P;
  createParameters(key: RandomKey): ArraysOf<P>;
  /** What it makes of activations [C, H, W, N], with its norm as it is or (`fit`) fitted to them first. */
  apply(
    parameters: ValuesOf<P>,
    inputs: readonly Value[],
    fit: boolean,
  ): { readonly parameters: ValuesOf<P>; readonly y: Value };
}

/** A linear map of activations; its weight has the outputs first. */
interface LinearMap {
  readonly shape: readonly number[];
  /** Numbers that an output is a sum of. */
  readonly fanIn: number;
  apply(weight: Value, x: Value): Value;
}

/** What every pixel is by itself: weight [out, from]. */
function pointwise(out: number, from: number): LinearMap {
  return {
    shape: [out, from],
    fanIn: from,
    apply: (weight, x) => reshape(gemm(weight, toColumns(x)), [out, ...x.shape.slice(1)]),
  };
}

/** A convolution of few channels, or one that shrinks: weight [out, from, taps]. */
function reading(out: number, from: number, neighbourhood: Neighbourhood): LinearMap {
  const { taps, stride } = neighbourhood;
  const fanIn = from * taps.length;
  return {
    shape: [out, from, taps.length],
    fanIn,
    apply: (weight, x) => {
      const y = gemm(reshape(weight, [out, fanIn]), neighbourhoods(x, neighbourhood));
      const [, height, width, count] = x.shape;
      return reshape(y, [out, (height as number) / stride, (width as number) / stride, count!]);
    },
  };
}

/** A convolution of many channels, or one that enlarges: weight [out, taps, from]. A tap is where it writes. */
function writing(out: number, from: number, neighbourhood: Neighbourhood): LinearMap {
  const { taps, stride } = neighbourhood;
  return {
    shape: [out, taps.length, from],
    fanIn: (from * taps.length) / stride ** 2,
    apply: (weight, x) => scatteringConvolution(weight, x, neighbourhood),
  };
}

type SumParameters = {
  readonly weights: Readonly<Record<string, ParameterSpecification>>;
  readonly norm: AffineNormParameters;
};

/** The sum of linear maps, one of each input, with an ActNorm behind it. */
function normalizedSum(out: number, maps: readonly LinearMap[]): Layer<SumParameters> {
  const name = (index: number): string => `from${index}`;
  const each = <T>(make: (map: LinearMap, index: number) => T): Record<string, T> =>
    Object.fromEntries(maps.map((map, index) => [name(index), make(map, index)]));
  const sum = (weights: Readonly<Record<string, Value>>, inputs: readonly Value[]): Value =>
    maps
      .map((map, index) => map.apply(weights[name(index)]!, inputs[index]!))
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
      const y = add(sum(scaled, inputs), asColumn(multiply(norm.bias, scale), 4));
      return { parameters: { weights, norm }, y };
    },
  };
}

/** elu([x, -x]), twice as many channels (Shang et al. 2016, with ELU). */
function both(x: Value): Value {
  return elu(concatenate([x, negate(x)], 0));
}

type AffineParameters = { readonly weight: ParameterSpecification; readonly bias: ParameterSpecification };

/** A linear map of every pixel, whose results are at first about `initial`. */
function affine(from: number, initial: Float32Array): Layer<AffineParameters> {
  const { length: out } = initial;
  const map = pointwise(out, from);
  return {
    parameters: { weight: trainable(...map.shape), bias: trainable(out) },
    createParameters: (key) => ({ weight: normal(out * from, lastDeviation, key), bias: initial.slice() }),
    apply: ({ weight, bias }, [x]) => ({
      parameters: { weight, bias },
      y: add(map.apply(weight, x!), asColumn(bias, 4)),
    }),
  };
}

type BlockParameters = { readonly conv1: SumParameters; readonly conv2: AffineParameters };

/** A gated residual block over `width` channels that looks aside at others of the same size: [width, H, W, N] each. */
function gatedBlock(width: number, neighbourhood: Neighbourhood, aside: number): Layer<BlockParameters> {
  const first = normalizedSum(width, [
    writing(width, 2 * width, neighbourhood),
    ...Array.from({ length: aside }, () => pointwise(width, 2 * width)),
  ]);
  const second = writing(2 * width, 2 * width, neighbourhood);
  return {
    parameters: { conv1: first.parameters, conv2: { weight: trainable(...second.shape), bias: trainable(2 * width) } },
    createParameters: (key) => ({
      conv1: first.createParameters(key.fold("conv1")),
      conv2: { weight: zeros(second.shape.reduce((product, size) => product * size, 1)), bias: zeros(2 * width) },
    }),
    apply: ({ conv1, conv2 }, inputs, fit) => {
      const hidden = first.apply(conv1, inputs.map(both), fit);
      const [change, gate] = split(second.apply(conv2.weight, both(hidden.y)), 0, [width, width]);
      const [changeBias, gateBias] = split(asColumn(conv2.bias, 4), 0, [width, width]);
      const gated = multiply(add(change!, changeBias!), sigmoid(add(gate!, gateBias!)));
      return { parameters: { conv1: hidden.parameters, conv2 }, y: add(inputs[0]!, gated) };
    },
  };
}

/** Offsets [dy, dx] of rows and columns. */
function offsets(rows: readonly number[], columns: readonly number[]): Neighbourhood["taps"] {
  return rows.flatMap((row) => columns.map((column) => [row, column] as const));
}

/** The streams by their names, with what their convolutions read of the pixel's surroundings. */
const streams = {
  down: { rows: [-1, 0], columns: [-1, 0, 1] },
  right: { rows: [-1, 0], columns: [-1, 0] },
} as const;
type Stream = keyof typeof streams;

/** What a stream's convolution reads, and the same seen from what is read: where a pixel writes. */
function readBy(stream: Stream, stride = 1): Neighbourhood {
  return { taps: offsets(streams[stream].rows, streams[stream].columns), stride };
}
function writtenBy(stream: Stream, stride = 1): Neighbourhood {
  return { taps: readBy(stream).taps.map(([row, column]) => [0 - row, 0 - column] as const), stride };
}

/** What the first layers read of the image itself: the two rows above; the row above and the pixel to the left. */
const firstRead: Readonly<Record<Stream, Neighbourhood>> = {
  down: { taps: offsets([-2, -1], [-1, 0, 1]), stride: 1 },
  right: { taps: [...offsets([-1], [-1, 0, 1]), [0, -1]], stride: 1 },
};

/** The size of a network. */
export interface PixelNetworkSize {
  readonly channels: number;
  /** Gated residual blocks of a stream at a resolution. */
  readonly depth: number;
  /** Channels of a stream. */
  readonly width: number;
  /** How often the image is halved. */
  readonly halvings: number;
  /** Numbers that are said of a pixel, and what they are at first. */
  readonly outputs: Float32Array;
}

/** A network over images of any size that can be halved as often as it does. */
export interface PixelNetwork {
  readonly parameters: ParameterTree;
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Numbers of every pixel [outputs, H, W, N] from x [C, H, W, N], and the parameters with their norms as they are or (`fit`) fitted to x. */
  run(
    parameters: ValuesOf<ParameterTree>,
    x: Value,
    fit: boolean,
  ): { readonly parameters: ValuesOf<ParameterTree>; readonly y: Value };
}

/** The scopes of the repeated parts, as a regular expression. */
export const pixelBlockScopes = "(?:first|second)\\d+block\\d+(?:down|right)";

/** The network of a size. */
export function pixelNetwork({ channels, depth, width, halvings, outputs }: PixelNetworkSize): PixelNetwork {
  const layers: Record<string, Layer> = {};
  /** Blocks of the second half that look aside at the first one's: at every resolution one for each of its activations, but the very last, where it begins. */
  const seconds = (level: number): number => (level === halvings ? depth : depth + 1);
  for (const stream of ["down", "right"] as const) {
    const right = stream === "right" ? 1 : 0;
    layers[`start${stream}`] = normalizedSum(width, [reading(width, channels + 1, firstRead[stream])]);
    for (let level = 0; level <= halvings; level++) {
      for (let block = 0; block < depth; block++) {
        layers[`first${level}block${block}${stream}`] = gatedBlock(width, writtenBy(stream), right);
      }
      for (let block = 0; block < seconds(level); block++) {
        layers[`second${level}block${block}${stream}`] = gatedBlock(width, writtenBy(stream), 1 + right);
      }
      if (level === halvings) continue;
      layers[`shrink${level}${stream}`] = normalizedSum(width, [reading(width, width, readBy(stream, 2))]);
      layers[`enlarge${level}${stream}`] = normalizedSum(width, [writing(width, width, writtenBy(stream, 2))]);
    }
  }
  layers.last = affine(width, outputs);

  return {
    parameters: Object.fromEntries(Object.entries(layers).map(([name, layer]) => [name, layer.parameters])),
    createParameters: (key) =>
      Object.fromEntries(Object.entries(layers).map(([name, layer]) => [name, layer.createParameters(key.fold(name))])),
    run: (parameters, x, fit) => {
      const used: Record<string, ValuesOf<ParameterTree>> = {};
      const apply = (name: string, ...inputs: readonly Value[]): Value => {
        const inner = parameters[name] as ValuesOf<ParameterTree>;
        const result = within(x.graph, name, () => layers[name]!.apply(inner, inputs, fit));
        used[name] = result.parameters;
        return result.y;
      };
      const image = withOnes(multiply(x, 2));
      let state: Activations = { down: apply("startdown", image), right: apply("startright", image) };
      const kept = [state];
      for (let level = 0; level <= halvings; level++) {
        for (let block = 0; block < depth; block++) {
          const name = `first${level}block${block}`;
          const down = apply(`${name}down`, state.down);
          state = { down, right: apply(`${name}right`, state.right, down) };
          kept.push(state);
        }
        if (level === halvings) break;
        state = { down: apply(`shrink${level}down`, state.down), right: apply(`shrink${level}right`, state.right) };
        kept.push(state);
      }
      state = kept.pop()!;
      for (let level = halvings; level >= 0; level--) {
        for (let block = 0; block < seconds(level); block++) {
          const name = `second${level}block${block}`;
          const beside = kept.pop()!;
          const down = apply(`${name}down`, state.down, beside.down);
          state = { down, right: apply(`${name}right`, state.right, down, beside.right) };
        }
        if (level === 0) break;
        const larger = level - 1;
        state = { down: apply(`enlarge${larger}down`, state.down), right: apply(`enlarge${larger}right`, state.right) };
      }
      const y = apply("last", elu(state.right));
      return { parameters: used, y };
    },
  };
}

/** What both streams say at some point. */
type Activations = Readonly<Record<Stream, Value>>;

/** A channel of ones behind the others: it tells a black pixel from one outside the image. */
function withOnes(x: Value): Value {
  const [first] = split(
    x,
    0,
    [1, (x.shape[0] as number) - 1].filter((size) => size > 0),
  );
  return concatenate([x, add(multiply(first!, 0), 1)], 0);
}
