/** The programs that cases measure: training steps and scoring of flows, of networks of local faults, and of flows of cells. */
import { randomKey } from "../base/index.ts";
import { cellFlow, openRatios } from "../cells/index.ts";
import { scoringModel } from "../detector/index.ts";
import {
  cropSide,
  drawBatch,
  faultDetection,
  faultKinds,
  faultNetwork,
  faultScorerOn,
  faultSettingsSchema,
} from "../faults/index.ts";
import { type Flow, makeGlow, type NetworkForm } from "../flow/index.ts";
import { type ParameterTree, type ParameterVectors, packArrays } from "../nn/index.ts";
import { adam, adamax, type UpdateOptions, vectorMemory } from "../optim/index.ts";
import type { RawImage } from "../pixels/index.ts";
import { loadProgram, nodeEngine, type ProgramOptions } from "../runtime/index.ts";
import { compileStep, maximumLikelihood, type Objective, updateVectors, zeroState } from "../train/index.ts";
import type { BenchmarkCase, BenchmarkModel } from "./cases.ts";

/** Work of a step that the engine does not run, so that its profile does not tell of it. */
export interface OutsideWork {
  readonly name: string;
  run(round: number): void;
}

/** What a case does once. */
export interface Prepared {
  run(): Promise<unknown>;
  dispose(): Promise<void>;
  readonly besides?: readonly OutsideWork[];
}

/** Builds what a case does, on an engine. */
export type CaseBuilder = (options: ProgramOptions) => Promise<Prepared>;

type Builders = { readonly [Model in BenchmarkModel]: { readonly [Work in BenchmarkCase["work"]]?: CaseMaker } };
type CaseMaker = (item: BenchmarkCase) => CaseBuilder;

const builders: Builders = {
  glow: { train: flowTraining, score: flowScoring },
  faults: { train: faultTraining, score: faultScoring },
  cells: { score: cellScoring },
};

/** What a case measures, made of fresh parameters: they need not fit the data, as the engine's time does not depend on the values. */
export function caseBuilder(item: BenchmarkCase): CaseBuilder {
  return builders[item.model][item.work]!(item);
}

interface Model {
  readonly parameters: ParameterTree;
  createParameters: Flow["createParameters"];
}

function initialParameters(model: Model): ParameterVectors {
  return packArrays(model.parameters, model.createParameters(randomKey("benchmark")));
}

function glowOf({ channels, depth, width, side }: BenchmarkCase, form?: NetworkForm): Flow {
  return makeGlow({ channels, height: side, width: side, scales: 3, depth, hidden: width }, form);
}

function randomBytes(count: number): Uint8Array {
  const stream = randomKey("pixels").stream();
  return Uint8Array.from({ length: count }, () => stream.integer(256));
}

function randomImage({ channels, side }: BenchmarkCase): RawImage {
  return { kind: "raw", pixels: randomBytes(channels * side * side), channels, height: side, width: side };
}

function flowScoring(item: BenchmarkCase): CaseBuilder {
  const { channels, batch, side } = item;
  const flow = glowOf(item, "convolutions");
  const parameters = initialParameters(flow);
  const images = { data: randomBytes(channels * side * side * batch), shape: [batch, channels, side, side] };
  return async (options) => {
    const program = await loadProgram(scoringModel(flow, parameters), { ...options, weights: "constant" });
    return { run: () => program.run({ images }), dispose: () => program.dispose() };
  };
}

/** How the benchmark's flows are trained. */
const flowUpdate = { optimizer: adamax, weightDecay: 5e-5 };

function flowTraining(item: BenchmarkCase): CaseBuilder {
  const { channels, batch, side } = item;
  const stream = randomKey("noise").stream();
  const x = Float32Array.from({ length: channels * side * side * batch }, () => stream.uniform() - 0.5);
  return (options) => training(maximumLikelihood(glowOf(item)), item, flowUpdate, () => ({ x }), options);
}

/** A step of some objective, what makes its batches included. */
async function training(
  objective: Objective,
  { batch, memory }: BenchmarkCase,
  update: UpdateOptions,
  makeBatch: (step: number) => Readonly<Record<string, Float32Array>>,
  options: ProgramOptions,
): Promise<Prepared> {
  const parameters = initialParameters(objective.model);
  const { optimizer } = update;
  const state = zeroState(parameters, update);
  const step = await compileStep(objective, batch, state, { ...update, memory }, nodeEngine(options));
  let count = 0;
  return {
    run: () => step.run(makeBatch(++count), optimizer.scalars(1e-4, count)),
    dispose: () => step.dispose(),
    besides: [
      { name: "batch", run: makeBatch },
      { name: "update", run: updateOf(parameters.trainable.length, update) },
    ],
  };
}

/** An update as a step takes it, of vectors of a length. */
function updateOf(length: number, update: UpdateOptions): OutsideWork["run"] {
  const { vectors, faster } = vectorMemory(2 + update.optimizer.stateNames.length, length);
  const [parameters, gradient, ...state] = vectors as [Float32Array, Float32Array, ...Float32Array[]];
  const optimizer = faster(update.optimizer);
  gradient.fill(1e-3);
  return (round) => {
    updateVectors({ parameters, gradient, state }, 0, optimizer.scalars(1e-4, round + 1), { ...update, optimizer });
  };
}

/** A step of a network as `trainFaultDetector` takes it, on noise in its default levels. */
function faultTraining(item: BenchmarkCase): CaseBuilder {
  const { channels, batch, width } = item;
  const levels = faultSettingsSchema.parse({}).levels.map((side) => randomImage({ ...item, side }));
  const plan = {
    images: [levels],
    scale: middleScale(channels),
    kinds: faultKinds,
    variation: { turns: false, light: 0 },
    crops: batch / 2,
  };
  const key = randomKey("batches");
  const objective = faultDetection(faultNetwork({ channels, width }), cropSide);
  const update = { optimizer: adam, weightDecay: 0, clipNorm: 1 };
  return (options) => training(objective, item, update, (step) => drawBatch(plan, key.fold(step)), options);
}

function middleScale(channels: number) {
  const all = (value: number) => Array.from({ length: channels }, () => value);
  return { means: all(128), deviations: all(64) };
}

/** One network over an image at one level of its own size, as a detector scores it: windows, map and score included. */
function faultScoring(item: BenchmarkCase): CaseBuilder {
  const { channels, side, width } = item;
  const settings = faultSettingsSchema.parse({ levels: [side], width });
  const moments = { levels: [{ level: side, mean: 0, deviation: 1 }], scores: [0], leftOut: [] };
  const record = { settings, channels, pixelScale: middleScale(channels), images: 1, groups: 1, folds: [moments] };
  const networks = [initialParameters(faultNetwork({ channels, width }))];
  const image = randomImage(item);
  return async (options) => {
    const scorer = faultScorerOn(nodeEngine(options), { record, networks });
    await scorer.score(image);
    return { run: () => scorer.score(image), dispose: () => scorer.dispose() };
  };
}

/** The map of one pair of flows over an image. */
function cellScoring(item: BenchmarkCase): CaseBuilder {
  const { channels, depth, width } = item;
  const size = { channels, depth, hidden: width };
  const plain = initialParameters(cellFlow(size, { height: 64, width: 64 }));
  const pair = { plain, outlier: plain };
  const image = randomImage(item);
  return async (options) => {
    const ratios = openRatios(size, pair, middleScale(channels), nodeEngine(options), { scales: "all" });
    await ratios.run(image);
    return { run: () => ratios.run(image), dispose: () => ratios.dispose() };
  };
}
