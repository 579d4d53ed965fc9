/**
 * A small residual classifier (He et al. 2016), the baseline of the supervised comparison (Schirrmeister et al. 2020): stem, three stages of residual
 * blocks with 1, 2 and 4 times `hidden` channels, head.
 *
 *   stem:        conv 3x3 - ActNorm
 *   block:       x + conv 3x3 (ReLU (ActNorm (conv 3x3 (ReLU x))))       the last convolution is zero at first: the block is the identity
 *   transition:  average of 2x2 pixels - conv 1x1 - ActNorm              before the second and third stage
 *   head:        ReLU - average over pixels - ActNorm - linear           zero at first: all classes are equally likely
 *
 * ActNorm in place of batch normalisation, which would have a running state to keep: fitted once to the first data, trained from there
 * on, and folded into the weights before it.
 */
import { ConfigError, type RandomKey } from "../base/index.ts";
import { add, exponential, gemm, multiply, relu, reshape, type Value, within } from "../graph/index.ts";
import { averagePool, globalAverage, neighbourhoods, scatteringConvolution } from "./convolution.ts";
import { normal, zeros } from "./initial.ts";
import {
  type AffineNormParameters,
  affineNorm,
  asColumn,
  fitAffineNorm,
  normalizedLinear,
  toColumns,
} from "./layers.ts";
import {
  type ArraysOf,
  type ParameterSpecification,
  type ParameterTree,
  trainable,
  type ValuesOf,
} from "./parameters.ts";

/** The size of a residual classifier. */
export interface ResidualNetworkConfiguration {
  /** Channels, height and width of the images; height and width must be divisible by 4. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Channels of the first stage. */
  readonly hidden: number;
  /** Residual blocks a stage. */
  readonly blocks: number;
  /** At least two. */
  readonly classCount: number;
}

/** A classifier of images: parameters in, logits out. */
export interface Classifier {
  readonly classCount: number;
  readonly parameters: ParameterTree;
  /** Fresh parameters, before any data is seen. */
  createParameters(key: RandomKey): ArraysOf<ParameterTree>;
  /** Data-dependent initialisation: parameters fitted to a batch x [C, H, W, N] of known size. */
  adapt(parameters: ValuesOf<ParameterTree>, x: Value): ValuesOf<ParameterTree>;
  /** Unnormalised log-probabilities [K, N] of x [C, H, W, N]. */
  logits(parameters: ValuesOf<ParameterTree>, x: Value): Value;
}

/** One part of the network. */
interface Part<P extends ParameterTree = ParameterTree> {
  readonly parameters: P;
  createParameters(key: RandomKey): ArraysOf<P>;
  /** What the part makes of x, with its norm as it is or (`fit`) fitted to x first. */
  apply(parameters: ValuesOf<P>, x: Value, fit: boolean): { readonly parameters: ValuesOf<P>; readonly y: Value };
}

/** A linear map and the ActNorm behind it. */
type NormalizedParameters = { readonly weight: ParameterSpecification; readonly norm: AffineNormParameters };

/** Keeps the scale of a channel that the first data leaves constant finite. */
const smallestDeviation = 1e-3;
const stages = 3;

/** A residual classifier. Throws ConfigError for sizes that cannot be. */
export function residualNetwork(configuration: ResidualNetworkConfiguration): Classifier {
  const parts = Object.entries(makeParts(configuration));
  const run = (parameters: ValuesOf<ParameterTree>, x: Value, fit: boolean) => {
    const used: Record<string, ValuesOf<ParameterTree>> = {};
    let y = x;
    for (const [name, part] of parts) {
      const inner = parameters[name] as ValuesOf<ParameterTree>;
      const result = within(x.graph, name, () => part.apply(inner, y, fit));
      used[name] = result.parameters;
      y = result.y;
    }
    return { used, y };
  };

  return {
    classCount: configuration.classCount,
    parameters: Object.fromEntries(parts.map(([name, part]) => [name, part.parameters])),
    createParameters: (key) =>
      Object.fromEntries(parts.map(([name, part]) => [name, part.createParameters(key.fold(name))])),
    adapt: (parameters, x) => run(parameters, x, true).used,
    logits: (parameters, x) => run(parameters, x, false).y,
  };
}

/** The scopes of a classifier's blocks, as a regular expression. */
export const blockScopes = "stage\\d+block\\d+";

function makeParts(configuration: ResidualNetworkConfiguration): Record<string, Part> {
  expectSizes(configuration);
  const { channels, hidden, blocks, classCount } = configuration;
  const parts: Record<string, Part> = { stem: stem(channels, hidden) };
  let width = hidden;
  for (let stage = 0; stage < stages; stage++) {
    if (stage > 0) {
      parts[`transition${stage}`] = transition(width, 2 * width);
      width *= 2;
    }
    for (let block = 0; block < blocks; block++) parts[`stage${stage}block${block}`] = residualBlock(width);
  }
  parts.head = head(width, classCount);
  return parts;
}

/** Conv 3x3 - ActNorm: [C, H, W, N] to [width, H, W, N]. weight [width, C, 3, 3]. */
function stem(channels: number, width: number): Part<NormalizedParameters> {
  return {
    parameters: { weight: trainable(width, channels, 3, 3), norm: affineNorm(width) },
    createParameters: (key) => ({ weight: heNormal(width, 9 * channels, key), norm: identityNorm(width) }),
    apply: ({ weight, norm }, x, fit) => {
      const { used, y } = normalizedMap(weight, norm, neighbourhoods(x), fit);
      return { parameters: { weight, norm: used }, y: reshape(y, [width, ...x.shape.slice(1)]) };
    },
  };
}

type BlockParameters = {
  /** weight [width, width, 3, 3]. */
  readonly conv1: NormalizedParameters;
  /** weight [width, 3, 3, width] as `scatteringConvolution` takes it, bias [width]. */
  readonly conv2: { readonly weight: ParameterSpecification; readonly bias: ParameterSpecification };
};

/** [width, H, W, N] to the same. */
function residualBlock(width: number): Part<BlockParameters> {
  const first = stem(width, width);
  return {
    parameters: {
      conv1: first.parameters,
      conv2: { weight: trainable(width, 3, 3, width), bias: trainable(width) },
    },
    createParameters: (key) => ({
      conv1: first.createParameters(key.fold("conv1")),
      conv2: { weight: zeros(width * 9 * width), bias: zeros(width) },
    }),
    apply: ({ conv1, conv2 }, x, fit) => {
      const hidden = first.apply(conv1, relu(x), fit);
      const change = add(scatteringConvolution(conv2.weight, relu(hidden.y)), asColumn(conv2.bias, 4));
      return { parameters: { conv1: hidden.parameters, conv2 }, y: add(x, change) };
    },
  };
}

/** Average of 2x2 pixels - conv 1x1 - ActNorm: [from, H, W, N] to [to, H/2, W/2, N]. weight [to, from]. */
function transition(from: number, to: number): Part<NormalizedParameters> {
  return {
    parameters: { weight: trainable(to, from), norm: affineNorm(to) },
    createParameters: (key) => ({ weight: heNormal(to, from, key), norm: identityNorm(to) }),
    apply: ({ weight, norm }, x, fit) => {
      const pooled = averagePool(x);
      const { used, y } = normalizedMap(weight, norm, toColumns(pooled), fit);
      return { parameters: { weight, norm: used }, y: reshape(y, [to, ...pooled.shape.slice(1)]) };
    },
  };
}

/** ReLU - average over pixels - ActNorm - linear: [width, H, W, N] to [K, N]. weight [K, width], bias [K]. */
function head(
  width: number,
  classCount: number,
): Part<NormalizedParameters & { readonly bias: ParameterSpecification }> {
  return {
    parameters: { norm: affineNorm(width), weight: trainable(classCount, width), bias: trainable(classCount) },
    createParameters: () => ({
      norm: identityNorm(width),
      weight: zeros(classCount * width),
      bias: zeros(classCount),
    }),
    apply: ({ weight, norm, bias }, x, fit) => {
      const features = globalAverage(relu(x));
      const used = fit ? fitAffineNorm(features, [width], [1], smallestDeviation) : norm;
      const normalized = multiply(add(features, asColumn(used.bias, 2)), asColumn(exponential(used.logScale), 2));
      return { parameters: { norm: used, weight, bias }, y: gemm(weight, normalized, { bias: asColumn(bias, 2) }) };
    },
  };
}

/** A weight [out, ...] on columns [in, M] and the norm behind it, as it is or fitted to the result [out, M]. */
function normalizedMap(weight: Value, norm: ValuesOf<AffineNormParameters>, columns: Value, fit: boolean) {
  const out = weight.shape[0]!;
  const matrix = reshape(weight, [out, columns.shape[0]!]);
  const used = fit ? fitAffineNorm(gemm(matrix, columns), [out], [1], smallestDeviation) : norm;
  return { used, y: normalizedLinear(matrix, used, columns) };
}

/** Normal weights [out, in] with variance 2/in, which keeps the size of activations through ReLU (He et al. 2015). */
function heNormal(out: number, inputs: number, key: RandomKey): Float32Array {
  return normal(out * inputs, Math.sqrt(2 / inputs), key);
}

function identityNorm(size: number): ArraysOf<AffineNormParameters> {
  return { bias: zeros(size), logScale: zeros(size) };
}

function expectSizes({ channels, height, width, hidden, blocks, classCount }: ResidualNetworkConfiguration): void {
  for (const [name, value] of Object.entries({ channels, height, width, hidden, blocks })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ConfigError({
        code: "out-of-range",
        subject: "residual network",
        expected: `${name} of at least 1`,
        got: String(value),
      });
    }
  }
  if (!Number.isInteger(classCount) || classCount < 2) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "residual network",
      expected: "at least two classes",
      got: String(classCount),
    });
  }
  const block = 2 ** (stages - 1);
  if (height % block !== 0 || width % block !== 0) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "residual network",
      expected: `a size divisible by ${block}`,
      got: `${height}x${width}`,
      remedy: { key: "other", text: "choose another size" },
    });
  }
}
