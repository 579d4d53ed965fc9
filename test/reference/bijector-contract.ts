/**
 * The contract of every bijector, checked through the engine with parameters moved away from initialisation: round trips both ways,
 * log-dets that cancel and equal log|det J| of the full Jacobian, images that do not see each other, gradients for every parameter.
 */
import { type ImageShape, randomKey } from "../../src/base/index.ts";
import type { Bijector } from "../../src/flow/index.ts";
import {
  add,
  constant,
  type Graph,
  gradients,
  input,
  makeGraph,
  multiply,
  reduceSum,
  reshape,
  type Value,
} from "../../src/graph/index.ts";
import {
  constantValues,
  layoutOf,
  type ParameterVectors,
  packArrays,
  parameterData,
  unpackValues,
} from "../../src/nn/index.ts";
import { compileGraph } from "../../src/runtime/index.ts";

const options = { threads: 1 };

/** Numbers in one image's tensor. */
export function eventSize({ channels, height, width }: ImageShape): number {
  return channels * height * width;
}

/** Parameters of a bijector after noise was added to everything that is trained. */
export function perturbedParameters(bijector: Bijector, amount = 0.2): ParameterVectors {
  const key = randomKey(7).fold(bijector.name);
  const vectors = packArrays(bijector.parameters, bijector.createParameters(key));
  const noise = key.fold("noise").stream();
  return { ...vectors, trainable: vectors.trainable.map((value) => value + amount * noise.normal()) };
}

/** Standard normal data [C, H, W, N]. */
export function normalData(shape: ImageShape, batch: number, label = "data"): Float32Array {
  const stream = randomKey(11).fold(label).stream();
  return Float32Array.from({ length: eventSize(shape) * batch }, () => stream.normal());
}

/** Runs a function of one tensor [C, H, W, N], all outputs as arrays. */
export async function runOn(
  shape: ImageShape,
  data: Float32Array,
  build: (x: Value, graph: Graph) => Record<string, Value>,
): Promise<Record<string, Float32Array>> {
  const batch = data.length / eventSize(shape);
  const graph = makeGraph();
  const dimensions = [shape.channels, shape.height, shape.width, batch];
  const program = await compileGraph(build(input(graph, "given", dimensions), graph), options);
  const results = await program.run({ given: { data, shape: dimensions } });
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, buffer]) => [name, buffer.data as Float32Array]));
}

/** Values and log-dets of both directions: x to z to x, and z' to x' to z'. */
export async function roundTrips(bijector: Bijector, batch = 3) {
  const vectors = perturbedParameters(bijector);
  const spread = (logDet: Value): Value => add(logDet, constant(logDet.graph, new Float32Array(batch), [batch]));
  const data = normalData(bijector.inputShape, batch);
  const latents = normalData(bijector.outputShape, batch, "latents");
  const there = await runOn(bijector.inputShape, data, (x, graph) => {
    const parameters = constantValues(graph, bijector.parameters, vectors);
    const forth = bijector.normalize(parameters, x);
    const back = bijector.generate(parameters, forth.z);
    return { z: forth.z, logDet: spread(forth.logDet), x: add(back.x, 0), backLogDet: spread(back.logDet) };
  });
  const back = await runOn(bijector.outputShape, latents, (z, graph) => {
    const parameters = constantValues(graph, bijector.parameters, vectors);
    return { z: add(bijector.normalize(parameters, bijector.generate(parameters, z).x).z, 0) };
  });
  return { data, latents, there, back };
}

/**
 * A coupling whose network says the same everywhere, shift 0.25 and some raw + 2 at its last bias: z and log-det of data, and the data that
 * come back.
 */
export async function tripAtRaw(bijector: Bijector, raw: number) {
  const layout = layoutOf(bijector.parameters);
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: new Float32Array(layout.fixedSize) };
  const bias = parameterData(layout.entries.findLast(({ name }) => name.endsWith(".bias"))!, vectors);
  bias.fill(0.25, 0, bias.length / 2).fill(raw - 2, bias.length / 2);
  const data = normalData(bijector.inputShape, 1);
  const { z, logDet, back } = await runOn(bijector.inputShape, data, (x, graph) => {
    const parameters = constantValues(graph, bijector.parameters, vectors);
    const forth = bijector.normalize(parameters, x);
    return { ...forth, back: bijector.generate(parameters, forth.z).x };
  });
  return { data, z: z!, logDet: logDet![0]!, back: back! };
}

/**
 * log|det J| of one direction by the full Jacobian: one sample repeated D times along the batch, the backward pass seeded with the
 * identity, so that column d of the gradient is row d of the Jacobian.
 */
export async function logDetByJacobian(bijector: Bijector, direction: "normalize" | "generate") {
  const vectors = perturbedParameters(bijector);
  const [from, to] =
    direction === "normalize"
      ? [bijector.inputShape, bijector.outputShape]
      : [bijector.outputShape, bijector.inputShape];
  const size = eventSize(from);
  const sample = normalData(from, 1, "jacobian");
  const tiled = Float32Array.from({ length: size * size }, (_, index) => sample[Math.floor(index / size)]!);
  const identity = Float32Array.from({ length: size * size }, (_, index) =>
    Math.floor(index / size) === index % size ? 1 : 0,
  );
  const { jacobian, logDet } = await runOn(from, tiled, (x, graph) => {
    const parameters = constantValues(graph, bijector.parameters, vectors);
    const mapped = bijector[direction](parameters, x);
    const image = "z" in mapped ? mapped.z : mapped.x;
    const seed = constant(graph, identity, [eventSize(to), size]);
    const projected = reduceSum(multiply(reshape(image, [eventSize(to), size]), seed));
    return {
      jacobian: gradients(projected, [x])[0]!,
      logDet: add(mapped.logDet, constant(graph, new Float32Array(size), [size])),
    };
  });
  return { expected: logAbsoluteDeterminant(Float64Array.from(jacobian!), size), got: logDet![0]! };
}

/** The gradient norm of every trained parameter for a random function of z and log-det; empty where nothing is trained. */
export async function parameterGradients(bijector: Bijector): Promise<Map<string, number>> {
  const batch = 3;
  const vectors = perturbedParameters(bijector);
  const layout = layoutOf(bijector.parameters);
  if (layout.trainableSize === 0) return new Map();
  const { channels, height, width } = bijector.inputShape;
  const graph = makeGraph();
  const dimensions = [channels, height, width, batch];
  const x = input(graph, "x", dimensions);
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const { z, logDet } = bijector.normalize(unpackValues(bijector.parameters, trainable, fixed), x);
  const weights = constant(graph, normalData(bijector.outputShape, batch, "weights"), z.shape as number[]);
  const scalar = add(reduceSum(multiply(z, weights)), reduceSum(logDet));
  const program = await compileGraph({ gradient: gradients(scalar, [trainable])[0]! }, options);
  const results = await program.run({
    x: { data: normalData(bijector.inputShape, batch), shape: dimensions },
    trainable: { data: vectors.trainable, shape: [layout.trainableSize] },
    fixed: { data: vectors.fixed, shape: [layout.fixedSize] },
  });
  await program.dispose();
  const gradient = { trainable: results.gradient!.data as Float32Array, fixed: vectors.fixed };
  const trained = layout.entries.filter((entry) => entry.trainable);
  return new Map(trained.map((entry) => [entry.name, Math.hypot(...parameterData(entry, gradient))]));
}

/** log|det A| by Gaussian elimination with partial pivoting. */
export function logAbsoluteDeterminant(matrix: Float64Array, size: number): number {
  let logDeterminant = 0;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(matrix[row * size + column]!) > Math.abs(matrix[pivot * size + column]!)) pivot = row;
    }
    for (let index = 0; index < size; index++) {
      const value = matrix[column * size + index]!;
      matrix[column * size + index] = matrix[pivot * size + index]!;
      matrix[pivot * size + index] = value;
    }
    logDeterminant += Math.log(Math.abs(matrix[column * size + column]!));
    for (let row = column + 1; row < size; row++) {
      const factor = matrix[row * size + column]! / matrix[column * size + column]!;
      for (let index = column; index < size; index++)
        matrix[row * size + index]! -= factor * matrix[column * size + index]!;
    }
  }
  return logDeterminant;
}
