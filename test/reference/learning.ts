/** Small trainings for tests: models with their parameters in two flat vectors, adapted to and trained on one fixed batch. */
import { type Graph, gradients, input, makeGraph, type Value } from "../../src/graph/index.ts";
import {
  layoutOf,
  leavesOf,
  type ParameterTree,
  type ParameterVectors,
  unpackValues,
  type ValuesOf,
} from "../../src/nn/index.ts";
import { adam } from "../../src/optim/index.ts";
import { type Buffer, compileGraph } from "../../src/runtime/index.ts";

type Buffers = Readonly<Record<string, Buffer>>;
type Build<P> = (
  parameters: ValuesOf<P>,
  given: Readonly<Record<string, Value>>,
  graph: Graph,
) => Record<string, Value>;

const options = { threads: 1 };

function open<P extends ParameterTree>(tree: P, given: Buffers) {
  const layout = layoutOf(tree);
  const graph = makeGraph();
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const parameters = unpackValues(tree, trainable, input(graph, "fixed", [layout.fixedSize]));
  const values = Object.fromEntries(
    Object.entries(given).map(([name, { shape }]) => [name, input(graph, name, shape)]),
  );
  return { layout, graph, trainable, parameters, values };
}

function feeds({ trainable, fixed }: ParameterVectors, given: Buffers): Buffers {
  const vector = (data: Float32Array): Buffer => ({ data, shape: [data.length] });
  return { ...given, trainable: vector(trainable), fixed: vector(fixed) };
}

/** What a model with some parameters says of a batch. */
export async function predict<P extends ParameterTree>(
  tree: P,
  vectors: ParameterVectors,
  given: Buffers,
  build: Build<P>,
): Promise<Record<string, Float32Array>> {
  const { parameters, values, graph } = open(tree, given);
  const program = await compileGraph(build(parameters, values, graph), options);
  const results = await program.run(feeds(vectors, given)).finally(() => program.dispose());
  return Object.fromEntries(Object.entries(results).map(([name, buffer]) => [name, buffer.data as Float32Array]));
}

/** Parameters after a model's data-dependent initialisation. */
export async function adapted<P extends ParameterTree>(
  tree: P,
  vectors: ParameterVectors,
  given: Buffers,
  adapt: (parameters: ValuesOf<P>, given: Readonly<Record<string, Value>>) => ValuesOf<P>,
): Promise<ParameterVectors> {
  const { entries } = layoutOf(tree);
  const leaves = await predict(tree, vectors, given, (parameters, values) => {
    const fitted = leavesOf(tree, adapt(parameters, values) as ValuesOf<ParameterTree>);
    return Object.fromEntries(entries.map(({ name }, index) => [name, fitted[index]!]));
  });
  const trainable = vectors.trainable.slice();
  for (const entry of entries) if (entry.trainable) trainable.set(leaves[entry.name]!, entry.offset);
  return { ...vectors, trainable };
}

/** Adam on a loss over one batch: the loss before every step, and the parameters after the last. */
export async function train<P extends ParameterTree>(
  tree: P,
  start: ParameterVectors,
  given: Buffers,
  { steps, learningRate }: { readonly steps: number; readonly learningRate: number },
  lossOf: (parameters: ValuesOf<P>, given: Readonly<Record<string, Value>>) => Value,
): Promise<{ readonly losses: readonly number[]; readonly parameters: ParameterVectors }> {
  const { trainable, parameters, values } = open(tree, given);
  const loss = lossOf(parameters, values);
  const [gradient] = gradients(loss, [trainable]);
  const program = await compileGraph({ loss, gradient: gradient! }, options);
  const losses: number[] = [];
  const current = { ...start, trainable: start.trainable.slice() };
  const state = adam.stateNames.map(() => new Float32Array(current.trainable.length));
  try {
    for (let step = 1; step <= steps; step++) {
      const results = await program.run(feeds(current, given));
      losses.push(results.loss!.data[0]!);
      const slope = results.gradient!.data as Float32Array;
      adam.update(current.trainable, slope, state, { clip: 1, weightDecay: 0 }, adam.scalars(learningRate, step));
    }
  } finally {
    await program.dispose();
  }
  return { losses, parameters: current };
}

/** One-hot labels [classCount, N]. */
export function oneHot(labels: readonly number[], classCount: number): Buffer {
  const data = Float32Array.from({ length: classCount * labels.length }, (_, index) =>
    labels[index % labels.length] === Math.floor(index / labels.length) ? 1 : 0,
  );
  return { data, shape: [classCount, labels.length] };
}

/** The share of columns whose largest row is their label's. */
export function accuracy(rows: Float32Array, labels: readonly number[]): number {
  const { length } = labels;
  const right = labels.filter((label, column) => {
    const scores = Array.from({ length: rows.length / length }, (_, row) => rows[row * length + column]!);
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return right.length / length;
}
