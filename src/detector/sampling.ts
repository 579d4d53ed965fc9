/**
 * Images that a trained model draws: latents from a flow's prior, narrowed by a temperature, mapped back to pixels; or pixel after pixel where there are no
 * latents.
 */
import { ConfigError, freeBatch, type RandomKey } from "../base/index.ts";
import { type ClassConditional, type Flow, isPixelCnn } from "../flow/index.ts";
import { type Graph, input, makeGraph, type Value } from "../graph/index.ts";
import { type FlowName, flowOf, modelOf, type TrainingConfiguration } from "../model/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import type { Buffer, Engine, Program } from "../runtime/index.ts";
import { drawPixels, type RowListener } from "./pixel-sampling.ts";

/** How many images are drawn, and how. */
export interface SamplingOptions {
  readonly count: number;
  /** Standard deviation of the latents, or what narrows a pixel's mixture: 1 samples the model, less gives more typical images (Glow uses 0.7). */
  readonly temperature: number;
  readonly key: RandomKey;
  /** The class of all images of a class-conditional model; where absent, every image draws one, all equally likely. */
  readonly label?: number | undefined;
  /** Is told of rows of pixels of all images, where they are drawn one after the other. */
  readonly onRow?: RowListener | undefined;
}

/** Images generated or encoded in one run: memory does not grow with their number. */
export const samplingBatch = 64;

/** What a configuration's model is sampled from: a flow, or the normal one with its classes on top. */
export function sampledModel(configuration: TrainingConfiguration, name: FlowName): Flow | ClassConditional {
  const model = modelOf(configuration, name);
  return model.kind === "class-conditional" ? model.top : flowOf(configuration, name);
}

/** Samples of a flow, with a class-conditional top or without, as uint8 images [count, C, H, W]. Throws RunError where the engine fails. */
export async function sampleImages(
  model: Flow | ClassConditional,
  parameters: ParameterVectors,
  { count, temperature, key, label, onRow }: SamplingOptions,
  engine: Engine,
): Promise<Uint8Array> {
  const flow = "flow" in model ? model.flow : model;
  if (isPixelCnn(flow)) return drawPixels(flow, parameters, { count, temperature, key }, engine, onRow);
  const classCount = "flow" in model ? model.classCount : undefined;
  const { channels, height, width } = flow.inputShape;
  const size = channels * height * width;
  const pixels = new Uint8Array(count * size);
  const program = await compileGenerator(model, parameters, engine);
  try {
    for (let first = 0; first < count; first += samplingBatch) {
      const images = Math.min(samplingBatch, count - first);
      const batchKey = key.fold(first / samplingBatch);
      const latents = drawLatents(flow, images, temperature, batchKey);
      const labels = classCount === undefined ? {} : { labels: drawLabels(classCount, images, label, batchKey) };
      const { x } = await program.run({ ...latents, ...labels });
      pixels.set(toPixels(x!.data as Float32Array, images), first * size);
    }
  } finally {
    await program.dispose();
  }
  return pixels;
}

/** Latents, and labels where there are classes, in; x [C, H, W, N] out, for any N. Throws ConfigError for a model without latents. */
export function compileGenerator(
  model: Flow | ClassConditional,
  parameters: ParameterVectors,
  engine: Engine,
): Promise<Program> {
  const graph = makeGraph();
  if (!("flow" in model)) {
    const { generate } = withLatents(model, "drawing from latents");
    const values = constantValues(graph, model.parameters, parameters);
    return engine.compile({ x: generate(values, latentInputs(graph, model)) });
  }
  const values = constantValues(graph, model.parameters, parameters);
  const labels = input(graph, "labels", [model.classCount, freeBatch]);
  return engine.compile({ x: model.generate(values, latentInputs(graph, model.flow), labels) });
}

/** A flow that has latents. Throws ConfigError for a model that has none. */
export function withLatents(flow: Flow, subject: string): Flow & Required<Pick<Flow, "generate">> {
  const { generate } = flow;
  if (generate) return { ...flow, generate };
  throw new ConfigError({
    code: "other-model",
    subject,
    expected: "a flow, with latents",
    got: "a model without",
    remedy: { key: "choose-another" },
  });
}

function latentInputs(graph: Graph, { latentShapes }: Flow): readonly Value[] {
  return latentShapes.map(({ channels, height, width }, scale) =>
    input(graph, latentName(scale), [channels, height, width, freeBatch]),
  );
}

/** One-hot labels [K, count]: of one class, or of classes drawn with equal chances. */
function drawLabels(classCount: number, count: number, label: number | undefined, key: RandomKey): Buffer {
  const stream = key.fold("class").stream();
  const data = new Float32Array(classCount * count);
  for (let image = 0; image < count; image++) data[(label ?? stream.integer(classCount)) * count + image] = 1;
  return { data, shape: [classCount, count] };
}

/** Normal numbers of deviation `temperature` for the latents of `count` images, of one key or of one for every scale. */
export function drawLatents(
  { latentShapes }: Flow,
  count: number,
  temperature: number,
  key: RandomKey | ((scale: number) => RandomKey),
): Record<string, Buffer> {
  const drawn: Record<string, Buffer> = {};
  for (const [scale, { channels, height, width }] of latentShapes.entries()) {
    const own = typeof key === "function" ? key(scale) : key;
    const stream = own.fold("latent").fold(scale).stream();
    const size = channels * height * width * count;
    const data = Float32Array.from({ length: size }, () => temperature * stream.normal());
    drawn[latentName(scale)] = { data, shape: [channels, height, width, count] };
  }
  return drawn;
}

/** The name of a scale's latents as input of the generator. */
export function latentName(scale: number): string {
  return `latent${scale}`;
}

/** x [C, H, W, N] back to pixels [N, C, H, W]: the interval of x = pixel/256 - 0.5 in which a number lies. */
export function toPixels(x: Float32Array, count: number): Uint8Array {
  const size = x.length / count;
  const pixels = new Uint8Array(x.length);
  for (let image = 0; image < count; image++) {
    for (let entry = 0; entry < size; entry++) {
      const value = Math.floor((x[entry * count + image]! + 0.5) * 256);
      pixels[image * size + entry] = Math.max(0, Math.min(255, value));
    }
  }
  return pixels;
}
