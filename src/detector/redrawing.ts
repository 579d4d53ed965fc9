/**
 * Images whose latents are kept at some scales and drawn anew at the others: what each scale of a flow knows of an image.
 *
 *   z = normalize(x);   z'_s = z_s at the kept scales, z'_s ~ T N(0, I) at the others;   x' = generate(z')
 */
import { ConfigError, type ImageShape, type RandomKey } from "../base/index.ts";
import { type Flow, imageInput, pixelsToData } from "../flow/index.ts";
import { makeGraph } from "../graph/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import type { Buffer, Engine, Program } from "../runtime/index.ts";
import { compileGenerator, drawLatents, latentName, samplingBatch, toPixels, withLatents } from "./sampling.ts";

/** Which latents stay, and how the others are drawn. */
export interface RedrawingOptions {
  /** Indices of the scales whose latents stay, 0 the finest. */
  readonly kept: readonly number[];
  /** Standard deviation of the latents that are drawn. */
  readonly temperature: number;
  readonly key: RandomKey;
}

/**
 * Images [N, C, H, W] with the latents of the kept scales, those of all others drawn anew, as uint8 images of the same shape. With every
 * scale kept they come back as they were, up to the engine's rounding.
 * Throws ConfigError for a model without latents, for a scale that the flow lacks or pixels that are no whole images, RunError where the engine fails.
 */
export async function redrawScales(
  flow: Flow,
  parameters: ParameterVectors,
  pixels: Uint8Array,
  { kept, temperature, key }: RedrawingOptions,
  engine: Engine,
): Promise<Uint8Array> {
  const scales = withLatents(flow, "redrawing").latentShapes.length;
  const wrong = kept.find((scale) => !(Number.isInteger(scale) && scale >= 0 && scale < scales));
  if (wrong !== undefined) {
    const expected = `scales from 0 to ${scales - 1}`;
    throw new ConfigError({ code: "out-of-range", subject: "redrawing", expected, got: String(wrong) });
  }
  const { channels, height, width } = flow.inputShape;
  const size = channels * height * width;
  if (pixels.length % size !== 0) {
    const expected = `images of ${channels}x${height}x${width} pixels`;
    throw new ConfigError({
      code: "mismatch",
      subject: "redrawing",
      expected,
      got: `${pixels.length} pixels in all`,
    });
  }
  const encoder = await compileEncoder(flow, parameters, engine);
  try {
    const generator = await compileGenerator(flow, parameters, engine);
    try {
      return await redrawBatches({ flow, encoder, generator }, pixels, { kept, temperature, key });
    } finally {
      await generator.dispose();
    }
  } finally {
    await encoder.dispose();
  }
}

/** What a redrawer draws. */
export interface ScalesWish {
  readonly count: number;
  readonly temperature: number;
  /** What each scale's latents are drawn by; with the same key at every scale the images are those of `sampleImages`. */
  readonly keyOf: (scale: number) => RandomKey;
  /** An image [C, H, W] and the scales whose latents are its own; nothing is kept where absent. */
  readonly from?: { readonly pixels: Uint8Array; readonly kept: readonly number[] } | undefined;
}

/** A flow that draws and redraws again and again, compiled once. */
export interface Redrawer {
  readonly scales: number;
  readonly shape: ImageShape;
  /** uint8 [count, C, H, W], at most `samplingBatch` images. Throws RunError where the engine fails. */
  draw(wish: ScalesWish): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

/** Opens one; it compiles what it needs when that is first asked for. Throws ConfigError for a model without latents. */
export function openRedrawer(flow: Flow, parameters: ParameterVectors, engine: Engine): Redrawer {
  const { channels, height, width } = withLatents(flow, "redrawing").inputShape;
  let encoder: Promise<Program> | undefined;
  let generator: Promise<Program> | undefined;
  return {
    scales: flow.latentShapes.length,
    shape: flow.inputShape,
    async draw({ count: wanted, temperature, keyOf, from }) {
      const count = Math.min(samplingBatch, wanted);
      const latents = drawLatents(flow, count, temperature, (scale) => keyOf(scale).fold(0));
      if (from && from.kept.length > 0) {
        encoder ??= compileEncoder(flow, parameters, engine);
        const shape = [1, channels, height, width];
        const encoded = await (await encoder).run({ images: { data: from.pixels, shape } });
        for (const scale of from.kept) {
          const name = latentName(scale);
          latents[name] = repeated(encoded[name]!, latents[name]!.shape, count);
        }
      }
      generator ??= compileGenerator(flow, parameters, engine);
      const { x } = await (await generator).run(latents);
      return toPixels(x!.data as Float32Array, count);
    },
    async dispose() {
      for (const program of [encoder, generator]) {
        await program?.then(
          (compiled) => compiled.dispose(),
          () => undefined,
        );
      }
    },
  };
}

/** The latents of one image [..., 1] as those of several [..., count]. */
function repeated({ data }: Buffer, shape: readonly number[], count: number): Buffer {
  const values = data as Float32Array;
  return {
    data: Float32Array.from({ length: values.length * count }, (_, at) => values[Math.floor(at / count)]!),
    shape,
  };
}

async function redrawBatches(
  { flow, encoder, generator }: { readonly flow: Flow; readonly encoder: Program; readonly generator: Program },
  pixels: Uint8Array,
  { kept, temperature, key }: RedrawingOptions,
): Promise<Uint8Array> {
  const { channels, height, width } = flow.inputShape;
  const size = channels * height * width;
  const result = new Uint8Array(pixels.length);
  for (let first = 0; first < pixels.length / size; first += samplingBatch) {
    const batch = pixels.subarray(first * size, (first + samplingBatch) * size);
    const count = batch.length / size;
    const encoded = await encoder.run({ images: { data: batch, shape: [count, channels, height, width] } });
    const latents: Record<string, Buffer> = drawLatents(flow, count, temperature, key.fold(first / samplingBatch));
    for (const scale of kept) latents[latentName(scale)] = encoded[latentName(scale)]!;
    const { x } = await generator.run(latents);
    result.set(toPixels(x!.data as Float32Array, count), first * size);
  }
  return result;
}

/** Images in, latents of every scale out, for any N. */
function compileEncoder(flow: Flow, parameters: ParameterVectors, engine: Engine): Promise<Program> {
  const graph = makeGraph();
  const values = constantValues(graph, flow.parameters, parameters);
  const { latents } = flow.normalize(values, pixelsToData(imageInput(graph, flow.inputShape)));
  return engine.compile(Object.fromEntries(latents.map((latent, scale) => [latentName(scale), latent])));
}
