/**
 * What is measured of the normal flow on demand: latents and gradients, for scores that are asked for by name. The graphs are made from the
 * weights when they are first needed, so that detectors of any age have them. Portable.
 */
import { imageSizeOf, internalError } from "../base/index.ts";
import { imageInput, pixelsToData, type ScaleTerm } from "../flow/index.ts";
import {
  add,
  concatenate,
  type Graph,
  gradients,
  makeGraph,
  multiply,
  reduceSum,
  reshape,
  transpose,
  type Value,
} from "../graph/index.ts";
import { type Model, modelOf, type TrainingConfiguration } from "../model/index.ts";
import {
  constantValues,
  layoutOf,
  leavesOf,
  type ParameterTree,
  type ParameterVectors,
  parameterData,
  parameterInputs,
  type ValuesOf,
} from "../nn/index.ts";
import type { Buffer, Engine, Program } from "../runtime/index.ts";
import {
  latentStatistics,
  logSquare,
  makeStatisticTable,
  type OnDemandSource,
  type SourceTables,
  type StatisticTable,
} from "../score/index.ts";

/** A source that a detector can measure by itself. */
export type MeasuredSource = Exclude<OnDemandSource, "ensemble">;

/** Tables of sources that are measured on demand. */
export type MeasuredTables = { readonly [Name in MeasuredSource]?: SourceTables[Name] };

/** What measures a detector's flow. */
export interface FlowMeter {
  /** The tables of uint8 images [N, C, H, W]. Throws RunError where the engine fails, FormatError for weights that have changed. */
  measure(pixels: Uint8Array, sources: readonly MeasuredSource[]): Promise<MeasuredTables>;
  dispose(): Promise<void>;
}

/** A compiled way to one of the tables. */
interface Gauge {
  readonly table: (pixels: Uint8Array, count: number) => Promise<StatisticTable>;
  readonly program: Program;
}

type GaugeName = Exclude<MeasuredSource, "pixels">;

/** Images in one run: gradients hold every activation. */
const batchSize = 32;

/** A meter for the normal model of a configuration, whose weights are read when they are first needed. */
export function flowMeter(
  configuration: TrainingConfiguration,
  readWeights: () => Promise<ParameterVectors>,
  engine: Engine,
): FlowMeter {
  const opened = new Map<GaugeName, Promise<Gauge>>();
  const open = (name: GaugeName): Promise<Gauge> => {
    const known = opened.get(name) ?? readWeights().then((weights) => gauges[name](configuration, weights, engine));
    opened.set(name, known);
    return known;
  };
  const shape = {
    channels: configuration.input.channels,
    height: configuration.input.height,
    width: configuration.input.width,
  };
  return {
    async measure(pixels, sources) {
      const count = pixels.length / imageSizeOf(shape);
      const tables: { -readonly [Name in MeasuredSource]?: SourceTables[Name] } = {};
      for (const name of sources) {
        if (name === "pixels") tables.pixels = { shape, values: pixels.slice() };
        else tables[name] = await (await open(name)).table(pixels, count);
      }
      return tables;
    },
    async dispose() {
      for (const gauge of opened.values()) await (await gauge).program.dispose();
    },
  };
}

/** The latents and terms of data x [C, H, W, N] under a normal model, with classes the plain flow's latents and the marginal's terms. */
function normalize(
  model: Model,
  values: ValuesOf<ParameterTree>,
  x: Value,
): { readonly latents: readonly Value[]; readonly terms: readonly ScaleTerm[] } {
  if (model.kind === "class-conditional") {
    return model.top.normalize(values as ValuesOf<typeof model.top.parameters>, x);
  }
  if (model.kind === "flow") return model.flow.normalize(values, x);
  throw internalError("a classifier has no latents");
}

function sumOf(terms: readonly ScaleTerm[]): Value {
  return terms.map(({ logDet, prior }) => add(logDet, prior)).reduce((sum, term) => add(sum, term));
}

const gauges: {
  readonly [Name in GaugeName]: (
    configuration: TrainingConfiguration,
    weights: ParameterVectors,
    engine: Engine,
  ) => Promise<Gauge>;
} = { latents: openLatents, slopes: openSlopes, gradients: openGradients };

/** Latents of every scale as [N, C, H, W], by scoring's convolutions. */
async function openLatents(
  configuration: TrainingConfiguration,
  weights: ParameterVectors,
  engine: Engine,
): Promise<Gauge> {
  const model = modelOf(configuration, "normal", "convolutions");
  const { values, images } = constantGraph(configuration, model, weights);
  const { latents } = normalize(model, values, pixelsToData(images));
  const shapes = latents.map(({ shape: [channels, height, width] }) => ({
    channels: channels as number,
    height: height as number,
    width: width as number,
  }));
  const outputs = Object.fromEntries(latents.map((z, scale) => [`latent${scale}`, transpose(z, [3, 0, 1, 2])]));
  const program = await engine.compile(outputs, { weights: "constant" });
  return {
    program,
    table: async (pixels, count) => {
      const values = shapes.map((shape) => new Float32Array(count * imageSizeOf(shape)));
      await eachBatch(configuration, pixels, batchSize, async (images, first) => {
        const results = await program.run({ images });
        for (const [scale, shape] of shapes.entries()) {
          values[scale]!.set(results[`latent${scale}`]!.data as Float32Array, first * imageSizeOf(shape));
        }
      });
      return latentStatistics(
        count,
        shapes.map((shape, scale) => ({ shape, values: values[scale]! })),
      );
    },
  };
}

/** The length of the gradient of log p with respect to every image of a batch: log p of one image depends on no other. */
async function openSlopes(
  configuration: TrainingConfiguration,
  weights: ParameterVectors,
  engine: Engine,
): Promise<Gauge> {
  const model = modelOf(configuration, "normal");
  const { values, images } = constantGraph(configuration, model, weights);
  const x = pixelsToData(images);
  const [slope] = gradients(reduceSum(sumOf(normalize(model, values, x).terms)), [x]);
  const squares = reduceSum(multiply(slope!, slope!), [0, 1, 2]);
  const program = await engine.compile({ squares }, { weights: "constant" });
  return {
    program,
    table: async (pixels, count) => {
      const logs = new Float64Array(count);
      await eachBatch(configuration, pixels, batchSize, async (images, first) => {
        const { data } = (await program.run({ images })).squares!;
        for (let index = 0; index < data.length; index++) logs[first + index] = logSquare(data[index]!) / 2;
      });
      return makeStatisticTable(count, ["image"], logs);
    },
  };
}

/** The squares of the gradient of one image's log p with respect to every trained tensor. */
async function openGradients(
  configuration: TrainingConfiguration,
  weights: ParameterVectors,
  engine: Engine,
): Promise<Gauge> {
  const model = modelOf(configuration, "normal");
  const { entries } = layoutOf(model.parameters);
  const trained = entries.filter(({ trainable }) => trainable);
  const graph = makeGraph();
  const values = parameterInputs(graph, model.parameters);
  const images = imageInput(graph, configuration.input, 1);
  const leaves = leavesOf(model.parameters, values).filter((_, index) => entries[index]!.trainable);
  const derivatives = gradients(reduceSum(sumOf(normalize(model, values, pixelsToData(images)).terms)), leaves);
  const squares = concatenate(
    derivatives.map((gradient) => reshape(reduceSum(multiply(gradient, gradient)), [1])),
    0,
  );
  // As a step of training: the engine's rewriting gains nothing where weights come in.
  const program = await engine.compile({ squares }, { weights: "given" });
  const inputs: Record<string, Buffer> = Object.fromEntries(
    entries.map((entry) => [entry.name, { data: parameterData(entry, weights), shape: entry.shape }]),
  );
  return {
    program,
    table: async (pixels, count) => {
      const logs = new Float64Array(count * trained.length);
      await eachBatch(configuration, pixels, 1, async (images, image) => {
        const { data } = (await program.run({ ...inputs, images })).squares!;
        for (const [index, square] of data.entries()) logs[image * trained.length + index] = logSquare(square);
      });
      return makeStatisticTable(
        count,
        trained.map(({ name }) => name),
        logs,
        trained.map(({ size }) => size),
      );
    },
  };
}

/** A graph of images with the weights inside. */
function constantGraph({ input }: TrainingConfiguration, model: Model, weights: ParameterVectors) {
  const graph: Graph = makeGraph();
  return { values: constantValues(graph, model.parameters, weights), images: imageInput(graph, input) };
}

async function eachBatch(
  { input: { channels, height, width } }: TrainingConfiguration,
  pixels: Uint8Array,
  most: number,
  run: (images: Buffer, first: number) => Promise<void>,
): Promise<void> {
  const size = channels * height * width;
  const count = pixels.length / size;
  for (let first = 0; first < count; first += most) {
    const images = Math.min(most, count - first);
    const data = pixels.subarray(first * size, (first + images) * size);
    await run({ data, shape: [images, channels, height, width] }, first);
  }
}
