/**
 * A whole training run: the general flow first where one is asked for, then the model of the normal images, then that of their patches and
 * the classifier of their classes.
 */
import { ConfigError, type RandomKey, randomKey, setting } from "../base/index.ts";
import type { PhaseName } from "../model/index.ts";
import { flowOf, settingsOf } from "../model/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import { nodeEngine } from "../runtime/index.ts";
import { type BatchIngredients, makeBatchSource, type PhaseImages } from "./batch-source.ts";
import { checkpointFile, loadCheckpoint } from "./checkpoint.ts";
import { fromFlowWeights, maskOf } from "./flow-weights.ts";
import { type RunImages, type RunSplits, splitRun } from "./image-split.ts";
import { compileLikelihoods } from "./likelihoods.ts";
import { type LoopInput, type LoopResult, type StepReport, trainModel } from "./loop.ts";
import { objectiveOf } from "./objective-choice.ts";
import { noProgress, type Progress } from "./progress.ts";
import { checkpointPath, metricsPath, type RunRecord, startPath } from "./run-folder.ts";
import { openLog } from "./run-log.ts";

/** A run to begin or to go on with. */
export interface RunRequest {
  /** Its folder, with a record in it. Nobody else may work on it (`held-run.ts`). */
  readonly folder: string;
  readonly record: RunRecord;
  readonly images: RunImages;
  readonly onStart?: (phase: PhaseName, progress: Progress) => void;
  readonly onStep?: (phase: PhaseName, report: StepReport) => void;
  /** Is called with what does not stop a run but should be known. */
  readonly onWarning?: (warning: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The models of a finished run. */
export interface RunResult {
  readonly normal: LoopResult;
  readonly general: LoopResult | undefined;
  readonly local: LoopResult | undefined;
  readonly classifier: LoopResult | undefined;
  /** Indices of the normal images that were held out. */
  readonly heldOut: Uint32Array;
}

/**
 * Trains what the record asks for, going on from checkpoints where there are some. Returns undefined where the signal stopped it; what it
 * had reached is saved then. Throws ConfigError for too few images, RunError where training diverged or the disk refused.
 */
export async function runTraining(request: RunRequest): Promise<RunResult | undefined> {
  const { record, images, onWarning } = request;
  const { configuration } = record;
  const splits = splitRun(images, configuration);
  warnOfDuplicates(splits, onWarning);
  const main: PhaseImages = { images: images.normal, split: splits.normal };
  const run = { request, key: randomKey(configuration.seed) };
  const outliers = outlierImages(images, splits);
  const general = await generalModel(run, splits);
  if (general && !general.progress.finished) return undefined;
  const normal = await normalModel(run, main, outliers, general);
  if (!normal.progress.finished) return undefined;
  const local = configuration.local ? await trainPhase(run, "local", { main }) : undefined;
  if (local && !local.progress.finished) return undefined;
  const classifier = configuration.classifier ? await classifierModel(run, main, outliers) : undefined;
  if (classifier && !classifier.progress.finished) return undefined;
  return { normal, general, local, classifier, heldOut: splits.normal.heldOut };
}

/** What all phases of a run share. */
interface Run {
  readonly request: RunRequest;
  readonly key: RandomKey;
}

function outlierImages({ outliers, general }: RunImages, { outliers: split }: RunSplits): PhaseImages | undefined {
  const images = outliers ?? general;
  return split && images && { images, split };
}

async function generalModel(run: Run, splits: RunSplits): Promise<LoopResult | undefined> {
  const { folder, record, images } = run.request;
  if (record.generalDetector) {
    const adopted = await adoptedModel(checkpointPath(folder, "general"), "general model");
    return { parameters: adopted, progress: { ...noProgress, finished: true } };
  }
  if (!images.general || !splits.general) return undefined;
  return trainPhase(run, "general", { main: { images: images.general, split: splits.general } });
}

async function normalModel(
  run: Run,
  main: PhaseImages,
  outliers: PhaseImages | undefined,
  general: LoopResult | undefined,
): Promise<LoopResult> {
  const { folder, record } = run.request;
  const { configuration } = record;
  const { threads, device, objective, classes, classConditional } = configuration;
  const start = {
    general: () => general?.parameters,
    fresh: () => undefined,
    detector: () => adoptedModel(startPath(folder), "weights to start from"),
  }[configuration.start];
  const flowWeights = await start();
  // A Glow's reference is a small part of its step and stays as it was, bit for bit.
  const form = configuration.model.architecture === "pixelcnn" ? "convolutions" : "products";
  const reference = (parameters: ParameterVectors) =>
    compileLikelihoods(flowOf(configuration, "general", form), parameters, nodeEngine({ threads, device }), form);
  const likelihoods = objective.loss === "outlier" && general ? await reference(general.parameters) : undefined;
  try {
    return await trainPhase(run, "normal", {
      main,
      outliers: objective.loss === "nll" ? undefined : outliers,
      general: likelihoods,
      classes: classConditional ? classes! : undefined,
      start: flowWeights && fromFlowWeights(configuration, flowWeights),
      mask: maskOf(configuration),
    });
  } finally {
    await likelihoods?.dispose();
  }
}

function classifierModel(run: Run, main: PhaseImages, outliers: PhaseImages | undefined): Promise<LoopResult> {
  const { classes, classifier } = run.request.record.configuration;
  return trainPhase(run, "classifier", {
    main,
    outliers: classifier?.exposed ? outliers : undefined,
    classes: classes!,
  });
}

async function adoptedModel(path: string, what: string): Promise<ParameterVectors> {
  const adopted = await loadCheckpoint(path);
  if (!adopted) {
    throw new ConfigError({
      code: "not-found",
      subject: `'${path}'`,
      expected: `the ${what}`,
      got: "none",
      remedy: { key: "start-anew", setting: setting("force") },
    });
  }
  return adopted.state.parameters;
}

type PhaseParts = Pick<BatchIngredients, "main" | "outliers" | "general" | "classes"> &
  Pick<LoopInput, "start" | "mask">;

async function trainPhase(
  { request, key: runKey }: Run,
  name: PhaseName,
  { start, mask, ...ingredients }: PhaseParts,
): Promise<LoopResult> {
  const { folder, record, onStart, onStep, onWarning, signal } = request;
  const { configuration, checkpointEvery } = record;
  const log = openLog(metricsPath(folder, name));
  const key = runKey.fold(name);
  const objective = objectiveOf(configuration, name);
  try {
    return await trainModel({
      start,
      mask,
      objective,
      batches: makeBatchSource({ ...ingredients, configuration, discrete: objective.model.discrete, key }),
      configuration,
      phase: settingsOf(configuration, name),
      key,
      engine: nodeEngine({ threads: configuration.threads, device: configuration.device }),
      checkpoints: checkpointFile(checkpointPath(folder, name)),
      checkpointEvery,
      signal,
      onWarning,
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

function warnOfDuplicates({ normal, general, outliers }: RunSplits, warn: RunRequest["onWarning"]): void {
  for (const [phase, split] of Object.entries({ normal, general })) {
    if (!split || split.duplicates === 0) continue;
    warn?.(`${split.duplicates} ${phase} images equal held-out normal ones and are not trained on`);
  }
  if (outliers && outliers.duplicates > 0) {
    warn?.(`${outliers.duplicates} outliers are exact duplicates of normal images and are left out`);
  }
}
