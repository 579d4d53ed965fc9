/** The training step: a compiled graph from parameters and a batch to loss and gradients, then the update. */

import { type MemoryMode, staticSize } from "../base/index.ts";
import { gradients, input, makeGraph, opTable, reachableNodes, type Value } from "../graph/index.ts";
import { layoutOf, leavesOf, type ParameterVectors, parameterInputs } from "../nn/index.ts";
import { type UpdateOptions, vectorMemory } from "../optim/index.ts";
import type { Buffer, Engine } from "../runtime/index.ts";
import { inversionErrors, recomputationFor } from "./memory.ts";
import { batchShape, type Objective, type Trainable } from "./objectives/index.ts";
import { parameterBuffers } from "./parameter-buffers.ts";
import { type MaskedUpdateOptions, updateVectors } from "./update.ts";

/** Everything an optimiser step changes. */
export interface TrainingState {
  readonly parameters: ParameterVectors;
  /** State vectors of the optimiser, in its order. */
  readonly optimizer: readonly Float32Array[];
}

/** Numbers that an objective reports: a scalar, or one a scale. */
export type Measures = Readonly<Record<string, number | readonly number[]>>;

/** The inputs of one batch by name, each as long as its shape says. */
export type BatchInputs = Readonly<Record<string, Float32Array>>;

/** What one step reports. */
export interface StepResult {
  /** What was minimised, nats an image. */
  readonly loss: number;
  readonly measures: Measures;
  readonly gradientNorm: number;
  /** Whether the update took place: false where loss or gradient were not finite, or inverses too far off. */
  readonly applied: boolean;
  /** Of a gradient that used inverses: how far off the worst of them was, relative (`inversionErrors`). */
  readonly inversionError?: number;
  /** The mode that the step has gone over to, where inverses were too far off; from the step on that says so. */
  readonly memory?: "low";
}

/** How a step is compiled. */
export interface StepOptions extends MaskedUpdateOptions {
  /** Default "auto". */
  readonly memory?: MemoryMode | undefined;
}

/**
 * The largest error of inverses at which a gradient is used (docs/decisions.md): twenty times what deep sound flows have, and far less than the gradients of two
 * batches differ by.
 */
export const mostInversionError = 1e-4;

/** A compiled step, with a state of its own. */
export interface TrainingStep {
  /** One update on a batch with the optimiser's scalars. */
  run(batch: BatchInputs, scalars: readonly number[]): Promise<StepResult>;
  /** The state after the last step, or the first one: views that the next step overwrites. */
  state(): TrainingState;
  dispose(): Promise<void>;
}

/** Names that a graph gives to what it reports, apart from those of its other outputs. */
const measurePrefix = "measure.";

/** What a graph calls the errors of inverses. */
const inversionName = "inversions";

/** Names of the gradients among the outputs, apart from the parameters' own. */
const gradientPrefix = "gradient.";

/**
 * Compiles the step of an objective for one batch size: a program for loss and gradients, which reads every parameter where it lies in
 * the flat vector and writes every gradient where it belongs in another; then the update. The state that it starts from is copied. Where a gradient by
 * inverses is worse than `mostInversionError`, nothing is updated (`compileStep` knows what to do then).
 */
export async function compileStepOnce(
  objective: Objective,
  batchSize: number,
  start: TrainingState,
  { memory = "auto", ...given }: StepOptions,
  engine: Engine,
): Promise<TrainingStep> {
  const { parameters: tree } = objective.model;
  const { shapes, values, measured } = buildObjective(objective, batchSize, memory === "least");
  const { entries } = layoutOf(tree);
  const trained = entries.filter(({ trainable }) => trainable);
  const leaves = leavesOf(tree, values).filter((_, index) => entries[index]!.trainable);
  const { loss, measures } = measured;
  const free = engine.freeBytes?.() ?? Number.POSITIVE_INFINITY;
  const plan = recomputationFor(memory, loss, free);
  const derivatives = gradients(loss, leaves, plan).map(withoutReshape);
  const outputs: Record<string, Value> = { loss };
  const errors = plan && inversionErrors(plan);
  if (errors) outputs[inversionName] = errors;
  for (const [name, value] of Object.entries(measures)) outputs[measurePrefix + name] = value;
  for (const [index, { name }] of trained.entries()) outputs[gradientPrefix + name] = derivatives[index]!;

  const { vectors, update } = updateInPlace(start, given);
  const { gradient, state: optimizer } = vectors;
  const state = { parameters: { ...start.parameters, trainable: vectors.parameters }, optimizer };
  const parameters = parameterBuffers(tree, state.parameters);
  const into = Object.fromEntries(
    trained.map(({ name, offset, size }, index) => {
      const data = gradient.subarray(offset, offset + size);
      return [gradientPrefix + name, { data, shape: derivatives[index]!.shape as number[] }];
    }),
  );
  // The engine's rewriting doubles the time to build and gains nothing here (docs/decisions.md).
  const program = await engine.compile(outputs, { weights: "given" });
  return {
    async run(batch, scalars) {
      // Inherited, as to copy hundreds of them takes a hundredth of a small model's step.
      const inputs = Object.create(parameters) as Record<string, Buffer>;
      const results = await program.run(Object.assign(inputs, batchBuffers(batch, shapes)), into);
      const loss = results.loss!.data[0]!;
      const measured = { loss, measures: readMeasures(results) };
      if (!errors) return { ...measured, ...updateVectors(vectors, loss, scalars, update) };
      const inversionError = Math.max(...results[inversionName]!.data);
      // What is not a number is too far off as well.
      const exact = inversionError <= mostInversionError;
      const updated = exact
        ? updateVectors(vectors, loss, scalars, update)
        : { gradientNorm: Number.NaN, applied: false };
      return { ...measured, inversionError, ...updated };
    },
    state: () => state,
    dispose: () => program.dispose(),
  };
}

/** A copy of a state beside room for a gradient, where updates of them are fast. */
function updateInPlace({ parameters, optimizer }: TrainingState, given: MaskedUpdateOptions) {
  const from = [parameters.trainable, ...optimizer];
  const memory = vectorMemory(from.length + 1, parameters.trainable.length);
  const [gradient, first, ...state] = memory.vectors as [Float32Array, Float32Array, ...Float32Array[]];
  for (const [index, vector] of [first, ...state].entries()) vector.set(from[index]!);
  const update = { ...given, optimizer: memory.faster(given.optimizer) };
  return { vectors: { gradient, parameters: first, state }, update };
}

/** The same numbers before they were given another shape, which costs a copy at the end of a graph. */
function withoutReshape(value: Value): Value {
  return value.node.op === "reshape" ? withoutReshape(value.node.inputs[0]!) : value;
}

/** The graph of an objective for one batch size: its inputs and what it measures. */
function buildObjective(objective: Objective, batchSize: number, inverses = false) {
  const shapes = objective.inputShapes(batchSize);
  const graph = makeGraph({ inverses });
  const batch = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(graph, name, shape)]));
  const values = parameterInputs(graph, objective.model.parameters);
  return { shapes, values, measured: objective.measure(values, batch) };
}

/** An objective ready to be looked at without training. */
export interface Measurer {
  /** Loss and measures of one batch under some parameters. */
  measure(parameters: ParameterVectors, batch: BatchInputs): Promise<Pick<StepResult, "loss" | "measures">>;
  dispose(): Promise<void>;
}

/** Compiles an objective alone, for one batch size: what held-out images say. */
export async function compileMeasurer(objective: Objective, batchSize: number, engine: Engine): Promise<Measurer> {
  const { shapes, measured } = buildObjective(objective, batchSize);
  const { loss, measures } = measured;
  const named = Object.entries(measures).map(([name, value]) => [measurePrefix + name, value] as const);
  const program = await engine.compile({ loss, ...Object.fromEntries(named) });
  return {
    async measure(vectors, inputs) {
      const results = await program.run({
        ...batchBuffers(inputs, shapes),
        ...parameterBuffers(objective.model.parameters, vectors),
      });
      return { loss: results.loss!.data[0]!, measures: readMeasures(results) };
    },
    dispose: () => program.dispose(),
  };
}

function batchBuffers(batch: BatchInputs, shapes: ReturnType<Objective["inputShapes"]>): Record<string, Buffer> {
  const names = Object.keys(shapes).filter((name) => batch[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, { data: batch[name]!, shape: shapes[name]! }]));
}

/** What the graph reports under `measurePrefix`; a value without axes is a number, others are lists. */
function readMeasures(results: Readonly<Record<string, Buffer>>): Measures {
  return Object.fromEntries(
    Object.entries(results)
      .filter(([name]) => name.startsWith(measurePrefix))
      .map(([name, { data, shape }]) => [
        name.slice(measurePrefix.length),
        shape.length === 0 ? data[0]! : Array.from(data),
      ]),
  );
}

/** Fresh optimiser state, zeros, beside parameters that are not copied. */
export function zeroState(parameters: ParameterVectors, update: UpdateOptions): TrainingState {
  return {
    parameters,
    optimizer: update.optimizer.stateNames.map(() => new Float32Array(parameters.trainable.length)),
  };
}

/** Names of fitted parameters among the outputs, apart from the given ones. */
const adaptedPrefix = "adapted.";

/** The graph of `adaptToData` for a number of images: every fitted parameter by its name. */
function buildAdaptation(
  model: Trainable,
  count: number,
  classCount: number | undefined,
): Readonly<Record<string, Value>> {
  const { parameters, inputShape } = model;
  const graph = makeGraph();
  const x = input(graph, "x", batchShape(inputShape, count));
  const labels = classCount === undefined ? undefined : input(graph, "labels", [classCount, count]);
  const adapted = model.adapt(parameterInputs(graph, parameters), x, labels);
  const leaves = leavesOf(parameters, adapted);
  return Object.fromEntries(
    layoutOf(parameters).entries.map(({ name }, index) => [adaptedPrefix + name, leaves[index]!]),
  );
}

/** Bytes of the largest tensor that `adaptToData` makes of a number of images, whatever the model. Computes nothing. */
export function adaptationBytes(model: Trainable, count: number): number {
  const nodes = reachableNodes(Object.values(buildAdaptation(model, count, undefined)));
  const sizes = nodes.flatMap(({ op, outputs }) =>
    outputs.map(({ shape }) => (opTable[op].between ?? 1) * staticSize(shape, "initialisation")),
  );
  return 4 * sizes.reduce((largest, size) => Math.max(largest, size), 0);
}

/**
 * Data-dependent initialisation (Kingma & Dhariwal 2018, section 3.1): every ActNorm gives the batch x [C, H, W, N] mean 0 and deviation 1.
 * One-hot labels [K, N] go to models that know classes. Returns new vectors.
 */
export async function adaptToData(
  model: Trainable,
  parameters: ParameterVectors,
  x: Float32Array,
  engine: Engine,
  labels?: Float32Array,
): Promise<ParameterVectors> {
  const { channels, height, width } = model.inputShape;
  const batchSize = x.length / (channels * height * width);
  const layout = layoutOf(model.parameters);
  const classCount = labels && labels.length / batchSize;
  const given = parameterBuffers(model.parameters, parameters);
  const program = await engine.compile(buildAdaptation(model, batchSize, classCount));
  const results = await program
    .run({
      ...given,
      x: { data: x, shape: [channels, height, width, batchSize] },
      ...(labels ? { labels: { data: labels, shape: [classCount!, batchSize] } } : {}),
    })
    .finally(() => program.dispose());
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: parameters.fixed };
  for (const entry of layout.entries) {
    if (entry.trainable) vectors.trainable.set(results[adaptedPrefix + entry.name]!.data as Float32Array, entry.offset);
  }
  return vectors;
}
