/** Images that a trained flow generates: latents drawn from the prior, narrowed by a temperature, mapped back to pixels. */
import { freeBatch, type RandomKey } from "../base/index.ts";
import type { Flow } from "../flow/index.ts";
import { input, makeGraph } from "../graph/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import { type Buffer, compileGraph, type Program, type ProgramOptions } from "../runtime/index.ts";

export interface SamplingOptions {
  readonly count: number;
  /** Standard deviation of the latents: 1 samples the model, less gives more typical images (Glow uses 0.7). */
  readonly temperature: number;
  readonly key: RandomKey;
}

/** Images generated or encoded in one run: memory does not grow with their number. */
export const samplingBatch = 64;

/** Samples of a flow as uint8 images [count, C, H, W]. Throws RunError where the engine fails. */
export async function sampleImages(
  flow: Flow,
  parameters: ParameterVectors,
  { count, temperature, key }: SamplingOptions,
  options: ProgramOptions,
): Promise<Uint8Array> {
  const { channels, height, width } = flow.inputShape;
  const size = channels * height * width;
  const pixels = new Uint8Array(count * size);
  const program = await compileGenerator(flow, parameters, options);
  try {
    for (let first = 0; first < count; first += samplingBatch) {
      const images = Math.min(samplingBatch, count - first);
      const latents = drawLatents(flow, images, temperature, key.fold(first / samplingBatch));
      const { x } = await program.run(latents);
      pixels.set(toPixels(x!.data as Float32Array, images), first * size);
    }
  } finally {
    await program.dispose();
  }
  return pixels;
}

/** Latents in, x [C, H, W, N] out, for any N. */
export function compileGenerator(flow: Flow, parameters: ParameterVectors, options: ProgramOptions): Promise<Program> {
  const graph = makeGraph();
  const latents = flow.latentShapes.map(({ channels, height, width }, scale) =>
    input(graph, latentName(scale), [channels, height, width, freeBatch]),
  );
  const x = flow.generate(constantValues(graph, flow.parameters, parameters), latents);
  return compileGraph({ x }, options);
}

/** Normal numbers of deviation `temperature` for the latents of `count` images. */
export function drawLatents({ latentShapes }: Flow, count: number, temperature: number, key: RandomKey) {
  const drawn: Record<string, Buffer> = {};
  for (const [scale, { channels, height, width }] of latentShapes.entries()) {
    const stream = key.fold("latent").fold(scale).stream();
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
