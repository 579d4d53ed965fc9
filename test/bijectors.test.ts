/** Every bijector against its contract. */
import { describe, expect, test } from "vitest";
import { freeBatch, type ImageShape } from "../src/base/index.ts";
import type { Bijector } from "../src/flow/index.ts";
import * as flow from "../src/flow/index.ts";
import {
  add,
  broadcastLike,
  constant,
  input,
  makeGraph,
  multiply,
  reachableNodes,
  reduceSum,
  subtract,
} from "../src/graph/index.ts";
import { constantValues, layoutOf, leavesOf } from "../src/nn/index.ts";
import {
  logDetByJacobian,
  normalData,
  parameterGradients,
  perturbedParameters,
  roundTrips,
  runOn,
  tripAtRaw,
} from "./reference/bijector-contract.ts";
import { tolerances } from "./reference/tolerances.ts";

const small: ImageShape = { channels: 4, height: 4, width: 2 };

/** One small instance of every exported bijector, by the name of its export. */
const bijectors: Record<string, Bijector> = {
  squeeze: flow.squeeze({ channels: 2, height: 4, width: 2 }) as Bijector,
  actNorm: flow.actNorm(small),
  invertibleConvolution: flow.invertibleConvolution(small),
  channelMixing: flow.channelMixing(small),
  affineCoupling: flow.affineCoupling(small, 5),
  denseCoupling: flow.denseCoupling(small, 5),
  dimensionNorm: flow.dimensionNorm(small),
  featureRotation: flow.featureRotation(small),
  patchwise: flow.patchwise(
    flow.chain("patch", {
      squeeze: flow.squeeze({ channels: 1, height: 4, width: 2 }) as Bijector,
      mixing: flow.channelMixing({ channels: 4, height: 2, width: 1 }),
      coupling: flow.affineCoupling({ channels: 4, height: 2, width: 1 }, 5),
      norm: flow.dimensionNorm({ channels: 4, height: 2, width: 1 }),
    }),
    { channels: 1, height: 8, width: 6 },
  ),
  chain: flow.chain("step", {
    squeeze: flow.squeeze({ channels: 1, height: 8, width: 4 }) as Bijector,
    mixing: flow.channelMixing(small),
    coupling: flow.affineCoupling(small, 5),
  }),
};

/** Exports of src/flow that are functions but no bijectors. */
const others = new Set([
  "makeGlow",
  "makePlacelessGlow",
  "classConditional",
  "makePatchGlow",
  "makeDenseGlow",
  "makePixelCnn",
  "isPixelCnn",
  "halvingsOf",
  "drawLevels",
  "mixtureNumbers",
  "makeFlow",
  "defaultSizes",
  "luInverse",
  "luMatrix",
  "standardNormalLogDensity",
  "imageInput",
  "pixelsToData",
  "logLikelihood",
  "tableOfTerms",
  "scoreTerms",
]);

// float32 through a handful of multiplications and divisions by scales of about 0.1 to 10.
const tolerance = { value: 1e-4, logDet: 1e-3 };

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((worst, value, index) => {
    const difference = Math.abs(value - b[index]!);
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  }, 0);
};

test("every bijector but those that only move numbers has parameters to train", () => {
  const without = Object.entries(bijectors).filter(([, { parameters }]) => layoutOf(parameters).trainableSize === 0);
  expect(without.map(([name]) => name)).toEqual(["squeeze", "featureRotation"]);
});

test("every bijector but the one that mixes all features tells its log-det by place", () => {
  const without = Object.entries(bijectors).filter(([, { normalizeByPlace }]) => normalizeByPlace === undefined);
  expect(without.map(([name]) => name)).toEqual(["featureRotation"]);
});

test("every exported bijector has a contract entry", () => {
  const exported = Object.entries(flow)
    .filter(([name, value]) => typeof value === "function" && !others.has(name))
    .map(([name]) => name);
  expect(exported.sort()).toEqual(Object.keys(bijectors).sort());
});

describe.each(Object.entries(bijectors))("%s", (_name, bijector) => {
  test("generate undoes normalize", async () => {
    const { data, there } = await roundTrips(bijector);
    expect(largestDifference(there.x!, data)).toBeLessThan(tolerance.value);
  });

  test("normalize undoes generate", async () => {
    const { latents, back } = await roundTrips(bijector);
    expect(largestDifference(back.z!, latents)).toBeLessThan(tolerance.value);
  });

  test("the log-dets of both directions cancel", async () => {
    const { there } = await roundTrips(bijector);
    const negated = there.backLogDet!.map((value) => -value);
    expect(largestDifference(there.logDet!, negated)).toBeLessThan(tolerance.logDet);
  });

  test("the log-det of normalize is that of the full Jacobian", async () => {
    const { expected, got } = await logDetByJacobian(bijector, "normalize");
    expect(Math.abs(got - expected)).toBeLessThan(tolerance.logDet);
  });

  test("the log-det of generate is that of the full Jacobian", async () => {
    const { expected, got } = await logDetByJacobian(bijector, "generate");
    expect(Math.abs(got - expected)).toBeLessThan(tolerance.logDet);
  });

  test.runIf(bijector.normalizeByPlace)(
    "the log-dets of all places sum to the log-det, beside the same latents",
    async () => {
      const vectors = perturbedParameters(bijector);
      const { height, width } = bijector.outputShape;
      const results = await runOn(bijector.inputShape, normalData(bijector.inputShape, 3), (x, graph) => {
        const parameters = constantValues(graph, bijector.parameters, vectors);
        const whole = bijector.normalize(parameters, x);
        const placed = bijector.normalizeByPlace!(parameters, x);
        const filled = broadcastLike(
          placed.logDet,
          constant(graph, new Float32Array(height * width * 3), [height, width, 3]),
        );
        const none = constant(graph, new Float32Array(3), [3]);
        return {
          z: add(whole.z, 0),
          zPlaced: add(placed.z, 0),
          logDet: add(whole.logDet, none),
          sum: reduceSum(filled, [0, 1]),
        };
      });
      expect(results.zPlaced).toEqual(results.z);
      expect(results.sum!).toBeAllclose(results.logDet!, tolerances.network);
    },
  );

  test("an image's latent does not depend on the other images", async () => {
    const vectors = perturbedParameters(bijector);
    const both = normalData(bijector.inputShape, 2);
    const first = both.filter((_, index) => index % 2 === 0);
    const normalize = (data: Float32Array) =>
      runOn(bijector.inputShape, data, (x, graph) => ({
        z: bijector.normalize(constantValues(graph, bijector.parameters, vectors), x).z,
      }));
    const [together, alone] = [await normalize(both), await normalize(first)];
    const ofFirst = together.z!.filter((_, index) => index % 2 === 0);
    expect(largestDifference(ofFirst, alone.z!)).toBeLessThan(1e-5); // same arithmetic in another blocking
  });

  test("every trained parameter receives a gradient", async () => {
    const norms = await parameterGradients(bijector);
    const trained = layoutOf(bijector.parameters).entries.filter((entry) => entry.trainable);
    expect([...norms.keys()]).toEqual(trained.map(({ name }) => name));
    for (const [name, norm] of norms) expect(norm, name).toBeGreaterThan(0);
  });

  test("after adapting, normalize gives the latents that adapt saw", async () => {
    const vectors = perturbedParameters(bijector);
    const data = normalData(bijector.inputShape, 16);
    const results = await runOn(bijector.inputShape, data, (x, graph) => {
      const adapted = bijector.adapt(constantValues(graph, bijector.parameters, vectors), x);
      const { z } = bijector.normalize(adapted.parameters, x);
      const leaves = leavesOf(bijector.parameters, adapted.parameters);
      const shapes = layoutOf(bijector.parameters).entries.map(({ shape }) => shape.join());
      expect(leaves.map(({ shape }) => shape.join())).toEqual(shapes);
      const difference = subtract(z, adapted.z);
      return { distance: reduceSum(multiply(difference, difference)) };
    });
    expect(Math.sqrt(results.distance![0]!)).toBeLessThan(tolerance.value);
  });
});

describe.each([
  ["channelMixing", flow.channelMixing(small), flow.channelMixing(small, "convolutions")],
  ["affineCoupling", flow.affineCoupling(small, 5), flow.affineCoupling(small, 5, "convolutions")],
] as const)("%s as convolutions", (_name, products, convolutions) => {
  test("gives the latents and the log-det of the products, and takes them back", async () => {
    const vectors = perturbedParameters(products as Bijector);
    const data = normalData(small, 3);
    const run = (form: Bijector) =>
      runOn(small, data, (x, graph) => {
        const parameters = constantValues(graph, form.parameters, vectors);
        const { z, logDet } = form.normalize(parameters, x);
        return { z: add(z, 0), logDet: add(logDet, 0), x: add(form.generate(parameters, z).x, 0) };
      });
    const [expected, got] = [await run(products as Bijector), await run(convolutions as Bijector)];
    expect(largestDifference(got.z!, expected.z!)).toBeLessThan(tolerance.value);
    expect(largestDifference(got.logDet!, expected.logDet!)).toBeLessThan(tolerance.logDet);
    expect(largestDifference(got.x!, data)).toBeLessThan(tolerance.value);
  });
});

describe.each([
  ["affineCoupling", flow.affineCoupling(small, 5) as Bijector],
  ["affineCoupling as convolutions", flow.affineCoupling(small, 5, "convolutions") as Bijector],
  ["denseCoupling", flow.denseCoupling(small, 5) as Bijector],
])("the scale of %s", (_name, bijector) => {
  test.each([2, 0, -8, -8.9, -9, -9.1, -12, -16, -18, -20, -80])(
    "at raw + 2 = %d is one for z, inverse and log-det",
    async (raw) => {
      const { data, z, logDet, back } = await tripAtRaw(bijector, raw);
      const half = data.length / 2;
      const logScale = Math.min(raw, 0) - Math.log1p(Math.exp(-Math.abs(raw)));
      expect(logDet / half).toBeCloseTo(logScale, 4);
      const shifted = data.subarray(half).map((value) => value + 0.25);
      // Just above -9 the engine's own sigmoid is good to four in ten thousand.
      expect(z.subarray(half).map((value) => value / Math.exp(logScale))).toBeAllclose(shifted, {
        relative: 2.5e-4,
        absolute: 1e-6,
      });
      expect(z.subarray(0, half)).toEqual(data.subarray(0, half));
      expect(back).toBeAllclose(data, { relative: 1e-5, absolute: 1e-6 });
    },
  );
});

test("between bijectors as convolutions the transpositions cancel", () => {
  const graph = makeGraph();
  const step = flow.chain("steps", {
    mixing0: flow.channelMixing(small, "convolutions"),
    coupling0: flow.affineCoupling(small, 5, "convolutions"),
    mixing1: flow.channelMixing(small, "convolutions"),
    coupling1: flow.affineCoupling(small, 5, "convolutions"),
  });
  const x = input(graph, "x", [small.channels, small.height, small.width, freeBatch]);
  const { z } = step.normalize(constantValues(graph, step.parameters, perturbedParameters(step)), x);
  const moved = reachableNodes([z]).filter(
    ({ op, outputs }) => op === "transpose" && outputs[0]!.shape.includes(freeBatch),
  );
  expect(moved.map(({ attributes }) => attributes)).toEqual([
    { permutation: [3, 0, 1, 2] },
    { permutation: [1, 2, 3, 0] },
  ]);
});

test("ActNorm adapts to mean 0 and deviation 1 per channel", async () => {
  const bijector = flow.actNorm(small);
  const data = normalData(small, 50).map((value, index) => 3 * value + Math.floor(index / (8 * 50)));
  const { z } = await runOn(small, data, (x, graph) => ({
    z: bijector.adapt(constantValues(graph, bijector.parameters, perturbedParameters(bijector)), x).z,
  }));
  for (let channel = 0; channel < small.channels; channel++) {
    const values = z!.subarray(channel * 400, (channel + 1) * 400);
    const mean = values.reduce((sum, value) => sum + value, 0) / 400;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 399;
    expect(mean).toBeCloseTo(0, 4);
    expect(variance).toBeCloseTo(1, 3);
  }
});

test.each([
  [
    "odd height",
    () => flow.squeeze({ channels: 1, height: 3, width: 2 }),
    /squeeze: expected even height and width, got 3x2/,
  ],
  [
    "odd channels",
    () => flow.affineCoupling({ channels: 3, height: 2, width: 2 }, 4),
    /affineCoupling: expected an even number/,
  ],
  [
    "neighbours",
    () => flow.chain("c", { a: flow.actNorm(small), b: flow.actNorm({ ...small, channels: 2 }) }),
    /chain: expected neighbours that fit at 'b'/,
  ],
  [
    "odd channels of features",
    () => flow.denseCoupling({ channels: 3, height: 2, width: 2 }, 4),
    /denseCoupling: expected an even number of channels, got 3/,
  ],
  [
    "patches that do not fill",
    () => flow.patchwise(flow.actNorm(small), { channels: 4, height: 8, width: 3 }),
    /patchwise: expected 4 channels and a size divisible by 4x2, got 4 channels of 8x3; choose another size/,
  ],
  [
    "patches of other channels",
    () => flow.patchwise(flow.actNorm(small), { ...small, channels: 2 }),
    /patchwise: expected 4 channels and .*, got 2 channels of 4x2/,
  ],
  ["empty chain", () => flow.chain("c", {}), /chain: expected at least one bijector/],
  [
    "too many scales",
    () => flow.makeGlow({ channels: 1, height: 12, width: 12, scales: 3, depth: 1, hidden: 4 }),
    /divisible by 8 for 3 scales, got 12x12/,
  ],
  [
    "no depth",
    () => flow.makeGlow({ channels: 1, height: 8, width: 8, scales: 1, depth: 0, hidden: 4 }),
    /glow: expected a positive depth, got 0/,
  ],
  [
    "a patch flow of several scales",
    () => flow.makePatchGlow({ channels: 1, height: 16, width: 16, scales: 3, depth: 1, hidden: 4 }),
    /patch: expected 1 scale, got 3; leave scales out, or choose architecture glow/,
  ],
  [
    "a patch flow of another size",
    () => flow.makePatchGlow({ channels: 1, height: 20, width: 16, scales: 1, depth: 1, hidden: 4 }),
    /patch: expected a size divisible by the patches' 8, got 20x16; choose a size such as 16 or 32, or do without patches/,
  ],
  [
    "patches of an odd side",
    () => flow.makePatchGlow({ channels: 1, height: 15, width: 15, scales: 1, depth: 1, hidden: 4 }, "products", 5),
    /patch: expected patches of an even side, got 5/,
  ],
  [
    "a dense flow without features",
    () => flow.makeDenseGlow({ channels: 1, height: 8, width: 8, scales: 1, depth: 1, hidden: 0 }),
    /dense: expected a positive hidden, got 0/,
  ],
  [
    "a dense flow of too many scales",
    () => flow.makeDenseGlow({ channels: 1, height: 12, width: 12, scales: 3, depth: 1, hidden: 4 }),
    /dense: expected a size divisible by 8 for 3 scales, got 12x12/,
  ],
] as const)("%s is refused", (_name, build, message) => {
  expect(build).toThrow(message);
});
