/** How a training step spends memory: keep what the gradient will need, or make the wide part of it again. */
import { type MemoryMode, staticSize } from "../base/index.ts";
import { repeatedScopes } from "../flow/index.ts";
import { type Recomputation, reachableNodes, type Value } from "../graph/index.ts";
import { blockScopes } from "../nn/index.ts";

/** Share of the free memory that kept activations may take before `auto` recomputes them. */
const mostOfFreeMemory = 0.5;

/** The step of a flow or the block of a classifier that a scope lies in. */
const region = new RegExp(`^(?:.*/)?(?:${[...repeatedScopes, blockScopes].join("|")})(?=/|$)`);

/**
 * What the gradient of a loss recomputes under a mode with so many bytes free, or undefined where it keeps everything. The choice changes no number, only time (a
 * tenth to a quarter more) and memory.
 */
export function recomputationFor(mode: MemoryMode, loss: Value, free: number): Recomputation | undefined {
  if (mode === "fast" || (mode === "auto" && activationBytes(loss) <= mostOfFreeMemory * free)) return undefined;
  return { regionOf: (scope) => region.exec(scope)?.[0] };
}

/** Bytes of everything that is computed on the way to a value of known shape: at least what its gradient keeps. */
export function activationBytes(value: Value): number {
  const made = reachableNodes([value]).filter(({ op }) => op !== "reshape" && op !== "input" && op !== "constant");
  const sizes = made.flatMap(({ outputs }) => outputs.map(({ shape }) => staticSize(shape, "memory")));
  return 4 * sizes.reduce((sum, size) => sum + size, 0);
}
