/** The training step as one compiled graph: loss, gradients, optimiser update; parameters and state go in and come out. */

import { staticSize } from "../base/index.ts";
import { gradients, input, makeGraph, reachableNodes, type Value, within } from "../graph/index.ts";
import { layoutOf, leavesOf, type ParameterVectors, unpackValues } from "../nn/index.ts";
import { guardedUpdate, type UpdateOptions } from "../optim/index.ts";
import { type Buffer, compileGraph, type Program, type ProgramOptions } from "../runtime/index.ts";
import { batchShape, type Objective, type Trainable } from "./objectives/index.ts";

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
  /** Whether the update took place: false where loss or gradient were not finite. */
  readonly applied: boolean;
}

/** A compiled step. It owns two copies of the state and writes each step into the one that the step before did not. */
export interface TrainingStep {
  /** One update on a batch with the optimiser's scalars. */
  run(batch: BatchInputs, scalars: readonly number[]): Promise<StepResult>;
  /** The state after the last step: views that the step after next overwrites. */
  state(): TrainingState;
  dispose(): Promise<void>;
}

/** How a step is compiled. */
export interface StepOptions extends UpdateOptions {
  /** [trainable numbers], 1 where a number is trained and 0 where it stays; undefined trains all. */
  readonly mask?: Float32Array | undefined;
}

/** Names that a graph gives to what it reports, apart from those of its other outputs. */
const measurePrefix = "measure.";

/** Compiles the step of an objective for one batch size. */
export async function compileStep(
  objective: Objective,
  batchSize: number,
  start: TrainingState,
  { mask, ...update }: StepOptions,
  options: ProgramOptions,
): Promise<TrainingStep> {
  const { graph, layout, shapes, trainable, measured } = buildObjective(objective, batchSize);
  const scalars = input(graph, "scalars", [update.optimizer.scalarCount]);
  const state = update.optimizer.stateNames.map((name) => input(graph, name, [layout.trainableSize]));
  const trained = mask && input(graph, "mask", [layout.trainableSize]);

  const { loss, measures } = measured;
  const [gradient] = gradients(loss, [trainable]);
  const next = within(graph, "update", () =>
    guardedUpdate(loss, trainable, gradient!, state, scalars, { ...update, mask: trained }),
  );
  const outputs: Record<string, Value> = {
    loss,
    gradientNorm: next.gradientNorm,
    applied: next.applied,
    nextTrainable: next.parameters,
  };
  for (const [name, value] of Object.entries(measures)) outputs[measurePrefix + name] = value;
  for (const [index, value] of next.state.entries()) outputs[`next_${update.optimizer.stateNames[index]}`] = value;
  const program = await compileGraph(outputs, options);
  return makeRunner(program, shapes, start, update.optimizer.stateNames, mask);
}

/** The graph of an objective for one batch size: its inputs and what it measures. */
function buildObjective(objective: Objective, batchSize: number) {
  const { parameters } = objective.model;
  const layout = layoutOf(parameters);
  const shapes = objective.inputShapes(batchSize);
  const graph = makeGraph();
  const batch = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(graph, name, shape)]));
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const measured = objective.measure(unpackValues(parameters, trainable, fixed), batch);
  return { graph, layout, shapes, trainable, measured };
}

function makeRunner(
  program: Program,
  shapes: ReturnType<Objective["inputShapes"]>,
  start: TrainingState,
  stateNames: readonly string[],
  mask: Float32Array | undefined,
): TrainingStep {
  const { fixed } = start.parameters;
  let current = [start.parameters.trainable, ...start.optimizer].map((data) => vector(data.slice()));
  let spare = current.map(({ data }) => vector(new Float32Array(data.length)));
  const inputNames = ["trainable", ...stateNames];
  const outputNames = ["nextTrainable", ...stateNames.map((name) => `next_${name}`)];
  const pair = (names: readonly string[], buffers: readonly Buffer[]) =>
    Object.fromEntries(names.map((name, index) => [name, buffers[index]!]));

  return {
    async run(batch, scalars) {
      const inputs = {
        ...batchBuffers(batch, shapes),
        fixed: vector(fixed),
        scalars: vector(Float32Array.from(scalars)),
        ...(mask ? { mask: vector(mask) } : {}),
        ...pair(inputNames, current),
      };
      const results = await program.run(inputs, pair(outputNames, spare));
      [current, spare] = [spare, current];
      const number = (name: string): number => results[name]!.data[0]!;
      return {
        loss: number("loss"),
        measures: readMeasures(results),
        gradientNorm: number("gradientNorm"),
        applied: number("applied") === 1,
      };
    },
    state: () => {
      const [trainable, ...optimizer] = current.map(({ data }) => data as Float32Array);
      return { parameters: { trainable: trainable!, fixed }, optimizer };
    },
    dispose: () => program.dispose(),
  };
}

/** An objective ready to be looked at without training. */
export interface Measurer {
  /** Loss and measures of one batch under some parameters. */
  measure(parameters: ParameterVectors, batch: BatchInputs): Promise<Pick<StepResult, "loss" | "measures">>;
  dispose(): Promise<void>;
}

/** Compiles an objective alone, for one batch size: what held-out images say. */
export async function compileMeasurer(
  objective: Objective,
  batchSize: number,
  options: ProgramOptions,
): Promise<Measurer> {
  const { shapes, measured } = buildObjective(objective, batchSize);
  const { loss, measures } = measured;
  const named = Object.entries(measures).map(([name, value]) => [measurePrefix + name, value] as const);
  const program = await compileGraph({ loss, ...Object.fromEntries(named) }, options);
  return {
    async measure(vectors, inputs) {
      const results = await program.run({
        ...batchBuffers(inputs, shapes),
        trainable: vector(vectors.trainable),
        fixed: vector(vectors.fixed),
      });
      return { loss: results.loss!.data[0]!, measures: readMeasures(results) };
    },
    dispose: () => program.dispose(),
  };
}

function vector(data: Float32Array): Buffer {
  return { data, shape: [data.length] };
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

/** Fresh optimiser state: zeros. */
export function zeroState(parameters: ParameterVectors, update: UpdateOptions): TrainingState {
  return {
    parameters,
    optimizer: update.optimizer.stateNames.map(() => new Float32Array(parameters.trainable.length)),
  };
}

/** The graph of `adaptToData` for a number of images: every fitted parameter by its name. */
function buildAdaptation(
  model: Trainable,
  count: number,
  classCount: number | undefined,
): Readonly<Record<string, Value>> {
  const { parameters, inputShape } = model;
  const layout = layoutOf(parameters);
  const graph = makeGraph();
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const x = input(graph, "x", batchShape(inputShape, count));
  const labels = classCount === undefined ? undefined : input(graph, "labels", [classCount, count]);
  const adapted = model.adapt(unpackValues(parameters, trainable, fixed), x, labels);
  const leaves = leavesOf(parameters, adapted);
  return Object.fromEntries(layout.entries.map(({ name }, index) => [name, leaves[index]!]));
}

/** Bytes of the largest tensor that `adaptToData` makes of a number of images, whatever the model. Computes nothing. */
export function adaptationBytes(model: Trainable, count: number): number {
  const nodes = reachableNodes(Object.values(buildAdaptation(model, count, undefined)));
  const sizes = nodes.flatMap(({ outputs }) => outputs.map(({ shape }) => staticSize(shape, "initialisation")));
  return 4 * sizes.reduce((largest, size) => Math.max(largest, size), 0);
}

/**
 * Data-dependent initialisation (paper, section 1.1): every ActNorm gives the batch x [C, H, W, N] mean 0 and deviation 1. One-hot
 * labels [K, N] go to models that know classes. Returns new vectors.
 */
export async function adaptToData(
  model: Trainable,
  parameters: ParameterVectors,
  x: Float32Array,
  options: ProgramOptions,
  labels?: Float32Array,
): Promise<ParameterVectors> {
  const { channels, height, width } = model.inputShape;
  const batchSize = x.length / (channels * height * width);
  const layout = layoutOf(model.parameters);
  const classCount = labels && labels.length / batchSize;
  const program = await compileGraph(buildAdaptation(model, batchSize, classCount), options);
  const results = await program
    .run({
      trainable: { data: parameters.trainable, shape: [layout.trainableSize] },
      fixed: { data: parameters.fixed, shape: [layout.fixedSize] },
      x: { data: x, shape: [channels, height, width, batchSize] },
      ...(labels ? { labels: { data: labels, shape: [classCount!, batchSize] } } : {}),
    })
    .finally(() => program.dispose());
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: parameters.fixed };
  for (const entry of layout.entries) {
    if (entry.trainable) vectors.trainable.set(results[entry.name]!.data as Float32Array, entry.offset);
  }
  return vectors;
}
