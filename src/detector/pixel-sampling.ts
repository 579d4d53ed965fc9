/** Images that an autoregressive model draws: pixel after pixel, each from its mixture given those before it. Portable. */
import { freeBatch, type RandomKey } from "../base/index.ts";
import { drawLevels, halvingsOf, mixtureNumbers, type PixelCnn } from "../flow/index.ts";
import { input, makeGraph, split, type Value } from "../graph/index.ts";
import { constantValues, type ParameterVectors } from "../nn/index.ts";
import type { Engine, Program } from "../runtime/index.ts";

/** Is told how many rows of pixels are drawn, of how many. */
export type RowListener = (done: number, total: number) => void;

/** What is drawn together. */
interface Wish {
  readonly count: number;
  readonly temperature: number;
  readonly key: RandomKey;
}

/** uint8 images [count, C, H, W]. A pass through the network for every pixel, over the rows that can matter: those down to its own. */
export async function drawPixels(
  flow: PixelCnn,
  parameters: ParameterVectors,
  { count, temperature, key }: Wish,
  engine: Engine,
  onRow: RowListener = () => {},
): Promise<Uint8Array> {
  const { channels, height, width } = flow.inputShape;
  const pixels = new Uint8Array(count * channels * height * width);
  const streams = Array.from({ length: count }, (_, image) => key.fold("image").fold(image).stream());
  // Rows that are halved together.
  const band = 2 ** halvingsOf(flow.inputShape);
  const mixture = new Float64Array(mixtureNumbers(channels));
  for (let first = 0; first < height; first += band) {
    const rows = first + band;
    const program = await compileBand(flow, parameters, rows, band, engine);
    try {
      const data = dataOf(pixels, flow, count, rows);
      for (let place = first * width; place < rows * width; place++) {
        const { mixtures } = await program.run({ x: { data, shape: [channels, rows, width, count] } });
        const numbers = mixtures!.data as Float32Array;
        for (const [image, stream] of streams.entries()) {
          for (let at = 0; at < mixture.length; at++) {
            mixture[at] = numbers[(at * band * width + place - first * width) * count + image]!;
          }
          for (const [channel, level] of drawLevels(mixture, channels, temperature, stream).entries()) {
            pixels[(image * channels + channel) * height * width + place] = level;
            data[(channel * rows * width + place) * count + image] = middleOf(level);
          }
        }
        if ((place + 1) % width === 0) onRow((place + 1) / width, height);
      }
    } finally {
      await program.dispose();
    }
  }
  return pixels;
}

/** From the first `rows` rows of images, x [C, rows, W, N], to the mixtures of the last `band` of them. */
function compileBand(
  flow: PixelCnn,
  parameters: ParameterVectors,
  rows: number,
  band: number,
  engine: Engine,
): Promise<Program> {
  const { channels, width } = flow.inputShape;
  const graph = makeGraph();
  const x = input(graph, "x", [channels, rows, width, freeBatch]);
  const all = flow.mixtures(constantValues(graph, flow.parameters, parameters), x);
  const mixtures: Value = rows === band ? all : split(all, 1, [rows - band, band])[1]!;
  return engine.compile({ mixtures }, { weights: "constant" });
}

/** The first rows of images [N, C, H, W] as data x [C, rows, W, N]. */
function dataOf(pixels: Uint8Array, { inputShape }: PixelCnn, count: number, rows: number): Float32Array {
  const { channels, height, width } = inputShape;
  const area = rows * width;
  return Float32Array.from({ length: channels * area * count }, (_, at) => {
    const [image, place] = [at % count, Math.floor(at / count)];
    const channel = Math.floor(place / area);
    return middleOf(pixels[(image * channels + channel) * height * width + (place % area)]!);
  });
}

function middleOf(level: number): number {
  return (level + 0.5) / 256 - 0.5;
}
