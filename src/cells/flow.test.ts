/** The flow of cells: its terms add up, its parameters fit every size, and an image in windows has the ratios of the image as a whole. */
import { expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { randomKey } from "../base/index.ts";
import { logLikelihood } from "../flow/index.ts";
import { add, constant, makeGraph, reduceSum } from "../graph/index.ts";
import { constantValues, layoutOf, type ParameterVectors, packArrays } from "../nn/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { cellFlow, cellTerms, visibleMargin } from "./flow.ts";
import { openRatios } from "./flows.ts";

const size = { channels: 1, depth: 1, hidden: 2 };
const pixelScale = { means: [128], deviations: [50] };
const square = cellFlow(size, { height: 16, width: 16 });

function moved(name: string): ParameterVectors {
  const fresh = packArrays(square.parameters, square.createParameters(randomKey("cells")));
  const stream = randomKey(name).stream();
  return { ...fresh, trainable: fresh.trainable.map((value) => value + 0.2 * stream.normal()) };
}

test("cells of all scales add up to log p, whatever the size, with the same parameters", () => {
  for (const sides of [
    { height: 16, width: 16 },
    { height: 8, width: 24 },
  ]) {
    const flow = cellFlow(size, sides);
    expect(layoutOf(flow.parameters)).toEqual(layoutOf(square.parameters));
    const graph = makeGraph();
    const values = constantValues(graph, flow.parameters, moved("a"));
    const x = constant(graph, Float32Array.from(normalNumbers(2 * sides.height * sides.width, "x")), [
      1,
      sides.height,
      sides.width,
      2,
    ]);
    const terms = cellTerms(flow, values, x);
    expect(terms.map(({ shape }) => shape)).toEqual(new Array(3).fill([sides.height / 8, sides.width / 8, 2]));
    const sum = reduceSum(
      terms.reduce((total, term) => add(total, term)),
      [0, 1],
    );
    const [cells, whole] = evaluate([sum, logLikelihood(flow, values, x)], {}, 1);
    expect(cells).toBeAllclose(whole!, { relative: 1e-6, absolute: 1e-4 });
  }
});

test("an image in windows has the ratios of the image as a whole, and none beyond its own cells", async () => {
  const flows = { plain: moved("plain"), outlier: moved("outlier") };
  const stream = randomKey("pixels").stream();
  const [height, width] = [24, 248];
  const pixels = Uint8Array.from({ length: height * width }, () => stream.integer(256));
  const image: RawImage = { kind: "raw", pixels, channels: 1, height, width };
  const maps = [];
  for (const longest of [128, 256]) {
    const ratios = openRatios(size, flows, pixelScale, nodeEngine({ threads: 1 }), { scales: "all", longest });
    maps.push(await ratios.run(image));
    await ratios.dispose();
  }
  const [windowed, whole] = maps as [(typeof maps)[0], (typeof maps)[0]];
  expect(visibleMargin(size)).toBe(32);
  expect([windowed.rows, windowed.columns, windowed.values.length]).toEqual([3, 31, 93]);
  expect(new Set(whole.values).size).toBeGreaterThan(80);
  for (const [cell, value] of whole.values.entries()) expect(windowed.values[cell]).toBeCloseTo(value, 3);
});

test.each(["all", "final"] as const)(
  "a cell's ratio is what both flows say of %s scales, more where the second finds it less likely",
  async (scales) => {
    const flows = { plain: moved("plain"), outlier: moved("outlier") };
    const side = 64;
    const stream = randomKey("ratio").stream();
    const pixels = Uint8Array.from({ length: side * side }, () => stream.integer(256));
    const ratios = openRatios(size, flows, pixelScale, nodeEngine({ threads: 1 }), { scales });
    const { values } = await ratios.run({ kind: "raw", pixels, channels: 1, height: side, width: side });
    await ratios.dispose();
    const flow = cellFlow(size, { height: side, width: side });
    const graph = makeGraph();
    const x = constant(
      graph,
      Float32Array.from(pixels, (pixel) => (pixel - 128) / 50),
      [1, side, side, 1],
    );
    const termsOf = (vectors: ParameterVectors) => cellTerms(flow, constantValues(graph, flow.parameters, vectors), x);
    const [plain, outlier] = [flows.plain, flows.outlier].map((vectors) => evaluate(termsOf(vectors), {}, 1));
    const counted = scales === "all" ? [0, 1, 2] : [2];
    const expected = values.map((_, cell) =>
      counted.reduce((sum, scale) => sum + plain![scale]![cell]! - outlier![scale]![cell]!, 0),
    );
    expect(values).toBeAllclose(expected, { relative: 1e-4, absolute: 2e-3 });
  },
);
