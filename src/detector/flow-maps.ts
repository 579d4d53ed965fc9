/**
 * Maps of a flow: the log-det and prior term of every scale by place. A place of scale s is a block of 2^(s+1) x 2^(s+1) pixels; of a model without scales, a pixel. What couplings
 * add to the log-det stands where they add it, the prior term and its log-det where the latents are; what is the same for every place and image (ActNorm,
 * 1x1 convolutions) is shared out evenly. The sum over places is the term. Portable.
 */
import { ConfigError, imageSizeOf } from "../base/index.ts";
import { type Flow, imageInput, pixelsToData, type ScaleTerm } from "../flow/index.ts";
import { concatenate, makeGraph, reshape, transpose, type Value } from "../graph/index.ts";
import { flowOf, type TrainingConfiguration } from "../model/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import type { Engine, Program } from "../runtime/index.ts";
import { type TermSum, termsPerScale } from "../score/index.ts";

/** The terms of one scale by place. */
export interface ScaleMap {
  readonly rows: number;
  readonly columns: number;
  /** Row-major [N, 2, rows, columns] in nats: log-det, then prior term. */
  readonly values: Float32Array;
}

/** What maps are compiled from. */
export interface WeightedFlow {
  readonly flow: Flow;
  readonly parameters: ParameterVectors;
}

/** A compiled map. */
export interface FlowMapper {
  /** The maps of uint8 images [N, C, H, W], one a scale, the finest first. Throws ConfigError for pixels that are no whole images. */
  run(pixels: Uint8Array): Promise<readonly ScaleMap[]>;
  dispose(): Promise<void>;
}

/** Images mapped in one run: memory does not grow with their number. */
const mappingBatch = 16;

/**
 * The maps of uint8 images [N, C, H, W] at their own resolution, float32 [N, scales, H, W] in nats: log-det and prior term of every scale
 * together, each place's share spread evenly over its pixels. The sum over scales and pixels is log p(x). Throws ConfigError where the flow's latents
 * have no place and for pixels that are no whole images, RunError where the engine fails.
 */
export async function flowMaps(
  { flow, parameters }: WeightedFlow,
  pixels: Uint8Array,
  engine: Engine,
): Promise<Float32Array> {
  const mapper = await openFlowMapper({ flow, parameters }, engine);
  try {
    const maps = await mapper.run(pixels);
    const { height, width } = flow.inputShape;
    const area = height * width;
    const count = pixels.length / imageSizeOf(flow.inputShape);
    const result = new Float32Array(count * maps.length * area);
    for (let image = 0; image < count; image++) {
      for (const [scale, map] of maps.entries()) {
        const sum = new Float64Array(area);
        addPixels(sum, map, image, width, 1);
        result.set(sum, (image * maps.length + scale) * area);
      }
    }
    return result;
  } finally {
    await mapper.dispose();
  }
}

/** Whether the maps of a configuration's normal flow can be drawn: not where features are mixed or classes are told by all places together. */
export function hasFlowMaps(configuration: TrainingConfiguration): boolean {
  return !configuration.classConditional && flowOf(configuration, "normal").termsByPlace !== undefined;
}

/** Compiles the maps of a flow. Throws ConfigError where its latents have no place. */
export async function openFlowMapper({ flow, parameters }: WeightedFlow, engine: Engine): Promise<FlowMapper> {
  const outputs = mapOutputs(flow, parameters);
  const program = await engine.compile(outputs);
  const size = imageSizeOf(flow.inputShape);
  return {
    async run(pixels) {
      const count = pixels.length / size;
      if (!Number.isInteger(count)) {
        const { channels, height, width } = flow.inputShape;
        const expected = `whole images of ${channels}x${height}x${width}`;
        throw new ConfigError({ code: "mismatch", subject: "maps", expected, got: `${pixels.length} numbers` });
      }
      const maps = Object.values(outputs).map(({ shape }) => {
        const [rows, columns] = shape.slice(2) as [number, number];
        return { rows, columns, values: new Float32Array(count * termsPerScale * rows * columns) };
      });
      for (let first = 0; first < count; first += mappingBatch) {
        await runBatch(program, flow, pixels.subarray(first * size, (first + mappingBatch) * size), first, maps);
      }
      return maps;
    },
    dispose: () => program.dispose(),
  };
}

async function runBatch(
  program: Program,
  { inputShape: { channels, height, width } }: Flow,
  data: Uint8Array,
  first: number,
  maps: readonly ScaleMap[],
): Promise<void> {
  const count = data.length / (channels * height * width);
  const outputs = await program.run({ images: { data, shape: [count, channels, height, width] } });
  for (const [scale, { rows, columns, values }] of maps.entries()) {
    values.set(outputs[outputName(scale)]!.data as Float32Array, first * termsPerScale * rows * columns);
  }
}

/**
 * The map of a score for image number `image`, float32 [H, W], higher = more anomalous, in nats: minus the terms it is a sum of, plus those
 * of the flow to which it compares. The sum over pixels is the score; what is not finite is +Infinity, as in scores.
 */
export function scoreMap(
  { scale }: TermSum,
  { height, width }: { readonly height: number; readonly width: number },
  image: number,
  normal: readonly ScaleMap[],
  less: readonly ScaleMap[] = [],
): Float32Array {
  const sum = new Float64Array(height * width);
  const chosen = (maps: readonly ScaleMap[]) => maps.filter((_, index) => scale === undefined || index === scale);
  for (const map of chosen(normal)) addPixels(sum, map, image, width, -1);
  for (const map of chosen(less)) addPixels(sum, map, image, width, 1);
  return Float32Array.from(sum, (value) => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY));
}

/** Adds `sign` times log-det and prior term of one image, each place's evenly over its block of pixels. */
function addPixels(
  sum: Float64Array,
  { rows, columns, values }: ScaleMap,
  image: number,
  width: number,
  sign: number,
): void {
  const side = width / columns;
  const places = rows * columns;
  const logDets = values.subarray(image * termsPerScale * places);
  for (let pixel = 0; pixel < sum.length; pixel++) {
    const row = Math.floor(Math.floor(pixel / width) / side);
    const place = row * columns + Math.floor((pixel % width) / side);
    sum[pixel]! += (sign * (logDets[place]! + logDets[places + place]!)) / side ** 2;
  }
}

/** Images in, `scale0`, `scale1`, ... out: [N, 2, rows, columns] each, for any N. */
function mapOutputs(flow: Flow, parameters: ParameterVectors): Record<string, Value> {
  if (!flow.termsByPlace) {
    throw new ConfigError({
      code: "unsupported",
      subject: "maps",
      expected: "a flow whose latents have places",
      got: "one that mixes all features of an image",
    });
  }
  const graph = makeGraph();
  const images = imageInput(graph, flow.inputShape);
  const values = constantValues(graph, flow.parameters, parameters);
  const terms = flow.termsByPlace(values, pixelsToData(images));
  return Object.fromEntries(terms.map((term, scale) => [outputName(scale), stacked(term)]));
}

function stacked({ logDet, prior }: ScaleTerm): Value {
  const layers = [logDet, prior].map((map) => reshape(map, [1, ...map.shape]));
  return transpose(concatenate(layers, 0), [3, 0, 1, 2]);
}

function outputName(scale: number): string {
  return `scale${scale}`;
}
