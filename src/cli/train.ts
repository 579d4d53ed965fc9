/** `outglow train`: images in, detector out, with everything that can go wrong said in one line. */
import { readdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../base/index.ts";
import { type ImageSet, type InputSpecification, loadImages, openImages } from "../data/index.ts";
import {
  type DetectorParts,
  loadManifest,
  loadWeights,
  type Manifest,
  manifestName,
  writeDetector,
} from "../detector/index.ts";
import { makeGlow } from "../flow/index.ts";
import {
  createRun,
  gatherImages,
  type PhaseConfiguration,
  parseConfiguration,
  type RunData,
  type RunRecord,
  type RunResult,
  readRun,
  runFolder,
  runTraining,
  splitImages,
  type TrainingConfiguration,
} from "../train/index.ts";
import { type Console, openConsole } from "./console.ts";
import type { TrainOptions } from "./train-command.ts";
import { trainingProgress } from "./training-progress.ts";

/** Exit code of a run that was stopped by Ctrl-C and can be resumed. */
const interruptedExitCode = 130;

/** Trains a detector as the options say, or goes on with the run that stands in --out. */
export async function train(options: TrainOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const plan = options.resume ? await resumedPlan(options, output) : await freshPlan(options, output);
  const interruption = catchInterrupt(output);
  const progress = trainingProgress(output, plan.record.configuration);
  const result = await runTraining({
    folder: runFolder(options.out),
    record: plan.record,
    normal: plan.normal,
    general: plan.general,
    generalParameters: plan.generalModel?.parameters,
    checkpointEvery: options.checkpointEvery,
    signal: interruption.signal,
    onStart: progress.start,
    onStep: progress.step,
  }).finally(() => {
    output.settle();
    interruption.release();
  });
  if (result.interrupted) {
    output.note(`stopped and saved; go on with: outglow train --resume --out ${options.out}`);
    process.exitCode = interruptedExitCode;
    return;
  }
  const manifest = await finishDetector(options.out, plan, result);
  announce(options, manifest, output);
}

interface GeneralModel {
  readonly parameters: Awaited<ReturnType<typeof loadWeights>>;
  readonly manifest: Manifest;
}

interface Plan {
  readonly record: RunRecord;
  readonly normal: RunData;
  readonly general: RunData | undefined;
  readonly generalModel: GeneralModel | undefined;
}

async function freshPlan(options: TrainOptions, output: Console): Promise<Plan> {
  if (options.normal === undefined)
    throw new ConfigError("train: expected --normal DATA, got none; e.g. --normal good/");
  if (options.general !== undefined && options.generalDetector !== undefined) {
    throw new ConfigError("train: expected --general or --general-detector, got both; choose one");
  }
  await refuseOverwrite(options);
  const source = await openImages(options.normal, "train: --normal");
  const channels = options.channels ?? (await source.channels());
  const configuration = configurationOf(options, { channels, height: options.size, width: options.size });
  // Sizes that cannot be are refused before anything is read or written.
  makeGlow({ ...configuration.input, ...configuration.model });
  const generalModel = await loadGeneralModel(options.generalDetector, configuration);
  const normal = await loadData(options.normal, "--normal", configuration.input, options.strict, output);
  const general =
    options.general === undefined
      ? undefined
      : await loadData(options.general, "--general", configuration.input, options.strict, output);
  const record: RunRecord = {
    configuration,
    normal: { location: normal.location, fingerprint: normal.images.fingerprint },
    general: general ? { location: general.location, fingerprint: general.images.fingerprint } : null,
    generalDetector: options.generalDetector ?? null,
  };
  if (options.force) await removeDetector(options.out);
  await createRun(runFolder(options.out), record);
  return { record, normal, general, generalModel };
}

async function resumedPlan(options: TrainOptions, output: Console): Promise<Plan> {
  const record = await readRun(runFolder(options.out));
  const { configuration } = record;
  const load = async (data: RunRecord["normal"], flag: string): Promise<RunData> => {
    const loaded = await loadData(data.location, flag, configuration.input, options.strict, output);
    if (loaded.images.fingerprint !== data.fingerprint) {
      throw new ConfigError(
        `train: --resume expects the images the run began with in '${data.location}', found others; put them back or start anew with --force`,
      );
    }
    return loaded;
  };
  return {
    record,
    normal: await load(record.normal, "--normal"),
    general: record.general ? await load(record.general, "--general") : undefined,
    generalModel: await loadGeneralModel(record.generalDetector ?? undefined, configuration),
  };
}

function configurationOf(options: TrainOptions, input: InputSpecification): TrainingConfiguration {
  const defaultTime = 600;
  const hasGeneral = options.general !== undefined;
  const total = options.time ?? (options.steps === undefined ? defaultTime : undefined);
  const phase = (steps: number | undefined, seconds: number | undefined, learningRate: number): PhaseConfiguration => ({
    steps: steps ?? null,
    seconds: seconds ?? null,
    learningRate,
    warmup: options.warmup,
    milestones: options.milestones ?? [],
    factor: 0.1,
  });
  const generalSteps = options.generalSteps ?? (options.steps === undefined ? undefined : 2 * options.steps);
  const generalTime = options.generalTime ?? (total === undefined ? undefined : (total * 2) / 3);
  const normalTime = hasGeneral && total !== undefined ? total / 3 : total;
  // A flow that starts from trained weights needs smaller steps than a fresh one.
  const fineTunes = hasGeneral || options.generalDetector !== undefined;
  return parseConfiguration(
    {
      input,
      model: { scales: options.scales, depth: options.depth, hidden: options.width },
      batchSize: options.batch,
      optimizer: options.optimizer,
      weightDecay: options.weightDecay,
      clipNorm: options.clipNorm ?? null,
      augmentation: { flip: options.flip, translate: options.translate },
      heldOut: options.heldOut,
      evaluateEvery: options.evaluateEvery,
      patience: options.patience,
      seed: options.seed,
      threads: options.threads ?? availableParallelism(),
      device: options.device,
      normal: phase(options.steps, normalTime, fineTunes ? options.learningRate / 2 : options.learningRate),
      general: hasGeneral
        ? phase(generalSteps, options.generalSteps === undefined ? generalTime : undefined, options.learningRate)
        : null,
    } satisfies TrainingConfiguration,
    "train",
  );
}

async function loadGeneralModel(
  folder: string | undefined,
  { input, model }: TrainingConfiguration,
): Promise<GeneralModel | undefined> {
  if (folder === undefined) return undefined;
  const manifest = await loadManifest(folder);
  const wanted = JSON.stringify({ input, model });
  const got = JSON.stringify({ input: manifest.training.input, model: manifest.training.model });
  if (wanted !== got) {
    throw new ConfigError(
      `train: --general-detector expects a model of the same input and size ${wanted}, got ${got}; ` +
        "give the same --size, --channels, --scales, --depth and --width",
    );
  }
  return { parameters: await loadWeights(folder, manifest, "normal"), manifest };
}

async function loadData(
  location: string,
  flag: string,
  specification: InputSpecification,
  strict: boolean,
  output: Console,
): Promise<RunData> {
  const source = await openImages(location, `train: ${flag}`);
  const images = await loadImages(source, specification, {
    strict,
    onProgress: (done) => output.live(`reading ${flag.slice(2)} images: ${done} of ${source.length}`),
  });
  output.settle();
  reportProblems(images, output);
  return { location, images };
}

/** Says which images were skipped: all of a few, the first of many. */
export function reportProblems({ problems }: Pick<ImageSet, "problems">, output: Console): void {
  const shown = 5;
  if (problems.length === 0) return;
  output.note(`skipped ${problems.length} ${problems.length === 1 ? "image" : "images"} (--strict fails instead):`);
  for (const { name, reason } of problems.slice(0, shown)) output.note(`  ${name}: ${reason}`);
  if (problems.length > shown) output.note(`  and ${problems.length - shown} more`);
}

async function refuseOverwrite({ out, force }: TrainOptions): Promise<void> {
  const entries = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new ConfigError(`train: --out expects a folder, got '${out}' (${error.code}); choose another`);
  });
  if (entries.length === 0) return;
  const ours = entries.includes(manifestName) || entries.includes("run");
  if (!ours) {
    throw new ConfigError(`train: --out expects a new folder, got '${out}' with other files in it; choose another`);
  }
  if (!force) {
    throw new ConfigError(
      `train: --out expects a new folder, got '${out}' with a detector or run in it; --resume goes on with it, --force replaces it`,
    );
  }
}

/** Removes what Outglow wrote in a folder and nothing else. */
async function removeDetector(out: string): Promise<void> {
  await rm(join(out, manifestName), { force: true });
  await rm(runFolder(out), { recursive: true, force: true });
}

async function finishDetector(
  out: string,
  { record, normal, general, generalModel }: Plan,
  result: RunResult,
): Promise<Manifest> {
  const { configuration } = record;
  const { heldOut } = splitImages(normal.images, configuration, "normal");
  const describe = ({ location, images }: RunData) => ({
    location,
    count: images.count,
    fingerprint: images.fingerprint,
  });
  const parts: DetectorParts = {
    training: configuration,
    normal: {
      parameters: result.normal.parameters,
      steps: result.normal.progress.step,
      heldOutBitsPerDimension: result.normal.progress.best,
    },
    general: result.general
      ? {
          parameters: result.general.parameters,
          steps: result.general.progress?.step ?? null,
          heldOutBitsPerDimension: result.general.progress?.best ?? null,
        }
      : undefined,
    data: {
      normal: describe(normal),
      general: general ? describe(general) : (generalModel?.manifest.data.normal ?? null),
    },
    heldOutPixels: gatherImages(normal.images, heldOut),
  };
  return writeDetector(out, parts, { threads: configuration.threads, device: configuration.device });
}

function announce(options: TrainOptions, manifest: Manifest, output: Console): void {
  const { normal, general } = manifest.models;
  if (options.json) {
    const { training, data, defaultScore } = manifest;
    output.print(JSON.stringify({ detector: options.out, models: manifest.models, defaultScore, data, training }));
    return;
  }
  const bits = (model: typeof normal): string =>
    model.heldOutBitsPerDimension === null ? "" : `, ${model.heldOutBitsPerDimension.toFixed(3)} bits/dim held out`;
  output.note(`normal model: ${normal.steps} steps${bits(normal)}`);
  if (general)
    output.note(
      `general model: ${general.steps ?? "taken from another detector"}${general.steps === null ? "" : " steps"}${bits(general)}`,
    );
  output.note(`default score: ${manifest.defaultScore}, calibrated on ${manifest.calibration.count} held-out images`);
  output.note(`next: outglow predict ${options.out} IMAGES --false-alarm 0.01`);
  output.print(options.out);
}

/** Ctrl-C once asks for a checkpoint and a stop; twice ends at once. */
function catchInterrupt(output: Console): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(interruptedExitCode);
    controller.abort();
    output.note("stopping after this step; Ctrl-C again ends at once, back to the last checkpoint");
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
