/** Images that a trained flow generates: latents drawn from the prior, narrowed by a temperature, mapped back to pixels. */
import { freeBatch, type RandomKey } from "../base/index.ts";
import type { Flow } from "../flow/index.ts";
import { input, makeGraph } from "../graph/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import { type Buffer, compileGraph, type ProgramOptions } from "../runtime/index.ts";

export interface SamplingOptions {
  readonly count: number;
  /** Standard deviation of the latents: 1 samples the model, less gives more typical images (Glow uses 0.7). */
  readonly temperature: number;
  readonly key: RandomKey;
}

/** Samples of a flow as uint8 images [count, C, H, W]. */
export async function sampleImages(
  flow: Flow,
  parameters: ParameterVectors,
  { count, temperature, key }: SamplingOptions,
  options: ProgramOptions,
): Promise<Uint8Array> {
  const graph = makeGraph();
  const latents = flow.latentShapes.map(({ channels, height, width }, scale) =>
    input(graph, `latent${scale}`, [channels, height, width, freeBatch]),
  );
  const x = flow.generate(constantValues(graph, flow.parameters, parameters), latents);
  const program = await compileGraph({ x }, options);
  const drawn: Record<string, Buffer> = {};
  for (const [scale, { channels, height, width }] of flow.latentShapes.entries()) {
    const stream = key.fold("latent").fold(scale).stream();
    const size = channels * height * width * count;
    const data = Float32Array.from({ length: size }, () => temperature * stream.normal());
    drawn[`latent${scale}`] = { data, shape: [channels, height, width, count] };
  }
  const results = await program.run(drawn);
  await program.dispose();
  return toPixels(results.x!.data as Float32Array, count);
}

/** x [C, H, W, N] back to pixels [N, C, H, W]: the interval of x = pixel/256 - 0.5 in which a number lies. */
function toPixels(x: Float32Array, count: number): Uint8Array {
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
