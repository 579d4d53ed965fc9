/** The class-conditional top: against float64 without the expanded square, its marginal, its samples, and that it learns. */
import { describe, expect, test } from "vitest";
import { ConfigError, freeBatch, randomKey } from "../src/base/index.ts";
import { classConditional, type Flow, makeGlow, standardNormalLogDensity } from "../src/flow/index.ts";
import { add, constant, gradients, input, makeGraph, reduceSum, reshape, split } from "../src/graph/index.ts";
import {
  constantValues,
  labelledNegativeLogLikelihood,
  layoutOf,
  type ParameterVectors,
  packArrays,
  unpackValues,
  wrongClassLoss,
} from "../src/nn/index.ts";
import { compileGraph } from "../src/runtime/index.ts";
import { evaluate } from "./reference/evaluator.ts";
import { accuracy, adapted, oneHot, predict, train } from "./reference/learning.ts";
import { normalNumbers } from "./reference/random-inputs.ts";
import { tolerances } from "./reference/tolerances.ts";

const classCount = 3;
const glow = makeGlow({ channels: 1, height: 4, width: 4, scales: 2, depth: 1, hidden: 4 });
const top = classConditional(glow, classCount);
const layout = layoutOf(top.parameters);
const fresh = packArrays(top.parameters, top.createParameters(randomKey("classes")));
/** Flow and classes away from initialisation. */
const moved = {
  ...fresh,
  trainable: fresh.trainable.map((value, index) => Math.fround(value + 0.2 * Math.sin(12.9898 * (index + 1)))),
};
const images = (batch: number) => ({
  x: { data: Float32Array.from(normalNumbers(16 * batch, "images")), shape: [1, 4, 4, batch] },
});

/** Everything that a model says of images, as numbers. */
async function describeImages(vectors: typeof fresh, batch: number) {
  return predict(top.parameters, vectors, images(batch), (parameters, { x }) => {
    const { terms, classes, posteriors, latents } = top.normalize(parameters, x!);
    const plain = glow.normalize(parameters.flow, x!).terms.map(({ logDet, prior }) => add(logDet, prior));
    return {
      classes,
      posteriors,
      lastScale: add(terms[1]!.prior, 0),
      lastLatents: add(latents[1]!, 0),
      marginal: terms.map(({ logDet, prior }) => add(logDet, prior)).reduce((sum, term) => add(sum, term)),
      plain: plain.reduce((sum, term) => add(sum, term)),
    };
  });
}

describe("with zero class parameters", () => {
  test("every class is the plain flow, to the last bit", async () => {
    const { classes, plain } = await describeImages(fresh, 4);
    expect([...classes!]).toEqual([...plain!, ...plain!, ...plain!]);
    expect(new Set(plain).size).toBe(4);
  });

  test("the marginal is the plain flow and all classes are equally likely", async () => {
    const { marginal, plain, posteriors } = await describeImages(fresh, 4);
    expect(marginal).toBeAllclose(plain!, tolerances.value);
    expect(posteriors).toBeAllclose(
      Array.from({ length: 12 }, () => 1 / 3),
      tolerances.value,
    );
  });
});

describe("away from initialisation", () => {
  const batch = 5;
  const column = (rows: Float32Array, n: number) => Array.from({ length: classCount }, (_, c) => rows[c * batch + n]!);

  test("the posteriors of an image sum to one and are those of Bayes' rule", async () => {
    const { classes, posteriors } = await describeImages(moved, batch);
    for (let n = 0; n < batch; n++) {
      const likelihoods = column(classes!, n);
      const largest = Math.max(...likelihoods);
      const weights = likelihoods.map((value) => Math.exp(value - largest));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      expect(column(posteriors!, n)).toBeAllclose(
        weights.map((weight) => weight / sum),
        tolerances.network,
      );
      expect(column(posteriors!, n).reduce((total, value) => total + value, 0)).toBeCloseTo(1, 6);
    }
    expect(Math.max(...posteriors!)).toBeGreaterThan(0.5);
  });

  test("the terms sum to log 1/K sum_c p(x|c)", async () => {
    const { classes, marginal } = await describeImages(moved, batch);
    const expected = Array.from({ length: batch }, (_, n) => logMeanExp(column(classes!, n)));
    expect(marginal).toBeAllclose(expected, tolerances.network);
  });

  test("the last scale's prior term is its latents' own mixture", async () => {
    const { lastScale, lastLatents } = await describeImages(moved, batch);
    const leaf = (name: string) => {
      const { offset, size } = layout.entries.find((entry) => entry.name === name)!;
      return moved.trainable.subarray(offset, offset + size);
    };
    const [bias, logScale] = [leaf("classes.scale1.bias"), leaf("classes.scale1.logScale")];
    const expected = Array.from({ length: batch }, (_, n) =>
      logMeanExp(
        Array.from({ length: classCount }, (_, c) => {
          const u = Array.from({ length: 8 }, (_, d) => lastLatents![d * batch + n]!);
          return logDensity(u, bias.subarray(c * 8, (c + 1) * 8), logScale.subarray(c * 8, (c + 1) * 8));
        }),
      ),
    );
    expect(lastScale).toBeAllclose(expected, tolerances.network);
  });

  test("adapting changes the flow alone", async () => {
    const after = await adapted(top.parameters, moved, images(20), (parameters, { x }) => top.adapt(parameters, x!));
    const changed = layout.entries.filter(({ offset, size }) =>
      moved.trainable.subarray(offset, offset + size).some((value, index) => value !== after.trainable[offset + index]),
    );
    expect(changed.some(({ name }) => name.startsWith("flow.prior1."))).toBe(true);
    expect(changed.filter(({ name }) => name.startsWith("classes."))).toEqual([]);
  });

  test("normalize gives generated images their class's standard normal latents", async () => {
    const labels = [2, 0, 1, 1, 0];
    const z = glow.latentShapes.map(({ channels, height, width }, scale) => {
      const shape = [channels, height, width, batch];
      return { data: Float32Array.from(normalNumbers(8 * batch, `latents ${scale}`)), shape };
    });
    const given = { z0: z[0]!, z1: z[1]!, labels: oneHot(labels, classCount) };
    const { likelihoods, plain } = await predict(top.parameters, moved, given, (parameters, values) => {
      const x = top.generate(parameters, [values.z0!, values.z1!], values.labels!);
      const { terms } = glow.normalize(parameters.flow, x);
      return {
        likelihoods: top.normalize(parameters, x).classes,
        plain: terms.map(({ logDet }) => logDet).reduce((sum, logDet) => add(sum, logDet)),
      };
    });
    const logScales = labels.map((label) =>
      ["classes.scale0.logScale", "classes.scale1.logScale"].reduce((sum, name) => {
        const { offset } = layout.entries.find((entry) => entry.name === name)!;
        return moved.trainable.subarray(offset + 8 * label, offset + 8 * (label + 1)).reduce((a, b) => a + b, sum);
      }, 0),
    );
    const expected = labels.map((_, n) => {
      const own = z.flatMap(({ data }) => Array.from({ length: 8 }, (_, d) => data[d * batch + n]!));
      const none = new Float32Array(own.length);
      return plain![n]! + logScales[n]! + logDensity(own, none, none);
    });
    const got = labels.map((label, n) => likelihoods![label * batch + n]!);
    expect(got).toBeAllclose(expected, tolerances.roundTrip);
  });
});

describe("through the graph", () => {
  const batch = 3;
  const graph = makeGraph();
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const x = input(graph, "x", [1, 4, 4, batch]);
  const labels = input(graph, "labels", [classCount, batch]);
  const general = input(graph, "general", [batch]);
  const { classes, terms } = top.normalize(unpackValues(top.parameters, trainable, fixed), x);
  const marginal = terms
    .map(({ logDet, prior }) => reduceSum(add(logDet, prior)))
    .reduce((sum, term) => add(sum, term));
  const numbers = {
    trainable: Float64Array.from(moved.trainable),
    fixed: Float64Array.from(moved.fixed),
    x: normalNumbers(16 * batch, "images"),
    labels: Float64Array.from(oneHot([2, 0, 1], classCount).data),
    general: normalNumbers(batch, "general").map((value) => value - 20),
  };
  const losses = {
    "the labelled likelihood": labelledNegativeLogLikelihood(classes, labels),
    "the wrong-class loss": wrongClassLoss(classes, general, labels, { weight: 6, temperature: 4 }),
    "the marginal": marginal,
  };

  test.each(Object.entries(losses))("the gradient of %s agrees with finite differences", (_name, loss) => {
    const [slopes] = evaluate(gradients(loss, [trainable]), numbers, 1);
    // The flow's own gradients have tests of their own; its priors and first step show that the path through it is whole.
    const wanted = layout.entries.filter(
      ({ name, trainable }) => trainable && /^(classes|flow\.prior|flow\.scale0\.step0\.mixing)/.test(name),
    );
    for (const entry of wanted) {
      const stream = randomKey("direction").fold(entry.name).stream();
      const inside = (index: number) => index >= entry.offset && index < entry.offset + entry.size;
      const direction = numbers.trainable.map((_, index) => (inside(index) ? stream.normal() : 0));
      const lossAt = (amount: number): number => {
        const trainable = numbers.trainable.map((value, index) => value + amount * direction[index]!);
        return evaluate([loss], { ...numbers, trainable }, 1)[0]![0]!;
      };
      const got = slopes!.reduce((sum, slope, index) => sum + slope * direction[index]!, 0);
      const expected = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
      expect([got], entry.name).toBeAllclose([expected], tolerances.networkDifference);
      expect(Math.hypot(...slopes!.filter((_, index) => inside(index))), entry.name).toBeGreaterThan(0);
    }
  });

  test("the batch size may stay free", async () => {
    const free = makeGraph();
    const parameters = constantValues(free, top.parameters, moved);
    const { classes, posteriors } = top.normalize(parameters, input(free, "x", [1, 4, 4, freeBatch]));
    const program = await compileGraph({ classes, posteriors }, { threads: 1 });
    for (const size of [1, 4]) expect((await program.run(images(size))).classes!.shape).toEqual([classCount, size]);
    await program.dispose();
  });
});

describe("at the paper's size, 3 scales of 1536, 768 and 768 dimensions and 10 classes", () => {
  const sizes = [1536, 768, 768];
  const [dimensions, batch, many] = [3072, 8, 10];
  const shapes = sizes.map((channels) => ({ channels, height: 1, width: 1 }));
  /** A flow that changes nothing: its latents are the data. */
  const identity: Flow = {
    inputShape: { channels: dimensions, height: 1, width: 1 },
    latentShapes: shapes,
    parameters: {},
    createParameters: () => ({}),
    adapt: (parameters) => parameters,
    normalize: (_, x) => {
      const latents = split(x, 0, sizes);
      const logDet = constant(x.graph, new Float32Array(batch), [batch]);
      return {
        latents,
        terms: latents.map((u, scale) => ({ logDet, prior: standardNormalLogDensity(u, shapes[scale]!) })),
      };
    },
    generate: (_, latents) => reshape(latents[0]!, latents[0]!.shape),
  };

  // Classes half a deviation apart in every dimension, then images that lie 20 deviations out in every dimension.
  test.each([
    ["ordinary images", 1, 5e-3],
    ["images far out", 20, 5e-1],
  ])("float32 keeps the likelihoods of %s", async (_name, deviation, largest) => {
    const large = classConditional(identity, many);
    const drawn = packArrays(large.parameters, large.createParameters(randomKey(1)));
    const trainable = Float32Array.from(normalNumbers(drawn.trainable.length, "class parameters"), (v) => 0.3 * v);
    const x = Float32Array.from(normalNumbers(dimensions * batch, "latents"), (value) => deviation * value);
    const results = await predict(
      large.parameters,
      { ...drawn, trainable },
      { x: { data: x, shape: [dimensions, 1, 1, batch] } },
      (parameters, given) => ({ classes: large.normalize(parameters, given.x!).classes }),
    );
    const entries = layoutOf(large.parameters).entries;
    const errors = Array.from({ length: many * batch }, (_, index) => {
      const [c, n] = [Math.floor(index / batch), index % batch];
      let [expected, start] = [0, 0];
      for (const [scale, size] of sizes.entries()) {
        const rows = ["bias", "logScale"].map((leaf) => {
          const { offset } = entries.find(({ name }) => name === `classes.scale${scale}.${leaf}`)!;
          return trainable.subarray(offset + c * size, offset + (c + 1) * size);
        });
        const u = Array.from({ length: size }, (_, d) => x[(start + d) * batch + n]!);
        expected += logDensity(u, rows[0]!, rows[1]!);
        start += size;
      }
      return Math.abs(results.classes![index]! - expected);
    });
    // Of sums of 4e3 and 2e6 nats, whose last float32 digits are worth 2e-4 to 5e-4 and 0.06 to 0.13.
    expect(Math.max(...errors)).toBeLessThan(largest);
  });
});

describe("trained on two classes", () => {
  const flow = makeGlow({ channels: 1, height: 8, width: 8, scales: 2, depth: 1, hidden: 8 });
  const two = classConditional(flow, 2);
  const classes = (count: number) => Array.from({ length: count }, (_, index) => index % 2);

  /** Images [1, 8, 8, N], brighter on the left (class 0) or on the right (class 1). */
  function shaded(labels: readonly number[], label: string) {
    const stream = randomKey(label).stream();
    const data = new Float32Array(64 * labels.length);
    for (let index = 0; index < data.length; index++) {
      const column = Math.floor(index / labels.length) % 8;
      const slope = labels[index % labels.length] === 0 ? -0.04 : 0.04;
      data[index] = slope * (column - 3.5) + 0.1 * stream.normal();
    }
    return { data, shape: [1, 8, 8, labels.length] };
  }

  const training = { x: shaded(classes(256), "training"), labels: oneHot(classes(256), 2) };
  const unseen = classes(200);

  function start(labelled: boolean) {
    const drawn = packArrays(two.parameters, two.createParameters(randomKey("two")));
    return adapted(two.parameters, drawn, training, (parameters, { x, labels }) =>
      two.adapt(parameters, x!, labelled ? labels! : undefined),
    );
  }

  /** Mean log p(x|c) of the right and the wrong class of new images, and how often the likelier class is the right one. */
  async function judge(vectors: ParameterVectors) {
    const { rows } = await predict(two.parameters, vectors, { x: shaded(unseen, "unseen") }, (parameters, { x }) => ({
      rows: two.normalize(parameters, x!).classes,
    }));
    const mean = (wrong: number): number =>
      unseen.reduce((sum, label, n) => sum + rows![(label ^ wrong) * unseen.length + n]!, 0) / unseen.length;
    return { right: mean(0), wrong: mean(1), accuracy: accuracy(rows!, unseen) };
  }

  async function learn(wrongWeight: number) {
    const given = { ...training, general: { data: new Float32Array(256).fill(40), shape: [256] } };
    const options = { steps: 30, learningRate: 0.02 };
    const trained = await train(two.parameters, await start(false), given, options, (parameters, values) => {
      const { classes: rows } = two.normalize(parameters, values.x!);
      const wrong = wrongClassLoss(rows, values.general!, values.labels!, { weight: wrongWeight, temperature: 20 });
      return add(labelledNegativeLogLikelihood(rows, values.labels!), wrong);
    });
    return { losses: trained.losses, ...(await judge(trained.parameters)) };
  }

  test("it tells new images apart, and the wrong-class loss drives the classes further apart", async () => {
    const before = await judge(await start(false));
    const [plain, driven] = [await learn(0), await learn(60)];
    expect(before.accuracy).toBe(0.5);
    for (const { accuracy, losses, right } of [plain, driven]) {
      expect(losses.at(-1)).toBeLessThan(losses[0]! - 5);
      expect(right).toBeGreaterThan(before.right + 5);
      expect(accuracy).toBeGreaterThan(0.95);
    }
    expect(driven.right - driven.wrong).toBeGreaterThan(1.5 * (plain.right - plain.wrong));
  });

  test("adapting with labels starts every class at its own mean, which tells the classes apart already", async () => {
    const parameters = await start(true);
    const { latent } = await predict(two.parameters, parameters, training, (values, { x }) => ({
      latent: add(two.normalize(values, x!).latents[1]!, 0),
    }));
    const { offset, size } = layoutOf(two.parameters).entries.find(({ name }) => name === "classes.scale1.bias")!;
    const expected = Array.from({ length: size }, (_, index) => {
      const [label, d] = [Math.floor(index / (size / 2)), index % (size / 2)];
      const own = latent!.subarray(256 * d, 256 * (d + 1)).filter((_, n) => n % 2 === label);
      return -own.reduce((sum, value) => sum + value, 0) / (128 + 10);
    });
    expect(parameters.trainable.subarray(offset, offset + size)).toBeAllclose(expected, tolerances.network);
    expect((await judge(parameters)).accuracy).toBeGreaterThan(0.95);
  });
});

test.each([1, 0, 2.5])("%d classes are refused", (count) => {
  expect(() => classConditional(glow, count)).toThrow(ConfigError);
  expect(() => classConditional(glow, count)).toThrow(
    `class-conditional flow: expected at least two classes, got ${count}`,
  );
});

/** log 1/K sum_c e^(x_c) in float64. */
function logMeanExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0) / values.length);
}

/** sum_d logScale_d + log N((u + bias) e^logScale; 0, I) in float64. */
function logDensity(u: readonly number[], bias: Float32Array, logScale: Float32Array): number {
  return u.reduce((sum, value, d) => {
    const normalized = (value + bias[d]!) * Math.exp(logScale[d]!);
    return sum + logScale[d]! - 0.5 * normalized * normalized - 0.5 * Math.log(2 * Math.PI);
  }, 0);
}
