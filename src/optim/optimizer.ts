/**
 * Optimisers as graph fragments over one flat parameter vector, and the numbers they need each step.
 *
 * What depends on the step (learning rate, bias correction) is computed in float64 outside and comes in as a small vector, so the graph
 * is the same for every step and schedule.
 */
import { ConfigError } from "../base/index.ts";
import {
  absolute,
  add,
  divide,
  maximum,
  multiply,
  reduceSum,
  reshape,
  split,
  squareRoot,
  subtract,
  type Value,
} from "../graph/index.ts";

export type OptimizerName = "adamax" | "adam";

/** An update rule. State vectors have the shape of the parameters. */
export interface Optimizer {
  readonly name: OptimizerName;
  /** Names of the state vectors, all zero at first. */
  readonly stateNames: readonly string[];
  /** How many numbers `scalars` gives. */
  readonly scalarCount: number;
  /** The numbers for update number `count` (1 is the first) at a learning rate. */
  scalars(learningRate: number, count: number): readonly number[];
  /** Parameters and state after one update. */
  update(
    parameters: Value,
    gradient: Value,
    state: readonly Value[],
    scalars: readonly Value[],
  ): { readonly parameters: Value; readonly state: readonly Value[] };
}

const firstDecay = 0.9;
const secondDecay = 0.999;
const epsilon = 1e-8;

/**
 * Adamax (Kingma and Ba 2015, algorithm 2; the paper's optimiser), with epsilon as PyTorch places it:
 * m = b1 m + (1 - b1) g,  u = max(b2 u, |g| + eps),  p -= lr / (1 - b1^t) m / u.
 */
export const adamax: Optimizer = {
  name: "adamax",
  stateNames: ["moment", "norm"],
  scalarCount: 1,
  scalars: (learningRate, count) => [learningRate / (1 - firstDecay ** count)],
  update: (parameters, gradient, [moment, norm], [rate]) => {
    const nextMoment = blend(moment!, gradient, firstDecay);
    const nextNorm = maximum(multiply(norm!, secondDecay), add(absolute(gradient), epsilon));
    const step = multiply(rate!, divide(nextMoment, nextNorm));
    return { parameters: subtract(parameters, step), state: [nextMoment, nextNorm] };
  },
};

/**
 * Adam (Kingma and Ba 2015, algorithm 1):
 * m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps).
 */
export const adam: Optimizer = {
  name: "adam",
  stateNames: ["moment", "square"],
  scalarCount: 2,
  scalars: (learningRate, count) => [learningRate / (1 - firstDecay ** count), 1 / Math.sqrt(1 - secondDecay ** count)],
  update: (parameters, gradient, [moment, square], [rate, correction]) => {
    const nextMoment = blend(moment!, gradient, firstDecay);
    const nextSquare = blend(square!, multiply(gradient, gradient), secondDecay);
    const denominator = add(multiply(squareRoot(nextSquare), correction!), epsilon);
    const step = multiply(rate!, divide(nextMoment, denominator));
    return { parameters: subtract(parameters, step), state: [nextMoment, nextSquare] };
  },
};

/** decay a + (1 - decay) b. */
function blend(a: Value, b: Value, decay: number): Value {
  return add(multiply(a, decay), multiply(b, 1 - decay));
}

/** An optimiser by name. Throws ConfigError for an unknown one. */
export function optimizerNamed(name: string): Optimizer {
  const found = [adamax, adam].find((optimizer) => optimizer.name === name);
  if (!found) throw new ConfigError(`optimizer: expected adamax or adam, got '${name}'`);
  return found;
}

/** How a gradient becomes an update. */
export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** Coupled L2: the gradient of weightDecay |p|^2 / 2 is added (as in PyTorch). */
  readonly weightDecay: number;
  /** The gradient is scaled down to this norm where it is longer. Undefined: never. */
  readonly clipNorm?: number | undefined;
}

/** The options as values of the graph. */
interface UpdateValues extends Pick<UpdateOptions, "optimizer" | "weightDecay"> {
  /** Of the parameters' shape: 1 where a number is trained, 0 where it stays. Undefined: all are trained. */
  readonly mask?: Value | undefined;
}

/** sum g^2 of a gradient, or of the part of it that is trained: a scalar, infinite or NaN where the gradient is. */
export function squaredNorm(gradient: Value, mask?: Value): Value {
  const masked = mask ? multiply(gradient, mask) : gradient;
  return reduceSum(multiply(masked, masked));
}

/** What a gradient of some norm is multiplied by so that it is no longer than `clipNorm`. */
export function clipFactor(norm: number, clipNorm: number | undefined): number {
  return clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + epsilon));
}

/** How many scalars `updateParameters` takes: the clip factor and the optimiser's own. */
export function updateScalarCount({ scalarCount }: Optimizer): number {
  return 1 + scalarCount;
}

/**
 * One optimiser update of a parameter vector, or of a piece of it. `scalars` is [clip factor, ...Optimizer.scalars]; masked parameters
 * move neither by gradient nor by decay.
 */
export function updateParameters(
  parameters: Value,
  gradient: Value,
  state: readonly Value[],
  scalars: Value,
  { optimizer, weightDecay, mask }: UpdateValues,
): { readonly parameters: Value; readonly state: readonly Value[] } {
  const sizes = Array.from({ length: updateScalarCount(optimizer) }, () => 1);
  const [clip, ...rates] = split(scalars, 0, sizes).map((rate) => reshape(rate, []));
  const clipped = multiply(gradient, clip!);
  const decayed = weightDecay === 0 ? clipped : add(clipped, multiply(parameters, weightDecay));
  return optimizer.update(parameters, mask ? multiply(decayed, mask) : decayed, state, rates);
}
