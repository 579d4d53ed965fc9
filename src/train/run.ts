/** A whole training run: the general flow first where one is asked for, then the flow of the normal images. */
import { ConfigError, type RandomKey, randomKey } from "../base/index.ts";
import type { ImageSet } from "../data/index.ts";
import { type Flow, makeGlow } from "../flow/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import { loadCheckpoint, noProgress, type Progress, saveCheckpoint } from "./checkpoint.ts";
import type { PhaseName, TrainingConfiguration } from "./configuration.ts";
import { type ImageSplit, splitRun } from "./image-split.ts";
import { type LoopResult, type StepReport, trainFlow } from "./loop.ts";
import { checkpointPath, lockRun, metricsPath, type RunRecord } from "./run-folder.ts";
import { openLog } from "./run-log.ts";

/** A run to begin or to go on with. */
export interface RunRequest {
  /** Its folder, with a record in it. */
  readonly folder: string;
  readonly record: RunRecord;
  readonly normal: ImageSet;
  readonly general?: ImageSet | undefined;
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
  /** Indices of the normal images that were held out. */
  readonly heldOut: Uint32Array;
}

/** Keeps a copy of a general model that is already trained: a run must not change when that detector does. */
export async function adoptGeneralModel(folder: string, parameters: ParameterVectors): Promise<void> {
  const progress = { ...noProgress, finished: true };
  await saveCheckpoint(checkpointPath(folder, "general"), {
    progress,
    state: { parameters, optimizer: [] },
    best: undefined,
  });
}

/**
 * Trains what the record asks for, going on from checkpoints where there are some. Returns undefined where the signal stopped it; what it
 * had reached is saved then. Throws ConfigError for too few images, RunError where training diverged, the disk refused or another process
 * works on the run.
 */
export async function runTraining(request: RunRequest): Promise<RunResult | undefined> {
  const { folder, record, normal, general, onWarning } = request;
  const { configuration } = record;
  const flow = makeGlow({ ...configuration.input, ...configuration.model });
  const splits = splitRun(normal, general, configuration);
  for (const [phase, split] of Object.entries(splits)) {
    if (split && split.duplicates > 0) {
      onWarning?.(`${split.duplicates} ${phase} images equal held-out normal ones and are not trained on`);
    }
  }
  const unlock = await lockRun(folder);
  try {
    const key = randomKey(configuration.seed);
    const generalResult = await generalModel(request, splits.general, flow, key);
    if (generalResult && !generalResult.progress.finished) return undefined;
    const start = generalResult?.parameters;
    const normalResult = await trainPhase(request, "normal", normal, splits.normal, flow, key, start);
    if (!normalResult.progress.finished) return undefined;
    return { normal: normalResult, general: generalResult, heldOut: splits.normal.heldOut };
  } finally {
    await unlock();
  }
}

async function generalModel(
  request: RunRequest,
  split: ImageSplit | undefined,
  flow: Flow,
  key: RandomKey,
): Promise<LoopResult | undefined> {
  if (request.record.generalDetector) {
    const path = checkpointPath(request.folder, "general");
    const adopted = await loadCheckpoint(path);
    if (!adopted)
      throw new ConfigError(`train: expected the general model at '${path}', found none; start anew with --force`);
    return { parameters: adopted.state.parameters, progress: adopted.progress };
  }
  if (!request.general || !split) return undefined;
  return trainPhase(request, "general", request.general, split, flow, key, undefined);
}

async function trainPhase(
  { folder, record, onStart, onStep, onWarning, signal }: RunRequest,
  name: PhaseName,
  images: ImageSet,
  { train, heldOut }: ImageSplit,
  flow: Flow,
  key: RandomKey,
  start: ParameterVectors | undefined,
): Promise<LoopResult> {
  const { configuration, checkpointEvery } = record;
  const log = openLog(metricsPath(folder, name));
  try {
    return await trainFlow({
      flow,
      configuration,
      phase: phaseOf(configuration, name),
      images,
      train,
      heldOut,
      start,
      key: key.fold(name),
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
