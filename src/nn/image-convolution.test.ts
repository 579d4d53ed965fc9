/** Convolutions over images by any neighbourhood against gathered products over [C, H, W, N], in float64. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { add, gemm, input, makeGraph, type Neighbourhood, reshape, transpose, type Value } from "../graph/index.ts";
import { asColumn, neighbourhoods, readingConvolution, scatteringConvolution, writingConvolution } from "./index.ts";

const [channels, out, height, width, count] = [2, 3, 4, 2, 2] as const;

const surroundings: Readonly<Record<string, Neighbourhood["taps"]>> = {
  "the pixel itself": [[0, 0]],
  "the two rows above": [-2, -1].flatMap((row) => [-1, 0, 1].map((column) => [row, column] as const)),
  "above and left, in no order": [
    [0, -1],
    [-1, 1],
    [0, 0],
    [-1, -1],
  ],
  "below and right": [
    [1, 1],
    [0, 1],
    [1, 0],
  ],
};

/** Both results as [out, H, W, N]. */
function compare(weight: readonly number[], build: (x: Value, w: Value, bias: Value) => readonly [Value, Value]): void {
  const graph = makeGraph();
  const shapes = { x: [channels, height, width, count], w: weight, bias: [out] };
  const values = Object.entries(shapes).map(([name, shape]) => input(graph, name, shape));
  const [products, images] = build(values[0]!, values[1]!, values[2]!);
  const numbers = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      normalNumbers(
        shape.reduce((a, b) => a * b),
        name,
      ),
    ]),
  );
  const [expected, got] = evaluate([products, transpose(images, [1, 2, 3, 0])], numbers, 1);
  expect(got!).toBeAllclose(expected!, tolerances.double);
}

describe.each(Object.entries(surroundings))("%s", (_name, taps) => {
  test.each([1, 2])("are read with stride %i", (stride) => {
    const neighbourhood = { taps, stride };
    compare([out, channels, taps.length], (x, w, bias) => {
      const columns = neighbourhoods(x, neighbourhood);
      const y = reshape(gemm(reshape(w, [out, columns.shape[0]!]), columns), [
        out,
        height / stride,
        width / stride,
        count,
      ]);
      return [add(y, asColumn(bias, 4)), readingConvolution(transpose(x, [3, 0, 1, 2]), w, bias, neighbourhood)];
    });
  });

  test.each([1, 2])("are written with stride %i", (stride) => {
    const neighbourhood = { taps, stride };
    compare([out, taps.length, channels], (x, w, bias) => [
      add(scatteringConvolution(w, x, neighbourhood), asColumn(bias, 4)),
      writingConvolution(transpose(x, [3, 0, 1, 2]), w, bias, neighbourhood),
    ]);
  });
});
