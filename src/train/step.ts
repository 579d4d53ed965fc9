/** The training step as one compiled graph: loss, gradients, optimiser update; parameters and state go in and come out. */
import type { EventShape, Flow } from "../flow/index.ts";
import { add, gradients, input, makeGraph, multiply, negate, reduceSum, type Value, within } from "../graph/index.ts";
import { layoutOf, leavesOf, type ParameterVectors, unpackValues } from "../nn/index.ts";
import { guardedUpdate, type UpdateOptions } from "../optim/index.ts";
import { type Buffer, compileGraph, type Program, type ProgramOptions } from "../runtime/index.ts";

/** Everything an optimiser step changes. */
export interface TrainingState {
  readonly parameters: ParameterVectors;
  /** State vectors of the optimiser, in its order. */
  readonly optimizer: readonly Float32Array[];
}

/** What one step reports. */
export interface StepResult {
  /** Mean negative log-likelihood of x in nats an image (without the constant of the 256 grey levels). */
  readonly loss: number;
  /** Mean log-likelihood term of every scale, nats an image. */
  readonly terms: readonly number[];
  readonly gradientNorm: number;
  /** Whether the update took place: false where loss or gradient were not finite. */
  readonly applied: boolean;
}

/** A compiled step. It owns two copies of the state and writes each step into the one that the step before did not. */
export interface TrainingStep {
  /** One update on x [C, H, W, N] with the optimiser's scalars. */
  run(x: Float32Array, scalars: readonly number[]): Promise<StepResult>;
  /** The state after the last step: views that the step after next overwrites. */
  state(): TrainingState;
  dispose(): Promise<void>;
}

/** Compiles the maximum-likelihood step of a flow for one batch size. */
export async function compileStep(
  flow: Flow,
  batchSize: number,
  start: TrainingState,
  update: UpdateOptions,
  options: ProgramOptions,
): Promise<TrainingStep> {
  const layout = layoutOf(flow.parameters);
  const { channels, height, width } = flow.inputShape;
  const graph = makeGraph();
  const x = input(graph, "x", [channels, height, width, batchSize]);
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const scalars = input(graph, "scalars", [update.optimizer.scalarCount]);
  const state = update.optimizer.stateNames.map((name) => input(graph, name, [layout.trainableSize]));

  const { terms } = flow.normalize(unpackValues(flow.parameters, trainable, fixed), x);
  const means = terms.map(({ logDet, prior }) => multiply(reduceSum(add(logDet, prior)), 1 / batchSize));
  const loss = negate(means.reduce((sum, mean) => add(sum, mean)));
  const [gradient] = gradients(loss, [trainable]);
  const next = within(graph, "update", () => guardedUpdate(loss, trainable, gradient!, state, scalars, update));
  const outputs: Record<string, Value> = {
    loss,
    gradientNorm: next.gradientNorm,
    applied: next.applied,
    nextTrainable: next.parameters,
  };
  for (const [scale, mean] of means.entries()) outputs[termName(scale)] = mean;
  for (const [index, value] of next.state.entries()) outputs[`next_${update.optimizer.stateNames[index]}`] = value;
  const program = await compileGraph(outputs, options);
  return makeRunner(program, flow.inputShape, batchSize, start, update.optimizer.stateNames, means.length);
}

/** The graph's output with the mean term of a scale. */
function termName(scale: number): string {
  return `term${scale}`;
}

function makeRunner(
  program: Program,
  { channels, height, width }: EventShape,
  batchSize: number,
  start: TrainingState,
  stateNames: readonly string[],
  scales: number,
): TrainingStep {
  const vector = (data: Float32Array): Buffer => ({ data, shape: [data.length] });
  const { fixed } = start.parameters;
  let current = [start.parameters.trainable, ...start.optimizer].map((data) => vector(data.slice()));
  let spare = current.map(({ data }) => vector(new Float32Array(data.length)));
  const inputNames = ["trainable", ...stateNames];
  const outputNames = ["nextTrainable", ...stateNames.map((name) => `next_${name}`)];
  const pair = (names: readonly string[], buffers: readonly Buffer[]) =>
    Object.fromEntries(names.map((name, index) => [name, buffers[index]!]));

  return {
    async run(x, scalars) {
      const inputs = {
        x: { data: x, shape: [channels, height, width, batchSize] },
        fixed: vector(fixed),
        scalars: vector(Float32Array.from(scalars)),
        ...pair(inputNames, current),
      };
      const results = await program.run(inputs, pair(outputNames, spare));
      [current, spare] = [spare, current];
      const number = (name: string): number => results[name]!.data[0]!;
      return {
        loss: number("loss"),
        terms: Array.from({ length: scales }, (_, scale) => number(termName(scale))),
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

/** Fresh optimiser state: zeros. */
export function zeroState(parameters: ParameterVectors, update: UpdateOptions): TrainingState {
  return {
    parameters,
    optimizer: update.optimizer.stateNames.map(() => new Float32Array(parameters.trainable.length)),
  };
}

/**
 * Data-dependent initialisation (paper, section 1.1): every ActNorm gives the batch x [C, H, W, N] mean 0 and deviation 1.
 * Returns new vectors.
 */
export async function adaptToData(
  flow: Flow,
  parameters: ParameterVectors,
  x: Float32Array,
  options: ProgramOptions,
): Promise<ParameterVectors> {
  const { channels, height, width } = flow.inputShape;
  const batchSize = x.length / (channels * height * width);
  const layout = layoutOf(flow.parameters);
  const graph = makeGraph();
  const trainable = input(graph, "trainable", [layout.trainableSize]);
  const fixed = input(graph, "fixed", [layout.fixedSize]);
  const batch = input(graph, "x", [channels, height, width, batchSize]);
  const adapted = flow.adapt(unpackValues(flow.parameters, trainable, fixed), batch);
  const leaves = leavesOf(flow.parameters, adapted);
  const outputs = Object.fromEntries(layout.entries.map(({ name }, index) => [name, leaves[index]!]));
  const program = await compileGraph(outputs, options);
  const results = await program
    .run({
      trainable: { data: parameters.trainable, shape: [layout.trainableSize] },
      fixed: { data: parameters.fixed, shape: [layout.fixedSize] },
      x: { data: x, shape: [channels, height, width, batchSize] },
    })
    .finally(() => program.dispose());
  const vectors = { trainable: new Float32Array(layout.trainableSize), fixed: parameters.fixed };
  for (const entry of layout.entries) {
    if (entry.trainable) vectors.trainable.set(results[entry.name]!.data as Float32Array, entry.offset);
  }
  return vectors;
}
