/** Golden fixtures: Glow with given parameters, and what an independent float64 implementation says of it. */
import { readFileSync } from "node:fs";
import { scoringModel } from "../../src/detector/index.ts";
import { makeGlow } from "../../src/flow/index.ts";
import {
  add,
  constant,
  gradients,
  input,
  makeGraph,
  multiply,
  negate,
  reduceSum,
  subtract,
  toFloat,
  transpose,
  type Value,
} from "../../src/graph/index.ts";
import { type LayoutEntry, layoutOf, parameterData, unpackValues } from "../../src/nn/index.ts";
import { compileGraph, loadProgram, type ProgramOptions } from "../../src/runtime/index.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly f32: string;
}

interface Golden {
  readonly config: { channels: number; size: number; scales: number; depth: number; width: number };
  readonly buffers: Record<string, Stored>;
  readonly parameters: Record<string, Stored>;
  readonly images: { shape: [number, number, number, number]; u8: string };
  readonly expected: {
    terms: number[][];
    mean_nll_nats: number;
    gradient_f64: Record<string, { shape: number[]; l2: number }>;
  };
}

export const goldenNames = ["glow-grey-8", "glow-rgb-16", "glow-rgb-32"] as const;

/** The fixture's name of one of our tensors. */
export function goldenName(name: string): string {
  return name
    .replace(".mixing.actNorm", ".actnorm")
    .replace(".mixing.convolution.permutation", ".permute.p")
    .replace(".mixing.convolution", ".permute")
    .replace("logDiagonal", "log_diag")
    .replace("logScale", "log_scale");
}

function decode(stored: Stored): Float32Array {
  const bytes = Buffer.from(stored.f32, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The third convolution is stored by where it writes, [out, 3, 3, in], here, and by where it reads, [out, in, 3, 3], there. */
function toOurLayout(entry: LayoutEntry, data: Float32Array): Float32Array {
  if (!entry.name.endsWith("conv3.weight")) return data;
  const [out, , , inner] = entry.shape as [number, number, number, number];
  return Float32Array.from({ length: data.length }, (_, index) => {
    const tap = 8 - (Math.floor(index / inner) % 9);
    const row = Math.floor(index / (inner * 9));
    return data[(row * inner + (index % inner)) * 9 + tap]!;
  }).subarray(0, out * 9 * inner);
}

/** The terms and the gradient of a fixture as the engine gives them, and the terms that its scoring graph gives. */
export async function evaluateGolden(name: (typeof goldenNames)[number], engine: ProgramOptions) {
  const golden = JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8")) as Golden;
  const { channels, size, scales, depth, width } = golden.config;
  const flowSize = { channels, height: size, width: size, scales, depth, hidden: width };
  const flow = makeGlow(flowSize);
  const layout = layoutOf(flow.parameters);
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: new Float32Array(layout.fixedSize) };
  for (const entry of layout.entries) {
    const stored = golden.parameters[goldenName(entry.name)] ?? golden.buffers[goldenName(entry.name)];
    if (!stored) throw new Error(`${name} has no '${goldenName(entry.name)}'`);
    parameterData(entry, vectors).set(toOurLayout(entry, decode(stored)));
  }

  const graph = makeGraph();
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const images = input(graph, "images", golden.images.shape, "uint8");
  const x = add(multiply(transpose(toFloat(images), [1, 2, 3, 0]), 1 / 256), constant(graph, -0.5 + 1 / 512));
  const { terms } = flow.normalize(unpackValues(flow.parameters, trainable, fixed), x);
  const sums = terms.map(({ logDet, prior }) => add(logDet, prior));
  const total = sums.reduce((sum, term) => add(sum, term));
  const count = golden.images.shape[0];
  const loss = subtract(0, multiply(reduceSum(total), 1 / count));
  const outputs: Record<string, Value> = { loss, gradient: gradients(loss, [trainable])[0]! };
  for (const [scale, term] of sums.entries()) outputs[`term${scale}`] = negate(negate(term));
  const program = await compileGraph(outputs, engine);
  const pixels = { data: new Uint8Array(Buffer.from(golden.images.u8, "base64")), shape: golden.images.shape };
  const result = await program.run({
    trainable: { data: vectors.trainable, shape: [layout.trainableSize] },
    fixed: { data: vectors.fixed, shape: [layout.fixedSize] },
    images: pixels,
  });
  await program.dispose();
  const scoring = scoringModel(makeGlow(flowSize, "convolutions"), vectors);
  const scorer = await loadProgram(scoring, { ...engine, weights: "constant" });
  const scored = (await scorer.run({ images: pixels })).terms!.data;
  await scorer.dispose();
  return { golden, layout, result, scored };
}
