/**
 * Optimisers over flat parameter vectors, in place: one pass of float64 arithmetic over float32 numbers, clipping and weight decay included.
 * A second pass, or a vector between two, would take half as long again.
 */
import type { OptimizerName } from "../base/index.ts";

/** An update rule. State vectors are as long as the parameters. */
export interface Optimizer {
  readonly name: OptimizerName;
  /** Names of the state vectors, all zero at first. */
  readonly stateNames: readonly string[];
  /** The numbers for update number `count` (1 is the first) at a learning rate. */
  scalars(learningRate: number, count: number): readonly number[];
  /** One update of the parameters p and of the state, in place, by g = clip gradient + weightDecay p. All are equally long. */
  update(
    parameters: Float32Array,
    gradient: Float32Array,
    state: readonly Float32Array[],
    change: GradientChange,
    scalars: readonly number[],
  ): void;
}

/** What happens to a gradient before an update rule sees it. */
export interface GradientChange {
  /** Multiplies the gradient: 1, or what makes it shorter. */
  readonly clip: number;
  /** The share of the parameters that is added. */
  readonly weightDecay: number;
}

export const firstDecay = 0.9;
export const secondDecay = 0.999;
export const epsilon = 1e-8;

/**
 * Adamax (Kingma & Ba 2015, algorithm 2; the optimiser of Schirrmeister et al. 2020), with epsilon as PyTorch places it:
 * m = b1 m + (1 - b1) g,  u = max(b2 u, |g| + eps),  p -= lr / (1 - b1^t) m / u.
 */
export const adamax: Optimizer = {
  name: "adamax",
  stateNames: ["moment", "norm"],
  scalars: (learningRate, count) => [learningRate / (1 - firstDecay ** count)],
  update(parameters, gradient, [moment, norm], { clip, weightDecay }, [rate]) {
    for (let index = 0; index < parameters.length; index++) {
      const p = parameters[index]!;
      const g = clip * gradient[index]! + weightDecay * p;
      const m = firstDecay * moment![index]! + (1 - firstDecay) * g;
      const u = Math.max(secondDecay * norm![index]!, Math.abs(g) + epsilon);
      moment![index] = m;
      norm![index] = u;
      parameters[index] = p - (rate! * m) / u;
    }
  },
};

/**
 * Adam (Kingma & Ba 2015, algorithm 1):
 * m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps).
 */
export const adam: Optimizer = {
  name: "adam",
  stateNames: ["moment", "square"],
  scalars: (learningRate, count) => [learningRate / (1 - firstDecay ** count), 1 / Math.sqrt(1 - secondDecay ** count)],
  update(parameters, gradient, [moment, square], { clip, weightDecay }, [rate, correction]) {
    for (let index = 0; index < parameters.length; index++) {
      const p = parameters[index]!;
      const g = clip * gradient[index]! + weightDecay * p;
      const m = firstDecay * moment![index]! + (1 - firstDecay) * g;
      const v = secondDecay * square![index]! + (1 - secondDecay) * g * g;
      moment![index] = m;
      square![index] = v;
      parameters[index] = p - (rate! * m) / (Math.sqrt(v) * correction! + epsilon);
    }
  },
};

/** Every optimiser by its name. */
export const optimizers: { readonly [Name in OptimizerName]: Optimizer } = { adamax, adam };

/** How a gradient becomes an update. */
export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** Coupled L2: the gradient of weightDecay |p|^2 / 2 is added (as in PyTorch). */
  readonly weightDecay: number;
  /** The gradient is scaled down to this norm where it is longer. Undefined: never. */
  readonly clipNorm?: number | undefined;
}

/** sum g^2 of a gradient, in float64: infinite or NaN where the gradient is. */
export function squaredNorm(gradient: Float32Array): number {
  const half = gradient.length >> 1;
  // Two sums, so that an addition need not wait for the one before.
  let first = gradient.length > 2 * half ? gradient[2 * half]! ** 2 : 0;
  let second = 0;
  for (let index = 0; index < half; index++) {
    const a = gradient[index]!;
    const b = gradient[half + index]!;
    first += a * a;
    second += b * b;
  }
  return first + second;
}

/** vector = vector mask, in place: 0 where a number is not trained. */
export function applyMask(vector: Float32Array, mask: Float32Array): void {
  for (let index = 0; index < vector.length; index++) vector[index]! *= mask[index]!;
}

/** gradient = clip gradient + weightDecay parameters, in place, for what cannot be left to `Optimizer.update`. */
export function changeGradient(
  gradient: Float32Array,
  parameters: Float32Array,
  { clip, weightDecay }: GradientChange,
): void {
  for (let index = 0; index < gradient.length; index++) {
    gradient[index] = clip * gradient[index]! + weightDecay * parameters[index]!;
  }
}

/** The factor that limits a gradient of some norm to `clipNorm`. */
export function clipFactor(norm: number, clipNorm: number | undefined): number {
  return clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + epsilon));
}
