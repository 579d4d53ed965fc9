/** A whole training run: the general flow first where one is asked for, then the flow of the normal images, then that of their patches. */
import { ConfigError, type RandomKey, randomKey } from "../base/index.ts";
import { type Flow, makeFlow } from "../flow/index.ts";
import { layoutOf, type ParameterVectors } from "../nn/index.ts";
import { makeBatchSource, type PhaseImages } from "./batch-source.ts";
import { loadCheckpoint, noProgress, type Progress, saveCheckpoint } from "./checkpoint.ts";
import type { ObjectiveConfiguration, PhaseName, TrainingConfiguration } from "./configuration.ts";
import { type RunImages, type RunSplits, splitRun } from "./image-split.ts";
import { compileLikelihoods } from "./likelihoods.ts";
import { type LoopInput, type LoopResult, type StepReport, trainModel } from "./loop.ts";
import { marginLikelihood, maximumLikelihood, type Objective, outlierLikelihood } from "./objectives/index.ts";
import { checkpointPath, lockRun, metricsPath, type RunRecord, startPath } from "./run-folder.ts";
import { openLog } from "./run-log.ts";

/** A run to begin or to go on with. */
export interface RunRequest {
  /** Its folder, with a record in it. */
  readonly folder: string;
  readonly record: RunRecord;
  readonly images: RunImages;
  readonly onStart?: (phase: PhaseName, progress: Progress) => void;
  readonly onStep?: (phase: PhaseName, report: StepReport) => void;
  /** Told of what does not stop a run but should be known. */
  readonly onWarning?: (warning: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The models of a finished run. */
export interface RunResult {
  readonly normal: LoopResult;
  readonly general: LoopResult | undefined;
  readonly local: LoopResult | undefined;
  /** Indices of the normal images that were held out. */
  readonly heldOut: Uint32Array;
}

/** Keeps a copy of a general model that is already trained: a run must not change when that detector does. */
export function adoptGeneralModel(folder: string, parameters: ParameterVectors): Promise<void> {
  return adoptModel(checkpointPath(folder, "general"), parameters);
}

/** Keeps a copy of the weights that the normal flow starts from. */
export function adoptStart(folder: string, parameters: ParameterVectors): Promise<void> {
  return adoptModel(startPath(folder), parameters);
}

function adoptModel(path: string, parameters: ParameterVectors): Promise<void> {
  const progress = { ...noProgress, finished: true };
  return saveCheckpoint(path, { progress, state: { parameters, optimizer: [] }, best: undefined });
}

/** The flow behind a model of a configuration: the local one sees patches, the others whole images. */
export function flowOf({ input, model }: TrainingConfiguration, name: PhaseName): Flow {
  return makeFlow({ ...input, ...model, ...(name === "local" ? { architecture: "patch", scales: 1 } : {}) });
}

/**
 * Trains what the record asks for, going on from checkpoints where there are some. Returns undefined where the signal stopped it; what it
 * had reached is saved then. Throws ConfigError for too few images, RunError where training diverged, the disk refused or another process
 * works on the run.
 */
export async function runTraining(request: RunRequest): Promise<RunResult | undefined> {
  const { folder, record, images, onWarning } = request;
  const { configuration } = record;
  const flow = flowOf(configuration, "normal");
  const splits = splitRun(images, configuration);
  warnOfDuplicates(splits, onWarning);
  const main: PhaseImages = { images: images.normal, split: splits.normal };
  const unlock = await lockRun(folder);
  try {
    const run = { request, key: randomKey(configuration.seed) };
    const general = await generalModel(run, splits, flow);
    if (general && !general.progress.finished) return undefined;
    const normal = await normalModel(run, main, splits, flow, general);
    if (!normal.progress.finished) return undefined;
    const local = configuration.local ? await localModel(run, main) : undefined;
    if (local && !local.progress.finished) return undefined;
    return { normal, general, local, heldOut: splits.normal.heldOut };
  } finally {
    await unlock();
  }
}

/** What all phases of a run share. */
interface Run {
  readonly request: RunRequest;
  readonly key: RandomKey;
}

async function generalModel({ request, key }: Run, splits: RunSplits, flow: Flow): Promise<LoopResult | undefined> {
  const { folder, record, images } = request;
  if (record.generalDetector) {
    const adopted = await adoptedModel(checkpointPath(folder, "general"), "general model");
    return { parameters: adopted, progress: { ...noProgress, finished: true } };
  }
  if (!images.general || !splits.general) return undefined;
  const main = { images: images.general, split: splits.general };
  return trainPhase({ request, key }, "general", { main, objective: maximumLikelihood(flow) });
}

async function normalModel(
  run: Run,
  main: PhaseImages,
  splits: RunSplits,
  flow: Flow,
  general: LoopResult | undefined,
): Promise<LoopResult> {
  const { folder, record, images } = run.request;
  const { configuration } = record;
  const { threads, device, objective, trainedScales } = configuration;
  const start = {
    general: () => general?.parameters,
    fresh: () => undefined,
    detector: () => adoptedModel(startPath(folder), "weights to start from"),
  }[configuration.start];
  const outlierImages = images.outliers ?? images.general;
  const outliers = splits.outliers && outlierImages && { images: outlierImages, split: splits.outliers };
  const likelihoods =
    objective.loss === "outlier" && general
      ? await compileLikelihoods(flow, general.parameters, { threads, device })
      : undefined;
  try {
    return await trainPhase(run, "normal", {
      main,
      outliers,
      general: likelihoods,
      objective: objectiveOf(flow, objective),
      start: await start(),
      mask: trainedScales ? maskOf(flow, trainedScales) : undefined,
    });
  } finally {
    await likelihoods?.dispose();
  }
}

function localModel(run: Run, main: PhaseImages): Promise<LoopResult> {
  const objective = maximumLikelihood(flowOf(run.request.record.configuration, "local"));
  return trainPhase(run, "local", { main, objective });
}

/** The loss of a configuration, for a flow. */
function objectiveOf(flow: Flow, settings: ObjectiveConfiguration): Objective {
  switch (settings.loss) {
    case "nll":
      return maximumLikelihood(flow);
    case "outlier":
      return outlierLikelihood(flow, settings);
    case "margin":
      return marginLikelihood(flow, settings);
  }
}

/** 1 for every trainable number of the given scales' steps and priors, else 0. */
function maskOf(flow: Flow, scales: readonly number[]): Float32Array {
  const { entries, trainableSize } = layoutOf(flow.parameters);
  const prefixes = scales.flatMap((scale) => [`scale${scale}.`, `prior${scale}.`]);
  const mask = new Float32Array(trainableSize);
  for (const { name, trainable, offset, size } of entries) {
    if (trainable && prefixes.some((prefix) => name.startsWith(prefix))) mask.fill(1, offset, offset + size);
  }
  return mask;
}

async function adoptedModel(path: string, what: string): Promise<ParameterVectors> {
  const adopted = await loadCheckpoint(path);
  if (!adopted) throw new ConfigError(`train: expected the ${what} at '${path}', found none; start anew with --force`);
  return adopted.state.parameters;
}

type PhaseParts = Pick<Parameters<typeof makeBatchSource>[0], "main" | "outliers" | "general"> &
  Pick<LoopInput, "objective" | "start" | "mask">;

async function trainPhase(
  { request, key: runKey }: Run,
  name: PhaseName,
  { main, outliers, general, ...parts }: PhaseParts,
): Promise<LoopResult> {
  const { folder, record, onStart, onStep, onWarning, signal } = request;
  const { configuration, checkpointEvery } = record;
  const log = openLog(metricsPath(folder, name));
  const key = runKey.fold(name);
  try {
    return await trainModel({
      ...parts,
      batches: makeBatchSource({ main, outliers, general, configuration, key }),
      configuration,
      phase: phaseOf(configuration, name),
      key,
      checkpointPath: checkpointPath(folder, name),
      checkpointEvery,
      signal,
      onStart: (progress) => {
        log.restart(progress.step);
        if (!progress.finished) onStart?.(name, progress);
      },
      onStep: (report) => {
        log.write(report);
        onStep?.(name, report);
      },
    });
  } finally {
    const problem = log.problem();
    if (problem !== undefined) onWarning?.(problem);
  }
}

function phaseOf(configuration: TrainingConfiguration, name: PhaseName) {
  const phase = configuration[name];
  if (!phase) throw new ConfigError(`train: expected settings for the ${name} model, got none`);
  return phase;
}

function warnOfDuplicates({ normal, general, outliers }: RunSplits, warn: RunRequest["onWarning"]): void {
  for (const [phase, split] of Object.entries({ normal, general })) {
    if (!split || split.duplicates === 0) continue;
    warn?.(`${split.duplicates} ${phase} images equal held-out normal ones and are not trained on`);
  }
  if (outliers && outliers.duplicates > 0) {
    warn?.(`${outliers.duplicates} outliers are exact duplicates of normal images and are left out`);
  }
}
