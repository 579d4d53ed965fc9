/** The training loop of one model: batches, held-out evaluation, checkpoints, early stopping. */
import { type RandomKey, RunError, setting } from "../base/index.ts";
import type { PhaseConfiguration, TrainingConfiguration } from "../model/index.ts";
import { layoutOf, type ParameterVectors, packArrays } from "../nn/index.ts";
import { learningRateAt, type Optimizer, optimizers, type UpdateOptions } from "../optim/index.ts";
import type { Engine } from "../runtime/index.ts";
import type { BatchSource } from "./batch-source.ts";
import { compileStep } from "./guarded-step.ts";
import { bitsOf, type HeldOutEvaluator, type HeldOutResult, heldOutEvaluator } from "./held-out.ts";
import type { Objective } from "./objectives/index.ts";
import { type Checkpoint, type CheckpointStore, noProgress, type Progress } from "./progress.ts";
import {
  adaptationBytes,
  adaptToData,
  type Measures,
  mostInversionError,
  type StepResult,
  type TrainingStep,
  zeroState,
} from "./step.ts";

/** One line of the run log. Numbers that are not finite, of skipped steps, become null in JSON. */
export interface StepReport {
  readonly step: number;
  /** What was minimised, nats an image. */
  readonly loss: number;
  /** Of the normal images; absent for models without a likelihood. */
  readonly bitsPerDimension?: number;
  readonly measures: Measures;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly applied: boolean;
  /** How far off inverses were where the gradient came from them, relative (`StepResult`). */
  readonly inversionError?: number;
  readonly imagesPerSecond: number;
  readonly seconds: number;
  readonly heldOut?: HeldOutResult;
}

/** What the training of one model needs. */
export interface LoopInput {
  readonly objective: Objective;
  readonly batches: BatchSource;
  readonly configuration: TrainingConfiguration;
  readonly phase: PhaseConfiguration;
  /** Start from these instead of fresh parameters. */
  readonly start?: ParameterVectors | undefined;
  /** [trainable numbers], 0 where a number stays what it is at the start; undefined trains all. */
  readonly mask?: Float32Array | undefined;
  readonly key: RandomKey;
  readonly engine: Engine;
  /** Absent where nothing is kept: what is stopped is lost then. */
  readonly checkpoints?: CheckpointStore | undefined;
  /** Seconds between two checkpoints. */
  readonly checkpointEvery: number;
  readonly onStep?: (report: StepReport) => void;
  /** Called where memory could not be saved as it was asked for. */
  readonly onWarning?: ((warning: string) => void) | undefined;
  /** Called once with where training begins: 0, or the step of the checkpoint it resumes from. */
  readonly onStart?: (progress: Progress) => void;
  /** Asks for a checkpoint and a stop after the current step. */
  readonly signal?: AbortSignal | undefined;
}

/** What the training of one model gives. */
export interface LoopResult {
  /** The parameters with the best held-out value. */
  readonly parameters: ParameterVectors;
  readonly progress: Progress;
}

/** Images for the data-dependent initialisation: 11 batches of 64 (Schirrmeister et al. 2020, authors' code, invglow/invertible/init.py). */
const adaptationImages = 704;
/** Bytes of the largest activation of the initialisation. */
const mostAdaptationBytes = 2 ** 30;
/** Skipped steps in a row after which a run has diverged. */
const mostSkippedInRow = 20;

/**
 * Trains one model to its end, or until `signal`. Goes on from the checkpoint where there is one; a run that is limited by steps, not by
 * time, ends bit for bit as if never stopped.
 * Throws RunError where training diverged or a checkpoint cannot be written.
 */
export async function trainModel(loop: LoopInput): Promise<LoopResult> {
  const { batches, engine, objective } = loop;
  const begun = await begin(loop);
  if ("parameters" in begun) return begun;
  const { step } = begun;
  try {
    const evaluator = await heldOutEvaluator(objective, batches, engine);
    try {
      return await runSteps(loop, begun, { step, evaluator, optimizer: updateOptions(loop.configuration).optimizer });
    } finally {
      await evaluator.dispose();
    }
  } finally {
    await step.dispose();
  }
}

/** What training goes on from. */
type Begun = Omit<Checkpoint, "state">;

/** The step from where training begins, or what a finished one has given. Of the state that it begins from nothing is left but the step's own. */
async function begin(loop: LoopInput): Promise<(Begun & { readonly step: TrainingStep }) | LoopResult> {
  const { configuration, engine, mask, objective } = loop;
  const update = updateOptions(configuration);
  const { trainableSize, fixedSize } = layoutOf(objective.model.parameters);
  const saved = await loop.checkpoints?.load({
    trainable: trainableSize,
    fixed: fixedSize,
    optimizerVectors: update.optimizer.stateNames.length,
  });
  const first = saved ?? (await freshCheckpoint(loop, update));
  const { progress, best } = first;
  loop.onStart?.(progress);
  if (progress.finished) return finish(first);
  const options = { ...update, mask, memory: progress.memory ?? configuration.memory };
  return { progress, best, step: await compileStep(objective, configuration.batchSize, first.state, options, engine) };
}

interface Compiled {
  readonly step: TrainingStep;
  readonly evaluator: HeldOutEvaluator;
  readonly optimizer: Optimizer;
}

/**
 * Steps from a checkpoint to the end or the signal. A batch is prepared between two steps, because ONNX Runtime's Node binding computes
 * on the calling thread: about 1 % of a step.
 */
async function runSteps(loop: LoopInput, begun: Begun, compiled: Compiled): Promise<LoopResult> {
  const { batches, configuration, phase, checkpoints, checkpointEvery, onStep, signal } = loop;
  const { step, evaluator, optimizer } = compiled;
  const clock = performance.now() - begun.progress.seconds * 1000;
  const elapsed = (): number => (performance.now() - clock) / 1000;
  let { progress, best } = begun;
  let savedAt = elapsed();

  while (!progress.finished) {
    const learningRate = learningRateAt(phase, progress.step);
    const started = performance.now();
    const batch = await batches.training(progress.step);
    const result = await step.run(batch, optimizer.scalars(learningRate, progress.updates + 1));
    const imagesPerSecond = (configuration.batchSize * 1000) / (performance.now() - started);
    if (result.memory && !progress.memory) loop.onWarning?.(fallbackText(progress.step + 1, result));
    progress = advance(progress, result, elapsed());
    progress = { ...progress, finished: reachedEnd(phase, progress) };

    let heldOut: HeldOutResult | undefined;
    if (progress.finished || progress.step % configuration.evaluateEvery === 0) {
      const { parameters } = step.state();
      heldOut = await evaluator.evaluate(parameters);
      progress = judge(progress, heldOut, configuration.patience);
      if (progress.evaluationsSinceBest === 0) best = parameters.trainable.slice();
    }
    progress = { ...progress, seconds: elapsed() };
    onStep?.(reportStep(loop, result, progress, { learningRate, imagesPerSecond, heldOut }));

    const stopping = signal?.aborted === true && !progress.finished;
    if (progress.finished || stopping || elapsed() - savedAt >= checkpointEvery) {
      await checkpoints?.save({ progress, state: step.state(), best });
      savedAt = elapsed();
    }
    if (stopping) break;
  }
  return finish({ progress, state: step.state(), best });
}

/** Takes note of a held-out value: the best so far starts the count anew, too many others in a row end the run. */
function judge(progress: Progress, { loss, bitsPerDimension }: HeldOutResult, patience: number): Progress {
  if (loss < (progress.best ?? Number.POSITIVE_INFINITY)) {
    return { ...progress, best: loss, bestBitsPerDimension: bitsPerDimension ?? null, evaluationsSinceBest: 0 };
  }
  const evaluationsSinceBest = progress.evaluationsSinceBest + 1;
  return { ...progress, evaluationsSinceBest, finished: progress.finished || evaluationsSinceBest >= patience };
}

function reportStep(
  { objective }: LoopInput,
  { loss, measures, gradientNorm, applied, inversionError }: StepResult,
  { step, seconds }: Progress,
  measured: { learningRate: number; imagesPerSecond: number; heldOut: HeldOutResult | undefined },
): StepReport {
  const { learningRate, imagesPerSecond, heldOut } = measured;
  const { channels, height, width } = objective.model.inputShape;
  return {
    step,
    loss,
    ...bitsOf(measures, channels * height * width),
    measures,
    gradientNorm,
    learningRate,
    applied,
    ...(inversionError === undefined ? {} : { inversionError }),
    imagesPerSecond,
    seconds,
    ...(heldOut === undefined ? {} : { heldOut }),
  };
}

function updateOptions({ optimizer, weightDecay, clipNorm }: TrainingConfiguration): UpdateOptions {
  return { optimizer: optimizers[optimizer], weightDecay, clipNorm: clipNorm ?? undefined };
}

function finish({ progress, state, best }: Checkpoint): LoopResult {
  return { parameters: { ...state.parameters, trainable: best ?? state.parameters.trainable.slice() }, progress };
}

/** The state before the first step: given parameters, or fresh ones fitted to the first images. */
async function freshCheckpoint(loop: LoopInput, update: UpdateOptions): Promise<Checkpoint> {
  const parameters = loop.start ?? (await freshParameters(loop));
  return { progress: noProgress, state: zeroState(parameters, update), best: undefined };
}

async function freshParameters({ objective: { model }, batches, engine, key }: LoopInput): Promise<ParameterVectors> {
  const drawn = packArrays(model.parameters, model.createParameters(key.fold("parameters")));
  const share = mostAdaptationBytes / adaptationBytes(model, adaptationImages);
  const fitting = Math.max(2, Math.floor(adaptationImages * share));
  const { x, labels } = batches.adaptation(Math.min(adaptationImages, fitting));
  return adaptToData(model, drawn, x!, engine, labels);
}

function fallbackText(step: number, { inversionError = Number.NaN }: StepResult): string {
  const off = Number.isFinite(inversionError) ? `off by ${inversionError.toPrecision(2)}` : "not finite";
  return `the flow's inverse is ${off} at step ${step}, more than ${mostInversionError}: training goes on with ${setting("memory", "low")}`;
}

function advance(progress: Progress, { applied, memory }: StepResult, seconds: number): Progress {
  const skippedInRow = applied ? 0 : progress.skippedInRow + 1;
  if (skippedInRow >= mostSkippedInRow) {
    throw new RunError({
      code: "diverged",
      subject: "training",
      expected: "finite losses",
      got: `${skippedInRow} steps in a row without one at step ${progress.step + 1}`,
      remedy: {
        key: "other",
        text: `lower ${setting("learningRate")} or set ${setting("clipNorm")}, and start anew with ${setting("force")}`,
      },
    });
  }
  return {
    ...progress,
    step: progress.step + 1,
    updates: progress.updates + (applied ? 1 : 0),
    skipped: progress.skipped + (applied ? 0 : 1),
    skippedInRow,
    seconds,
    ...(memory && { memory }),
  };
}

function reachedEnd({ steps, seconds }: PhaseConfiguration, progress: Progress): boolean {
  return (steps !== null && progress.step >= steps) || (seconds !== null && progress.seconds >= seconds);
}
