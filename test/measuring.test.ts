/** What is measured of a flow on demand: gradients against differences, latents against the flow's own, one image against many. */
import { expect, test } from "vitest";
import { randomKey } from "../src/base/index.ts";
import { flowMeter } from "../src/detector/measuring.ts";
import { logLikelihood, pixelsToData } from "../src/flow/index.ts";
import { input as graphInput, makeGraph, transpose } from "../src/graph/index.ts";
import { flowOf, modelOf, parseConfiguration, type TrainingConfiguration } from "../src/model/index.ts";
import { constantValues, layoutOf, packArrays, parameterData, parameterInputs } from "../src/nn/index.ts";
import { nodeEngine } from "../src/runtime/index.ts";
import { latentStatistics, type OnDemandSource } from "../src/score/index.ts";

const input = { channels: 1, height: 8, width: 8 };
const phase = { steps: 1, seconds: null, learningRate: 1e-3, warmup: 1, milestones: [], factor: 1 };
const configuration = parseConfiguration(
  {
    input,
    model: { scales: 2, depth: 1, hidden: 4 },
    batchSize: 4,
    optimizer: "adamax",
    weightDecay: 0,
    clipNorm: null,
    augmentation: { flip: false, translate: 0 },
    heldOut: 0.2,
    evaluateEvery: 1,
    patience: 1,
    seed: 0,
    threads: 1,
    device: "cpu",
    memory: "auto",
    classes: null,
    classConditional: false,
    general: phase,
    local: null,
    normal: phase,
    classifier: null,
    objective: { loss: "nll" },
    start: "fresh",
    trainedScales: null,
  },
  "test",
);
const flow = flowOf(configuration, "normal");
const engine = nodeEngine({ threads: 1 });
const noise = randomKey("measuring").stream();
const pixels = Uint8Array.from(
  { length: 35 * 64 },
  (_, index) => 100 + 2 * (index % 8) + Math.round(20 * noise.uniform()),
);

/** Fresh parameters, all of them moved a little: fresh couplings alone do nothing. */
function someParameters() {
  const vectors = packArrays(flow.parameters, flow.createParameters(randomKey("weights")));
  const stream = randomKey("moved").stream();
  vectors.trainable.forEach((value, index) => {
    vectors.trainable[index] = value + 0.1 * stream.normal();
  });
  return vectors;
}

const weights = someParameters();
let reads = 0;
const meter = flowMeter(
  configuration,
  async () => {
    reads++;
    return weights;
  },
  engine,
);
const measure = (images: Uint8Array, ...sources: Exclude<OnDemandSource, "ensemble">[]) =>
  meter.measure(images, sources);

/** log p of rows of data [count, 64], under each of some weights. */
async function logDensities(rows: readonly Float32Array[], weightings = [weights]): Promise<Float32Array[]> {
  const graph = makeGraph();
  const x = graphInput(graph, "x", [1, 8, 8, rows.length]);
  const program = await engine.compile({ result: logLikelihood(flow, parameterInputs(graph, flow.parameters), x) });
  const data = new Float32Array(64 * rows.length);
  rows.forEach((row, image) => {
    row.forEach((value, place) => {
      data[place * rows.length + image] = value;
    });
  });
  const results: Float32Array[] = [];
  for (const vectors of weightings) {
    const inputs = layoutOf(flow.parameters).entries.map((entry) => [
      entry.name,
      { data: parameterData(entry, vectors), shape: entry.shape },
    ]);
    const { result } = await program.run({
      ...Object.fromEntries(inputs),
      x: { data, shape: [1, 8, 8, rows.length] },
    });
    results.push(result!.data as Float32Array);
  }
  await program.dispose();
  return results;
}

const toData = (image: number): Float32Array =>
  Float32Array.from(pixels.subarray(64 * image, 64 * (image + 1)), (value) => value / 256 - 0.5 + 1 / 512);

test("the slope is the length of the gradient that differences show", async () => {
  const { slopes } = await measure(pixels, "slopes");
  expect(slopes!.values).toHaveLength(35);
  for (const image of [0, 34]) {
    const step = 0.01;
    const moved = Array.from({ length: 128 }, (_, index) => {
      const row = toData(image);
      row[index >> 1]! += index % 2 === 0 ? step : -step;
      return row;
    });
    const [found] = await logDensities(moved);
    const slope = Array.from({ length: 64 }, (_, place) => (found![2 * place]! - found![2 * place + 1]!) / (2 * step));
    expect(slopes!.values[image]).toBeCloseTo(Math.log(Math.hypot(...slope)), 2);
  }
});

test("gradients of parameters are those that differences show, tensor by tensor", async () => {
  const { gradients } = await measure(pixels.subarray(0, 64), "gradients");
  const { entries } = layoutOf(flow.parameters);
  const trained = entries.filter(({ trainable }) => trainable);
  expect(gradients!.names).toEqual(trained.map(({ name }) => name));
  expect(gradients!.sizes).toEqual(trained.map(({ size }) => size));
  for (const entry of [trained.find(({ name }) => /actNorm.*bias|bias/.test(name))!, trained.at(-1)!]) {
    const weightings = Array.from({ length: 2 * Math.min(entry.size, 8) }, (_, index) => {
      const vectors = { trainable: weights.trainable.slice(), fixed: weights.fixed };
      parameterData(entry, vectors)[index >> 1]! += index % 2 === 0 ? 0.01 : -0.01;
      return vectors;
    });
    const values = (await logDensities([toData(0)], weightings)).map(([value]) => value!);
    const squares = weightings.reduce(
      (sum, _, index) => (index % 2 === 0 ? sum + ((values[index]! - values[index + 1]!) / 0.02) ** 2 : sum),
      0,
    );
    const found = Math.exp(gradients!.values[trained.indexOf(entry)]!);
    if (entry.size <= 8) expect(squares / found).toBeCloseTo(1, 1);
    else expect(squares).toBeLessThan(found * 1.05);
  }
});

test("latents are the flow's, whatever the form of its networks", async () => {
  const { latents } = await measure(pixels, "latents");
  const graph = makeGraph();
  const images = graphInput(graph, "images", [35, 1, 8, 8], "uint8");
  const { latents: values } = flow.normalize(constantValues(graph, flow.parameters, weights), pixelsToData(images));
  const program = await engine.compile(
    Object.fromEntries(values.map((z, scale) => [`z${scale}`, transpose(z, [3, 0, 1, 2])])),
  );
  const results = await program.run({ images: { data: pixels, shape: [35, 1, 8, 8] } });
  const expected = latentStatistics(
    35,
    flow.latentShapes.map((shape, scale) => ({ shape, values: results[`z${scale}`]!.data as Float32Array })),
  );
  expect(latents!.names).toEqual(expected.names);
  latents!.values.forEach((value, index) => {
    expect(Math.abs(value - expected.values[index]!)).toBeLessThan(1e-3 * (1 + Math.abs(expected.values[index]!)));
  });
  await program.dispose();
});

test("one image alone measures as among others, each graph is made once, and pixels are copied", async () => {
  const sources = ["pixels", "latents", "slopes", "gradients"] as const;
  const before = reads;
  const [many, one] = [
    await measure(pixels.subarray(0, 192), ...sources),
    await measure(pixels.subarray(64, 128), ...sources),
  ];
  expect(reads).toBeLessThanOrEqual(Math.max(before, 3));
  for (const name of ["latents", "slopes", "gradients"] as const) {
    const width = one[name]!.values.length;
    const row = many[name]!.values.subarray(width, 2 * width);
    one[name]!.values.forEach((value, index) => {
      expect(Math.abs(value - row[index]!)).toBeLessThan(1e-3 * (1 + Math.abs(value)));
    });
  }
  expect(one.pixels).toEqual({ shape: input, values: pixels.slice(64, 128) });
  await meter.dispose();
});

test.each<[string, Partial<TrainingConfiguration["model"]>, Partial<TrainingConfiguration>]>([
  ["patches", { architecture: "patch", scales: 1 }, {}],
  ["a fully-connected flow", { architecture: "dense" }, {}],
  ["a class-conditional flow", {}, { classes: ["a", "b"], classConditional: true }],
])("of %s is measured, too", async (_name, model, more) => {
  const other: TrainingConfiguration = { ...configuration, ...more, model: { ...configuration.model, ...model } };
  const { parameters } = modelOf(other, "normal");
  const layout = layoutOf(parameters);
  const stream = randomKey("others").stream();
  const vectors = {
    trainable: Float32Array.from({ length: layout.trainableSize }, () => 0.1 * stream.normal()),
    fixed: Float32Array.from({ length: layout.fixedSize }, () => 1),
  };
  const own = flowMeter(other, async () => vectors, engine);
  const { latents, slopes, gradients } = await own.measure(pixels.subarray(0, 128), ["latents", "slopes", "gradients"]);
  for (const { count, names, values } of [latents!, slopes!, gradients!]) {
    expect(count).toBe(2);
    expect(names.length).toBeGreaterThan(0);
    expect(values.every(Number.isFinite)).toBe(true);
  }
  await own.dispose();
});
