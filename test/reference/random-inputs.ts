/** Seeded numbers for tests, and the derivative of a graph's scalar by finite differences. */
import { randomKey } from "../../src/base/index.ts";
import type { Value } from "../../src/graph/index.ts";
import { evaluate } from "./evaluator.ts";

type Numbers = Readonly<Record<string, Float64Array>>;

/** Standard normal numbers that float32 holds exactly, so that engine and evaluator see the same. */
export function normalNumbers(length: number, label: string): Float64Array {
  const stream = randomKey("test").fold(label).stream();
  return Float64Array.from({ length }, () => Math.fround(stream.normal()));
}

/** The gradient of a scalar with respect to one input, by central differences of the float64 evaluator, entry by entry. */
export function differenceGradient(scalar: Value, name: string, inputs: Numbers, batch = 1, step = 1e-5): Float64Array {
  const at = inputs[name]!;
  return at.map((value, position) => {
    const valueAt = (moved: number) =>
      evaluate([scalar], { ...inputs, [name]: at.with(position, moved) }, batch)[0]![0]!;
    return (valueAt(value + step) - valueAt(value - step)) / (2 * step);
  });
}
