/**
 * The distribution of a pixel's levels 0 to 255 (Salimans, Karpathy, Chen & Kingma 2017, section 2.1 and 2.2): a mixture of logistics, each cut into the
 * intervals that belong to the levels, the outer two reaching to infinity. The channels of a pixel share the choice of the component; the mean of each
 * moves with the channels before it, linearly.
 *
 *   P(v_c | v_<c, k) = sigmoid((v_c + 1/255 - m_kc) / s_kc) - sigmoid((v_c - 1/255 - m_kc) / s_kc)      v = level / 127.5 - 1
 *   m_kc = mean_kc + sum_(d < c) tanh(coefficient_kcd) v_d
 *
 * With a and b for the two arguments, sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^(b - a)), whose logarithm is a sum of finite numbers however far
 * away a level lies: nothing has to stand in for probabilities that vanish, as the authors' approximation by the density does.
 */
import { type RandomStream, sizeOf, staticDimension } from "../base/index.ts";
import {
  add,
  concatenate,
  exponential,
  greater,
  logarithm,
  logSigmoid,
  maximum,
  multiply,
  negate,
  reshape,
  select,
  sigmoid,
  split,
  subtract,
  toFloat,
  type Value,
} from "../graph/index.ts";
import { logSumExp, zeros } from "../nn/index.ts";

/** Components of a mixture, as many as the authors take. */
export const mixtureComponents = 10;

/** The least logarithm of a scale, the authors': a logistic that is narrower than a level by a hundred times. */
const leastLogScale = -7;

/** From x = (level + 1/2) / 256 - 1/2 to v = level / 127.5 - 1. */
const perUnit = 256 / 127.5;

/** Width of a level's interval in v. */
const interval = 2 / 255;

/** Below this width in scales, 1 - e^-width has lost digits and its series has all of them. */
const narrow = 0.05;

/** How many numbers describe the mixture of a pixel: of every component its weight, and for every channel a mean, a scale and a coefficient for each channel before. */
export function mixtureNumbers(channels: number): number {
  return mixtureComponents * (1 + 2 * channels + pairsOf(channels).length);
}

/** Channels [later, earlier] whose means and levels are coupled, in the order of their coefficients. */
function pairsOf(channels: number): (readonly [number, number])[] {
  return Array.from({ length: channels }, (_, later) =>
    Array.from({ length: later }, (_, earlier) => [later, earlier] as const),
  ).flat();
}

/** Numbers of a mixture before anything is learned: means spread evenly over all levels, each component as wide as its share of them. */
export function initialMixture(channels: number): Float32Array {
  const numbers = zeros(mixtureNumbers(channels));
  const spread = channels * mixtureComponents;
  for (let index = 0; index < spread; index++) {
    const component = index % mixtureComponents;
    numbers[mixtureComponents + index] = (2 * component + 1) / mixtureComponents - 1;
    numbers[mixtureComponents + spread + index] = Math.log(1 / mixtureComponents);
  }
  return numbers;
}

/** Log-probabilities in nats. */
export interface LevelProbabilities {
  /** Of every pixel, all its channels together: [H, W, N]. */
  readonly byPixel: Value;
  /** Of every level given those of the channels before it: [C, H, W, N], which sum to the others over the channels. */
  readonly byLevel: Value;
}

/**
 * The log-probabilities of x [C, H, W, N], the middles of the levels' intervals, under the mixtures `numbers` [M, H, W, N]: weights, means [C, K], logarithms of scales
 * [C, K], coefficients [pairs, K].
 */
export function levelProbabilities(numbers: Value, x: Value): LevelProbabilities {
  const channels = staticDimension(x.shape[0], "levelProbabilities");
  const pixels = sizeOf(x.shape.slice(1));
  const [perChannel, coupled] = [channels * mixtureComponents, pairsOf(channels).length * mixtureComponents];
  const parts = split(
    reshape(numbers, [mixtureNumbers(channels), pixels]),
    0,
    [mixtureComponents, perChannel, perChannel, coupled].filter((size) => size > 0),
  );
  const [weights, means, logScales, coefficients] = parts;
  const byChannel = (value: Value): Value => reshape(value, [channels, mixtureComponents, pixels]);
  const levels = reshape(multiply(x, perUnit), [channels, 1, pixels]);
  const centres = coefficients
    ? coupledMeans(byChannel(means!), coefficients, rowsOf(levels, channels))
    : byChannel(means!);
  const every = logOfIntervals(levels, centres, maximum(byChannel(logScales!), leastLogScale));

  // log sum_k w_k prod_(d <= c) P_kd, from no channel to all of them
  const sums = [logSumExp(weights!)];
  let joint = weights!;
  for (const own of rowsOf(every, channels)) {
    joint = add(joint, reshape(own, [mixtureComponents, pixels]));
    sums.push(logSumExp(joint));
  }
  const conditional = sums.slice(1).map((sum, channel) => subtract(sum, sums[channel]!));
  return {
    byPixel: reshape(subtract(sums.at(-1)!, sums[0]!), x.shape.slice(1)),
    byLevel: reshape(concatenate(conditional, 0), x.shape),
  };
}

/** The rows of the first axis. */
function rowsOf(x: Value, count: number): readonly Value[] {
  return split(
    x,
    0,
    Array.from({ length: count }, () => 1),
  );
}

/** The means [C, K, P], each moved by the levels [1, 1, P] of the channels before. */
function coupledMeans(means: Value, coefficients: Value, levels: readonly Value[]): Value {
  const { length: channels } = levels;
  const pairs = pairsOf(channels);
  const [, , pixels] = means.shape;
  // tanh(z) = 2 sigmoid(2 z) - 1
  const bounded = subtract(multiply(sigmoid(multiply(coefficients, 2)), 2), 1);
  const slopes = rowsOf(reshape(bounded, [pairs.length, mixtureComponents, pixels!]), pairs.length);
  const own = rowsOf(means, channels);
  const moved = own.map((mean, channel) =>
    pairs.reduce(
      (sum, [later, earlier], pair) => (later === channel ? add(sum, multiply(slopes[pair]!, levels[earlier]!)) : sum),
      mean,
    ),
  );
  return concatenate(moved, 0);
}

/** log P of levels [C, 1, P] under every component: [C, K, P]. */
function logOfIntervals(levels: Value, means: Value, logScales: Value): Value {
  const inverse = exponential(negate(logScales));
  const middle = multiply(subtract(levels, means), inverse);
  const half = multiply(inverse, interval / 2);
  const below255 = toFloat(greater(1 - interval / 2, levels));
  const above0 = toFloat(greater(levels, interval / 2 - 1));
  const upper = multiply(logSigmoid(add(middle, half)), below255);
  const lower = multiply(logSigmoid(subtract(half, middle)), above0);
  return add(add(upper, lower), multiply(logOfWidth(logScales, half), multiply(below255, above0)));
}

/** log(1 - e^-w) for the width of an interval in scales, w = 2 half: from w = 0.05 down by its series, log w - w/2 + w^2/24. */
function logOfWidth(logScales: Value, half: Value): Value {
  const width = multiply(half, 2);
  const series = add(subtract(Math.log(interval), logScales), multiply(half, subtract(multiply(half, 1 / 6), 1)));
  const direct = logarithm(subtract(1, exponential(negate(maximum(width, narrow)))));
  return select(greater(width, narrow), direct, series);
}

/** Draws are kept off 0 and 1, where a logistic is infinite. */
const leastChance = 1e-9;

/**
 * Draws the levels of one pixel, channel by channel, from its mixture [M]. The temperature multiplies the logistics' scales and divides the logarithms of the
 * components' weights: 1 draws from the mixture, 0 takes its likeliest component's means.
 */
export function drawLevels(
  numbers: ArrayLike<number>,
  channels: number,
  temperature: number,
  stream: RandomStream,
): number[] {
  const perChannel = channels * mixtureComponents;
  const component = drawComponent(numbers, temperature, stream);
  const pairs = pairsOf(channels);
  const values: number[] = [];
  const levels: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const at = mixtureComponents * (1 + channel) + component;
    const mean = pairs.reduce((sum, [later, earlier], pair) => {
      const coefficient = numbers[mixtureComponents + 2 * perChannel + pair * mixtureComponents + component]!;
      return later === channel ? sum + Math.tanh(coefficient) * values[earlier]! : sum;
    }, numbers[at]!);
    const chance = Math.min(1 - leastChance, Math.max(leastChance, stream.uniform()));
    const scale = temperature * Math.exp(Math.max(leastLogScale, numbers[at + perChannel]!));
    const value = mean + scale * Math.log(chance / (1 - chance));
    const level = Math.max(0, Math.min(255, Math.round(127.5 * (value + 1))));
    levels.push(level);
    values.push(level / 127.5 - 1);
  }
  return levels;
}

function drawComponent(numbers: ArrayLike<number>, temperature: number, stream: RandomStream): number {
  const weights = Array.from({ length: mixtureComponents }, (_, component) => numbers[component]!);
  const largest = Math.max(...weights);
  const chance = stream.uniform();
  if (temperature === 0) return weights.indexOf(largest);
  const shares = weights.map((weight) => Math.exp((weight - largest) / temperature));
  let left = chance * shares.reduce((sum, share) => sum + share, 0);
  const drawn = shares.findIndex((share) => {
    left -= share;
    return left < 0;
  });
  return drawn < 0 ? weights.indexOf(largest) : drawn;
}
