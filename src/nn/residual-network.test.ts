/** The residual classifier: where it starts, its float32 results and gradients against float64, and that it learns. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../test/reference/evaluator.ts";
import { accuracy, adapted, oneHot, predict, train } from "../../test/reference/learning.ts";
import { normalNumbers } from "../../test/reference/random-inputs.ts";
import { tolerances } from "../../test/reference/tolerances.ts";
import { ConfigError, freeBatch, randomKey } from "../base/index.ts";
import { add, gradients, input, makeGraph, multiply } from "../graph/index.ts";
import { compileGraph } from "../runtime/index.ts";
import {
  constantValues,
  crossEntropy,
  layoutOf,
  outlierExposureWeight,
  packArrays,
  parameterData,
  residualNetwork,
  softmax,
  uniformCrossEntropy,
  unpackValues,
} from "./index.ts";

const size = { channels: 2, height: 4, width: 4, hidden: 2, blocks: 1, classCount: 3 };
const network = residualNetwork(size);
const layout = layoutOf(network.parameters);
const fresh = packArrays(network.parameters, network.createParameters(randomKey("residual")));
const shape = (batch: number) => [size.channels, size.height, size.width, batch];
const images = (batch: number, label = "images") => ({
  x: { data: Float32Array.from(normalNumbers(32 * batch, label)), shape: shape(batch) },
});

/** Parameters away from initialisation. */
const moved = {
  ...fresh,
  trainable: fresh.trainable.map((value, index) => Math.fround(value + 0.3 * Math.sin(12.9898 * (index + 1)))),
};

describe("at first", () => {
  test("all classes are equally likely", async () => {
    const { logits } = await predict(network.parameters, fresh, images(5), (parameters, { x }) => ({
      logits: network.logits(parameters, x!),
    }));
    expect([...logits!]).toEqual(Array.from({ length: 15 }, () => 0));
  });

  test("blocks are the identity: their first convolutions do not matter", async () => {
    const withHead = { ...fresh, trainable: fresh.trainable.slice() };
    const changed = { ...withHead, trainable: withHead.trainable.slice() };
    for (const entry of layout.entries) {
      if (entry.name === "head.weight") {
        for (const vectors of [withHead, changed]) parameterData(entry, vectors).fill(0.5);
      }
      if (entry.name.endsWith("conv1.weight")) parameterData(entry, changed).fill(1);
    }
    const logitsOf = (vectors: typeof fresh) =>
      predict(network.parameters, vectors, images(5), (parameters, { x }) => ({
        logits: network.logits(parameters, x!),
      }));
    const [before, after] = [await logitsOf(withHead), await logitsOf(changed)];
    expect(after).toEqual(before);
    expect(new Set(before.logits).size).toBeGreaterThan(1);
  });

  test("the same key draws the same numbers, another key others", () => {
    const draw = (seed: string) => packArrays(network.parameters, network.createParameters(randomKey(seed)));
    expect(draw("residual")).toEqual(fresh);
    expect(draw("other")).not.toEqual(fresh);
  });
});

test("adapting gives the averaged features mean 0 and deviation 1 and leaves the logits' weights alone", async () => {
  const batch = 40;
  const parameters = await adapted(network.parameters, moved, images(batch), (values, { x }) =>
    network.adapt(values, x!),
  );
  // With the identity as the head's weight, the first logits are the first normalised features.
  for (const entry of layout.entries) {
    const data = parameterData(entry, parameters);
    if (entry.name === "head.weight") {
      expect(data).toEqual(parameterData(entry, moved));
      data.set(Array.from(data, (_, index) => (index % 8 === Math.floor(index / 8) ? 1 : 0)));
    }
    if (entry.name === "head.bias") data.fill(0);
  }
  const { logits } = await predict(network.parameters, parameters, images(batch), (values, { x }) => ({
    logits: network.logits(values, x!),
  }));
  for (let row = 0; row < size.classCount; row++) {
    const features = logits!.subarray(row * batch, (row + 1) * batch);
    const mean = features.reduce((sum, value) => sum + value, 0) / batch;
    const variance = features.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (batch - 1);
    expect(mean).toBeCloseTo(0, 4);
    expect(variance).toBeCloseTo(1, 3);
  }
});

test("the batch size may stay free", async () => {
  const graph = makeGraph();
  const x = input(graph, "x", [size.channels, size.height, size.width, freeBatch]);
  const program = await compileGraph(
    { logits: network.logits(constantValues(graph, network.parameters, moved), x) },
    { threads: 1 },
  );
  for (const batch of [1, 4]) expect((await program.run(images(batch))).logits!.shape).toEqual([3, batch]);
  await program.dispose();
});

describe("away from initialisation", () => {
  const batch = 2;
  const graph = makeGraph();
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const x = input(graph, "x", shape(batch));
  const labels = input(graph, "labels", [size.classCount, batch]);
  const logits = network.logits(unpackValues(network.parameters, trainable, fixed), x);
  const loss = crossEntropy(logits, labels);
  const [gradient] = gradients(loss, [trainable]);
  const given = { ...images(batch), labels: oneHot([2, 0], size.classCount) };
  const numbers = {
    trainable: Float64Array.from(moved.trainable),
    fixed: new Float64Array(0),
    x: Float64Array.from(given.x.data),
    labels: Float64Array.from(given.labels.data),
  };

  test("logits and gradient agree with float64", async () => {
    const program = await compileGraph({ logits, gradient: gradient! }, { threads: 1 });
    const results = await program.run({
      ...given,
      trainable: { data: moved.trainable, shape: [layout.trainableSize] },
      fixed: { data: moved.fixed, shape: [layout.fixedSize] },
    });
    await program.dispose();
    const [expectedLogits, expectedGradient] = evaluate([logits, gradient!], numbers, 1);
    expect(results.logits!.data).toBeAllclose(expectedLogits!, tolerances.network);
    expect(results.gradient!.data).toBeAllclose(expectedGradient!, tolerances.network);
  });

  test.each(layout.entries)("the gradient for $name is there and agrees with a finite difference", (entry) => {
    const stream = randomKey("direction").fold(entry.name).stream();
    const within = (index: number) => index >= entry.offset && index < entry.offset + entry.size;
    const direction = numbers.trainable.map((_, index) => (within(index) ? stream.normal() : 0));
    const lossAt = (amount: number): number => {
      const trainable = numbers.trainable.map((value, index) => value + amount * direction[index]!);
      return evaluate([loss], { ...numbers, trainable }, 1)[0]![0]!;
    };
    const [slopes] = evaluate([gradient!], numbers, 1);
    const got = slopes!.reduce((sum, slope, index) => sum + slope * direction[index]!, 0);
    expect([got]).toBeAllclose([(lossAt(1e-5) - lossAt(-1e-5)) / 2e-5], tolerances.networkDifference);
    expect(Math.hypot(...slopes!.filter((_, index) => within(index)))).toBeGreaterThan(0);
  });
});

describe("trained on stripes of random phase, which no linear classifier can tell", () => {
  const classifier = residualNetwork({ channels: 1, height: 8, width: 8, hidden: 4, blocks: 1, classCount: 2 });
  const classes = (count: number) => Array.from({ length: count }, (_, index) => index % 2);

  /** Images [1, 8, 8, N] of vertical (class 0) or horizontal (class 1) stripes, or of noise alone (class -1). */
  function striped(labels: readonly number[], label: string) {
    const stream = randomKey(label).stream();
    const data = new Float32Array(64 * labels.length);
    for (const [n, kind] of labels.entries()) {
      const phase = 2 * Math.PI * stream.uniform();
      for (let pixel = 0; pixel < 64; pixel++) {
        const position = kind === 0 ? pixel % 8 : Math.floor(pixel / 8);
        const stripes = kind < 0 ? 0 : 0.4 * Math.sin((Math.PI / 2) * position + phase);
        data[pixel * labels.length + n] = stripes + 0.1 * stream.normal();
      }
    }
    return { data, shape: [1, 8, 8, labels.length] };
  }

  async function start() {
    const drawn = packArrays(classifier.parameters, classifier.createParameters(randomKey("stripes")));
    const given = { x: striped(classes(64), "training"), labels: oneHot(classes(64), 2) };
    const parameters = await adapted(classifier.parameters, drawn, given, (values, { x }) =>
      classifier.adapt(values, x!),
    );
    return { given, parameters };
  }

  const options = { steps: 60, learningRate: 0.01 };

  test("it tells the classes of new images", async () => {
    const { given, parameters } = await start();
    const trained = await train(classifier.parameters, parameters, given, options, (values, { x, labels }) =>
      crossEntropy(classifier.logits(values, x!), labels!),
    );
    const unseen = classes(100);
    const { logits } = await predict(
      classifier.parameters,
      trained.parameters,
      { x: striped(unseen, "unseen") },
      (values, { x }) => ({ logits: classifier.logits(values, x!) }),
    );
    expect(trained.losses[0]).toBeCloseTo(Math.LN2, 6);
    expect(trained.losses.at(-1)).toBeLessThan(0.1);
    expect(accuracy(logits!, unseen)).toBeGreaterThan(0.95);
  });

  test("with outlier exposure it is less certain of images of neither class", async () => {
    const { given, parameters } = await start();
    const outliers = striped(
      Array.from({ length: 64 }, () => -1),
      "outliers",
    );
    const certainty = async (weight: number): Promise<{ outlier: number; right: number }> => {
      const trained = await train(
        classifier.parameters,
        parameters,
        { ...given, outliers },
        options,
        (values, { x, labels, outliers: others }) =>
          add(
            crossEntropy(classifier.logits(values, x!), labels!),
            multiply(uniformCrossEntropy(classifier.logits(values, others!)), weight),
          ),
      );
      const unseen = classes(100);
      const probabilities = async (labels: readonly number[]) => {
        const given = { x: striped(labels, "unseen outliers") };
        const { rows } = await predict(classifier.parameters, trained.parameters, given, (values, { x }) => ({
          rows: softmax(classifier.logits(values, x!)),
        }));
        return rows!;
      };
      const rows = await probabilities(unseen.map(() => -1));
      const largest = unseen.map((_, n) => Math.max(rows[n]!, rows[n + unseen.length]!));
      return {
        outlier: largest.reduce((sum, value) => sum + value, 0) / unseen.length,
        right: accuracy(await probabilities(unseen), unseen),
      };
    };
    const [without, exposed] = [await certainty(0), await certainty(outlierExposureWeight)];
    expect(exposed.outlier).toBeLessThan(0.6);
    expect(without.outlier).toBeGreaterThan(exposed.outlier + 0.1);
    expect(exposed.right).toBeGreaterThan(0.95);
  });
});

test.each([
  ["a size that cannot be halved twice", { height: 6 }, /divisible by 4, got 6x4; choose another size/],
  ["one class", { classCount: 1 }, /expected at least two classes, got 1/],
  ["no blocks", { blocks: 0 }, /expected blocks of at least 1, got 0/],
] as const)("%s is refused", (_name, change, message) => {
  const build = () => residualNetwork({ ...size, ...change });
  expect(build).toThrow(ConfigError);
  expect(build).toThrow(message);
});
