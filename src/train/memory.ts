/** How a training step spends memory: keep what the gradient will need, make the wide part of it again, or all of it by the inverse of the flow. */
import { type MemoryMode, staticSize } from "../base/index.ts";
import { repeatedScopes } from "../flow/index.ts";
import {
  concatenate,
  divide,
  multiply,
  type Recomputation,
  reachableNodes,
  reduceSum,
  reshape,
  squareRoot,
  subtract,
  type Value,
} from "../graph/index.ts";
import { blockScopes } from "../nn/index.ts";

/** Share of the free memory that kept activations may take before `auto` recomputes them. */
const mostOfFreeMemory = 0.5;

/** The step of a flow or the block of a classifier that a scope lies in. */
const region = new RegExp(`^(?:.*/)?(?:${[...repeatedScopes, blockScopes].join("|")})(?=/|$)`);

/** What the gradient of a loss recomputes. */
export interface MemoryPlan extends Recomputation {
  /** Inputs of parts that the gradient has made again by an inverse, and what stands for them: filled while it is built. */
  readonly inverted: ReadonlyMap<Value, Value>;
}

/**
 * What the gradient of a loss recomputes under a mode with so many bytes free, or undefined where it keeps everything. But for `least` the choice changes no number,
 * only time (a tenth to a quarter more) and memory. `least` is `low` in a graph that knows inverses (`wantsInverses`).
 */
export function recomputationFor(mode: MemoryMode, loss: Value, free: number): MemoryPlan | undefined {
  if (mode === "fast" || (mode === "auto" && activationBytes(loss) <= mostOfFreeMemory * free)) return undefined;
  const inverted = new Map<Value, Value>();
  return {
    regionOf: (scope) => region.exec(scope)?.[0],
    onInverted: (input, again) => void inverted.set(input, again),
    inverted,
  };
}

/**
 * How far inverses have gone astray: for every run of steps |again - input| / |input| (Euclidean) of what came into its first step, which all of their errors have
 * passed through; [runs], undefined where no inverse was used.
 */
export function inversionErrors({ inverted }: MemoryPlan): Value | undefined {
  const firsts = [...inverted].filter(([{ node }]) => region.exec(node.scope) === null);
  const sumOfSquares = (x: Value): Value => reshape(reduceSum(multiply(x, x)), [1]);
  const errors = firsts.map(([input, again]) => divide(sumOfSquares(subtract(again, input)), sumOfSquares(input)));
  return errors.length === 0 ? undefined : squareRoot(concatenate(errors, 0));
}

/** Bytes of everything that is computed on the way to a value of known shape: at least what its gradient keeps. */
export function activationBytes(value: Value): number {
  const made = reachableNodes([value]).filter(({ op }) => op !== "reshape" && op !== "input" && op !== "constant");
  const sizes = made.flatMap(({ outputs }) => outputs.map(({ shape }) => staticSize(shape, "memory")));
  return 4 * sizes.reduce((sum, size) => sum + size, 0);
}
