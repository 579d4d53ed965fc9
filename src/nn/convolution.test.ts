/** Convolutions and pooling against plain loops over pixels. */
import { expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { ShapeError } from "../base/index.ts";
import { fold, gemm, input, makeGraph, reshape, split, stopGradient, type Value } from "../graph/index.ts";
import { averagePool, globalAverage, neighbourhoods, scatteringConvolution } from "./index.ts";

const [channels, height, width, batch, out] = [2, 4, 6, 3, 5];
const image = normalNumbers(channels * height * width * batch, "image");
const kernel = normalNumbers(out * channels * 9, "kernel");

/** The number at a pixel, zero outside. */
function pixel(c: number, y: number, x: number, n: number): number {
  const inside = y >= 0 && y < height && x >= 0 && x < width;
  return inside ? image[((c * height + y) * width + x) * batch + n]! : 0;
}

/** Numbers [size, height, width, N] from a function of the index. */
function fill(size: number, rows: number, columns: number, at: (...index: [number, number, number, number]) => number) {
  return Float64Array.from({ length: size * rows * columns * batch }, (_, position) => {
    const pixels = Math.floor(position / batch);
    const [x, y] = [pixels % columns, Math.floor(pixels / columns) % rows];
    return at(Math.floor(pixels / columns / rows), y, x, position % batch);
  });
}

function run(
  build: (x: Value, graph: ReturnType<typeof makeGraph>) => Value,
  numbers: Record<string, Float64Array> = {},
) {
  const graph = makeGraph();
  const x = input(graph, "image", [channels, height, width, batch]);
  return evaluate([build(x, graph)], { image, ...numbers }, 1)[0]!;
}

/** sum over channels and taps of kernel[o, c, ky, kx] image[c, y + ky - 1, x + kx - 1]. */
const convolved = fill(out, height, width, (o, y, x, n) => {
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < 3; ky++) {
      for (let kx = 0; kx < 3; kx++) {
        sum += kernel[((o * channels + c) * 3 + ky) * 3 + kx]! * pixel(c, y + ky - 1, x + kx - 1, n);
      }
    }
  }
  return sum;
});

test("a product with neighbourhoods is a convolution", () => {
  const got = run(
    (x, graph) => gemm(reshape(input(graph, "kernel", [out, channels, 3, 3]), [out, channels * 9]), neighbourhoods(x)),
    { kernel },
  );
  expect(got).toBeAllclose(convolved, tolerances.double);
});

test("a scattering convolution is a convolution with the kernel turned by 180 degrees", () => {
  const turned = Float64Array.from({ length: kernel.length }, (_, position) => {
    const [c, tap] = [position % channels, Math.floor(position / channels) % 9];
    const o = Math.floor(position / channels / 9);
    return kernel[(o * channels + c) * 9 + (8 - tap)]!;
  });
  const got = run((x, graph) => scatteringConvolution(input(graph, "kernel", [out, 3, 3, channels]), x), {
    kernel: turned,
  });
  expect(got).toBeAllclose(convolved, tolerances.double);
});

test("pooling takes the mean of every 2x2 block", () => {
  const expected = fill(channels, height / 2, width / 2, (c, y, x, n) => {
    const block = [0, 1].flatMap((dy) => [0, 1].map((dx) => pixel(c, 2 * y + dy, 2 * x + dx, n)));
    return block.reduce((sum, value) => sum + value, 0) / 4;
  });
  expect(run((x) => averagePool(x))).toBeAllclose(expected, tolerances.double);
});

test("the global average takes the mean of all pixels", () => {
  const expected = Float64Array.from({ length: channels * batch }, (_, index) => {
    const [c, n] = [Math.floor(index / batch), index % batch];
    let sum = 0;
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sum += pixel(c, y, x, n);
    return sum / (height * width);
  });
  expect(run((x) => globalAverage(x))).toBeAllclose(expected, tolerances.value); // 1/24 is a float32 constant
});

test("pooling refuses odd sizes", () => {
  const x = input(makeGraph(), "x", [1, 4, 5, 2]);
  expect(() => averagePool(x)).toThrow(ShapeError);
  expect(() => averagePool(x)).toThrow("averagePool: expected even height and width, got [1,4,5,2]");
});

test.each([
  ["all rows", 0, [27]],
  ["the upper rows", 0, [9, 18]],
  ["the lower rows", 1, [9, 18]],
] as const)("a fold of %s of a product has the numbers of a fold of those rows", (_name, piece, sizes) => {
  const weight = normalNumbers(27 * channels, "weight");
  const folded = (between: (rows: Value) => Value) =>
    run(
      (x, graph) => {
        const product = gemm(input(graph, "weight", [27, channels]), reshape(x, [channels, height * width * batch]));
        const rows = split(product, 0, sizes)[piece]!;
        return fold(reshape(between(rows), [sizes[piece]! / 9, 9, height, width, batch]));
      },
      { weight },
    );
  expect(folded((rows) => rows)).toBeAllclose(folded(stopGradient), tolerances.double);
});
