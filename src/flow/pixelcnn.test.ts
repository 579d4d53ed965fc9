/** PixelCNN++: who sees whom, that it is a distribution, its float32 numbers and gradients against float64, places, and other heights. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { adapted, predict, train } from "../../test/reference/learning.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { ConfigError, randomKey } from "../base/index.ts";
import { gradients, input, makeGraph, multiply, reduceSum, split, type Value } from "../graph/index.ts";
import { layoutOf, type ParameterVectors, packArrays, unpackValues } from "../nn/index.ts";
import type { Buffer } from "../runtime/index.ts";
import { classConditional } from "./class-conditional.ts";
import { drawLevels } from "./logistic-mixture.ts";
import { makePixelCnn, type PixelCnn } from "./pixelcnn.ts";

const tiny = { height: 4, width: 4, scales: 0, depth: 1, hidden: 3 };

function fresh(flow: PixelCnn, label = "pixelcnn"): ParameterVectors {
  return packArrays(flow.parameters, flow.createParameters(randomKey(label)));
}

/** Parameters away from initialisation, where blocks do nothing. */
function moved(flow: PixelCnn, amount = 0.2): ParameterVectors {
  const vectors = fresh(flow);
  const noise = randomKey("moved").stream();
  return { ...vectors, trainable: vectors.trainable.map((value) => Math.fround(value + amount * noise.normal())) };
}

/** Levels as data x. */
function dataOf(shape: readonly number[], level: (at: number) => number): Buffer {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, at) => (level(at) + 0.5) / 256 - 0.5) };
}

function randomLevels(count: number, label: string): number[] {
  const stream = randomKey(label).stream();
  return Array.from({ length: count }, () => stream.integer(256));
}

describe("a level's probability", () => {
  test.each([
    ["grey", 1, 4, 4],
    ["colour", 3, 4, 4],
    ["grey, halved once", 1, 2, 4],
    ["grey, never halved", 1, 3, 3],
  ])("depends on itself and what comes before it, on nothing behind: %s", async (_name, channels, height, width) => {
    const flow = makePixelCnn({ ...tiny, channels, height, width });
    const [area, size] = [height * width, channels * height * width];
    const image = randomLevels(size, "image");
    // As many copies as levels: the gradient of copy n is that of level n.
    const shape = [channels, height, width, size];
    const x = dataOf(shape, (at) => image[Math.floor(at / size)]!);
    const own = Float32Array.from({ length: size * size }, (_, at) => (Math.floor(at / size) === at % size ? 1 : 0));
    const given = { x, own: { shape, data: own } };
    const { slope } = await predict(flow.parameters, moved(flow), given, (values, { x: data, own: chosen }) => {
      const { byLevel } = flow.probabilities(values, data!);
      return { slope: gradients(reduceSum(multiply(byLevel, chosen!)), [data!])[0]! };
    });
    const order = (place: number): number => (place % area) * channels + Math.floor(place / area);
    const wrong: unknown[] = [];
    for (let level = 0; level < size; level++) {
      for (let place = 0; place < size; place++) {
        const seen = slope![place * size + level] !== 0;
        if (seen !== order(place) <= order(level)) wrong.push({ level, place, seen });
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("its numbers", () => {
  const flow = makePixelCnn({ ...tiny, channels: 3, height: 4, width: 4, hidden: 2 });
  const vectors = moved(flow);
  const levels = randomLevels(48 * 2, "numbers");

  test("and their gradient are those of float64, and of finite differences", async () => {
    const given = { x: dataOf([3, 4, 4, 2], (at) => levels[at]!) };
    const { trainableSize } = layoutOf(flow.parameters);
    const graph = makeGraph();
    const trainable = input(graph, "trainable", [trainableSize]);
    const x = input(graph, "x", [3, 4, 4, 2]);
    const values = unpackValues(flow.parameters, trainable, input(graph, "fixed", [0]));
    const { terms } = flow.normalize(values, x);
    const loss = reduceSum(terms[0]!.prior);
    const [slope] = gradients(loss, [trainable]);
    const at = (parameters: Float64Array, wanted: readonly Value[]) =>
      evaluate(wanted, { trainable: parameters, x: Float64Array.from(given.x.data), fixed: new Float64Array(0) }, 2);
    const start = Float64Array.from(vectors.trainable);
    const [prior, gradient] = at(start, [terms[0]!.prior, slope!]);
    const engine = await predict(flow.parameters, vectors, given, (parameters, { x: data }) => ({
      prior: flow.normalize(parameters, data!).terms[0]!.prior,
    }));
    expect(engine.prior).toBeAllclose(prior!, tolerances.network);
    const stream = randomKey("direction").stream();
    const direction = start.map(() => stream.normal());
    const moving = (step: number): number =>
      at(
        start.map((value, index) => value + step * direction[index]!),
        [loss],
      )[0]![0]!;
    const expected = (moving(1e-5) - moving(-1e-5)) / 2e-5; // central difference
    const got = gradient!.reduce((sum, value, index) => sum + value * direction[index]!, 0);
    expect([got]).toBeAllclose([expected], tolerances.networkDifference);
  });
});

test.each([
  ["grey", 1, 8, 4],
  ["colour, halved once", 3, 2, 4],
  ["grey, never halved", 1, 3, 3],
])("convolutions mean the same as products, at every place: %s", async (_name, channels, height, width) => {
  const shape = [channels, height, width, 3];
  const size = { ...tiny, channels, height, width };
  const [products, convolutions] = [makePixelCnn(size), makePixelCnn(size, "convolutions")];
  const levels = randomLevels(3 * channels * height * width, "forms");
  const given = { x: dataOf(shape, (at) => levels[at]!) };
  const [expected, got] = await Promise.all(
    [products, convolutions].map((flow) =>
      predict(flow.parameters, moved(products), given, (values, { x }) => ({
        prior: flow.normalize(values, x!).terms[0]!.prior,
        priors: flow.termsByPlace!(values, x!)[0]!.prior,
        mixtures: flow.mixtures(values, x!),
      })),
    ),
  );
  for (const [name, numbers] of Object.entries(expected!)) {
    expect(got![name]!).toBeAllclose(numbers, tolerances.network);
  }
});

describe("as a distribution", () => {
  test("it adds up to one over all levels of two pixels", async () => {
    const flow = makePixelCnn({ ...tiny, channels: 1, height: 1, width: 2 });
    const x = dataOf([1, 1, 2, 65536], (at) => (at < 65536 ? at >> 8 : at & 255));
    const { prior } = await predict(flow.parameters, moved(flow), { x }, (values, { x: data }) => ({
      prior: flow.normalize(values, data!).terms[0]!.prior,
    }));
    expect([prior!.reduce((sum, value) => sum + Math.exp(value), 0)]).toBeAllclose([1], tolerances.network);
  });

  test("the terms of places add up to an image's, and its first rows are judged without the others", async () => {
    const flow = makePixelCnn({ ...tiny, channels: 3, height: 8, width: 4 });
    const levels = randomLevels(96, "rows");
    const x = dataOf([3, 8, 4, 1], (at) => levels[at]!);
    const upper = dataOf([3, 4, 4, 1], (at) => levels[Math.floor(at / 16) * 32 + (at % 16)]!);
    const said = await predict(flow.parameters, moved(flow), { x, upper }, (values, given) => {
      const [whole] = flow.normalize(values, given.x!).terms;
      const [places] = flow.termsByPlace!(values, given.x!);
      return {
        logDet: whole!.logDet,
        prior: whole!.prior,
        logDets: places!.logDet,
        priors: places!.prior,
        all: split(flow.mixtures(values, given.x!), 1, [4, 4])[0]!,
        part: flow.mixtures(values, given.upper!),
      };
    });
    const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
    expect([sum(said.priors!)]).toBeAllclose(said.prior!, tolerances.network);
    expect([sum(said.logDets!)]).toBeAllclose(said.logDet!, tolerances.network);
    expect([...said.logDet!]).toBeAllclose([96 * Math.log(256)], tolerances.network);
    expect(said.part!).toBeAllclose(said.all!, tolerances.network);
  });
});

test("a short training finds out how two levels go together, and draws show it", async () => {
  const flow = makePixelCnn({ ...tiny, channels: 1, height: 1, width: 2, hidden: 8 });
  // One of them is between 40 and 80, the other between 180 and 220.
  const noise = randomLevels(128, "noise").map((level) => level % 41);
  const dark = (at: number): boolean => (at % 2 === 0) === at < 64;
  const x = dataOf([1, 1, 2, 64], (at) => noise[at]! + (dark(at) ? 40 : 180));
  // From a start that learns quickly: with one in six, 600 steps do not find it out.
  const start = await adapted(flow.parameters, fresh(flow, "b"), { x }, (values, { x: data }) =>
    flow.adapt(values, data!),
  );
  const training = { steps: 300, learningRate: 0.005 };
  const { losses, parameters } = await train(flow.parameters, start, { x }, training, (values, given) =>
    multiply(reduceSum(flow.normalize(values, given.x!).terms[0]!.prior), -1 / 128),
  );
  expect(losses[0]! / Math.LN2).toBeGreaterThan(7);
  expect(losses.at(-1)! / Math.LN2).toBeLessThan(6.4); // log2(41) + 1/2 = 5.9 where it knows everything

  const firsts = [60, 200];
  const { mixtures } = await predict(
    flow.parameters,
    parameters,
    { x: dataOf([1, 1, 2, 2], (at) => firsts[at % 2]!) },
    (values, given) => ({ mixtures: flow.mixtures(values, given.x!) }),
  );
  const stream = randomKey("draws").stream();
  const darkShare = (place: number, image: number): number => {
    const numbers = mixtures!.filter((_, at) => at % 4 === 2 * place + image);
    const drawn = Array.from({ length: 200 }, () => drawLevels(numbers, 1, 1, stream)[0]!);
    expect(drawn.filter((level) => Math.abs(level - 60) < 40 || Math.abs(level - 200) < 40).length).toBeGreaterThan(
      170,
    );
    return drawn.filter((level) => level < 130).length / 200;
  };
  expect(darkShare(0, 0)).toBeGreaterThan(0.35);
  expect(darkShare(0, 0)).toBeLessThan(0.65);
  expect(darkShare(1, 0)).toBeLessThan(0.15);
  expect(darkShare(1, 1)).toBeGreaterThan(0.85);
});

test.each([
  ["scales", { scales: 3 }, /^pixelcnn: expected no scales, got 3; leave .*scales.* out/],
  ["no depth", { depth: 0 }, /^pixelcnn: expected a positive depth, got 0/],
])("%s is refused", (_name, wrong, message) => {
  expect(() => makePixelCnn({ ...tiny, channels: 1, ...wrong })).toThrow(ConfigError);
  expect(() => makePixelCnn({ ...tiny, channels: 1, ...wrong })).toThrow(message);
});

test("classes need latents", () => {
  expect(() => classConditional(makePixelCnn({ ...tiny, channels: 1 }), 2)).toThrow(
    /^class-conditional flow: expected a flow with latents, which tell classes apart, got a model without/,
  );
});
