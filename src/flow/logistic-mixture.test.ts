/** The mixture of logistics over levels: that it is a distribution, that it is the formula's, its gradient, and draws from it. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { randomKey } from "../base/index.ts";
import { gradients, input, makeGraph, multiply, reduceSum } from "../graph/index.ts";
import { compileGraph } from "../runtime/index.ts";
import {
  drawLevels,
  initialMixture,
  levelProbabilities,
  mixtureComponents,
  mixtureNumbers,
} from "./logistic-mixture.ts";

const K = mixtureComponents;
const middle = (level: number): number => (level + 0.5) / 256 - 0.5;

/** A mixture [M] with scales of `logScale` and about so. */
function mixture(channels: number, logScale: number, label: string): Float64Array {
  const numbers = normalNumbers(mixtureNumbers(channels), label);
  return Float64Array.from(numbers, (value, index) => {
    const scales = index >= K * (1 + channels) && index < K * (1 + 2 * channels);
    return Math.fround(scales ? logScale + 0.5 * value : value);
  });
}

/** log P by the engine of some pixels [C] under one mixture: whole pixels [N], and levels [C, N]. */
async function probabilities(numbers: Float64Array, pixels: readonly (readonly number[])[]) {
  const channels = pixels[0]!.length;
  const count = pixels.length;
  const graph = makeGraph();
  const x = input(graph, "x", [channels, 1, 1, count]);
  const mixtures = input(graph, "numbers", [numbers.length, 1, 1, count]);
  const { byPixel, byLevel } = levelProbabilities(mixtures, x);
  const program = await compileGraph({ byPixel, byLevel }, { threads: 1 });
  const data = Float32Array.from({ length: channels * count }, (_, at) =>
    middle(pixels[at % count]![Math.floor(at / count)]!),
  );
  const repeated = Float32Array.from({ length: numbers.length * count }, (_, at) => numbers[Math.floor(at / count)]!);
  const results = await program.run({
    x: { data, shape: [channels, 1, 1, count] },
    numbers: { data: repeated, shape: [numbers.length, 1, 1, count] },
  });
  await program.dispose();
  return { byPixel: results.byPixel!.data as Float32Array, byLevel: results.byLevel!.data as Float32Array };
}

/** log P of a pixel as the formula has it, in float64: differences of sigmoids, sums of products. */
function formula(numbers: Float64Array, pixel: readonly number[]): number {
  const channels = pixel.length;
  const v = pixel.map((level) => level / 127.5 - 1);
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  let [sum, weights] = [0, 0];
  for (let k = 0; k < K; k++) {
    const weight = Math.exp(numbers[k]!);
    weights += weight;
    let product = weight;
    let pair = 0;
    for (let c = 0; c < channels; c++) {
      let mean = numbers[K * (1 + c) + k]!;
      for (let d = 0; d < c; d++) mean += Math.tanh(numbers[K * (1 + 2 * channels + pair++) + k]!) * v[d]!;
      const scale = Math.exp(Math.max(-7, numbers[K * (1 + channels + c) + k]!));
      const upper = pixel[c] === 255 ? 1 : sigmoid((v[c]! + 1 / 255 - mean) / scale);
      const lower = pixel[c] === 0 ? 0 : sigmoid((v[c]! - 1 / 255 - mean) / scale);
      product *= upper - lower;
    }
    sum += product;
  }
  return Math.log(sum / weights);
}

const levels = Array.from({ length: 256 }, (_, level) => level);

describe("the probabilities of levels", () => {
  test.each([-8, -5, -2, 1, 4])("add up to one over a grey pixel's levels with scales of e^%i", async (logScale) => {
    const { byPixel } = await probabilities(
      mixture(1, logScale, "grey"),
      levels.map((level) => [level]),
    );
    const sum = byPixel.reduce((total, value) => total + Math.exp(value), 0);
    expect([sum]).toBeAllclose([1], tolerances.network);
  });

  test.each([0, 1, 2])("add up to one over channel %i of a colour given the channels before it", async (channel) => {
    const pixels = levels.map((level) => [13, 240, 0].with(channel, level));
    const { byLevel } = await probabilities(mixture(3, -3, "colour"), pixels);
    const own = byLevel.subarray(channel * 256, (channel + 1) * 256);
    expect([own.reduce((total, value) => total + Math.exp(value), 0)]).toBeAllclose([1], tolerances.network);
  });

  test.each([1, 2, 3])("are those of the formula with %i channels, at both ends too", async (channels) => {
    const stream = randomKey("pixels").fold(channels).stream();
    const drawn = Array.from({ length: 20 }, () => Array.from({ length: channels }, () => stream.integer(256)));
    const ends = [0, 255, 1, 254].map((level) => new Array<number>(channels).fill(level));
    const numbers = mixture(channels, -2, "formula");
    const pixels = [...ends, ...drawn];
    const { byPixel, byLevel } = await probabilities(numbers, pixels);
    expect(byPixel).toBeAllclose(
      pixels.map((pixel) => formula(numbers, pixel)),
      tolerances.network,
    );
    const added = byPixel.map((_, at) =>
      Array.from({ length: channels }, (_, c) => byLevel[c * pixels.length + at]!).reduce((sum, value) => sum + value),
    );
    expect(added).toBeAllclose(byPixel, tolerances.network);
  });

  test("stay finite, and fall off as a logistic does, a thousand scales away", async () => {
    const numbers = new Float64Array(mixtureNumbers(1)); // all means in the middle
    numbers.fill(-7, 2 * K);
    const { byPixel } = await probabilities(numbers, [[60], [61], [0], [255]]);
    const perLevel = Math.fround(2 / 255) * Math.exp(7);
    expect([byPixel[1]! - byPixel[0]!]).toBeAllclose([perLevel], tolerances.network);
    expect(byPixel.every(Number.isFinite)).toBe(true);
  });

  test("have the gradient of finite differences, with narrow and with wide scales", () => {
    for (const logScale of [-4, 2.5]) {
      const graph = makeGraph();
      const pixels = [
        [0, 128, 3],
        [255, 0, 254],
        [7, 8, 9],
      ];
      const x = Float64Array.from({ length: 9 }, (_, at) => middle(pixels[at % 3]![Math.floor(at / 3)]!));
      const single = mixture(3, logScale, "gradient");
      const numbers = Float64Array.from({ length: 3 * single.length }, (_, at) => single[Math.floor(at / 3)]!);
      const given = input(graph, "numbers", [single.length, 1, 1, 3]);
      const data = input(graph, "x", [3, 1, 1, 3]);
      const weighted = multiply(levelProbabilities(given, data).byLevel, input(graph, "w", [3, 1, 1, 3]));
      const loss = reduceSum(weighted);
      const w = normalNumbers(9, "weights");
      const [slope] = evaluate(gradients(loss, [given]), { x, numbers, w }, 1);
      const direction = normalNumbers(numbers.length, "direction");
      const moved = (step: number): number => {
        const at = numbers.map((value, index) => value + step * direction[index]!);
        return evaluate([loss], { x, numbers: at, w }, 1)[0]![0]!;
      };
      const expected = (moved(1e-5) - moved(-1e-5)) / 2e-5; // central difference
      const got = slope!.reduce((sum, value, index) => sum + value * direction[index]!, 0);
      expect([got]).toBeAllclose([expected], tolerances.networkDifference);
    }
  });

  test("begin near 8 bits for every level", async () => {
    const numbers = Float64Array.from(initialMixture(1));
    const { byPixel } = await probabilities(
      numbers,
      levels.map((level) => [level]),
    );
    const mean = byPixel.reduce((sum, value) => sum - value / Math.LN2 / 256, 0);
    expect(mean).toBeGreaterThan(7.99);
    expect(mean).toBeLessThan(8.3);
  });
});

describe("drawn levels", () => {
  test("come as often as their probabilities say", async () => {
    const numbers = mixture(1, -2, "drawn");
    const { byPixel } = await probabilities(
      numbers,
      levels.map((level) => [level]),
    );
    const count = 20_000;
    const seen = new Float64Array(16);
    const stream = randomKey("draws").stream();
    for (let draw = 0; draw < count; draw++) seen[drawLevels(numbers, 1, 1, stream)[0]! >> 4]! += 1;
    for (const [bin, found] of seen.entries()) {
      const share = byPixel.subarray(16 * bin, 16 * bin + 16).reduce((sum, value) => sum + Math.exp(value), 0);
      expect(Math.abs(found - count * share)).toBeLessThan(5 * Math.sqrt(count * share) + 1); // five deviations
    }
  });

  test("depend on the channels before them", () => {
    const numbers = new Float64Array(mixtureNumbers(2)).fill(-7, 3 * K, 5 * K).fill(9, 5 * K); // both narrow; tanh(9) = 1
    const stream = randomKey("coupled").stream();
    numbers.fill(0.5, K, 2 * K);
    const [first, second] = drawLevels(numbers, 2, 1, stream);
    expect(Math.abs(first! - 191)).toBeLessThanOrEqual(2);
    expect(Math.abs(second! - first!)).toBeLessThanOrEqual(2);
  });

  test("are the likeliest component's means without temperature", () => {
    const numbers = mixture(3, 0, "cold");
    numbers[4] = 20;
    numbers.set([-1, 1], K + 4);
    numbers[K + 4] = -1;
    const stream = randomKey("cold").stream();
    const draws = Array.from({ length: 3 }, () => drawLevels(numbers, 3, 0, stream));
    expect(draws[0]![0]).toBe(0);
    expect(draws[1]).toEqual(draws[0]);
    expect(draws[2]).toEqual(draws[0]);
  });
});
