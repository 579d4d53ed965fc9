/** `outglow train`: images in, detector out. */
import type { ImageSet } from "../data/index.ts";
import { type DetectorParts, type Manifest, writeDetector } from "../detector/index.ts";
import { requireDevice } from "../runtime/index.ts";
import { gatherImages, type RunRecord, type RunResult, readRun, runFolder, runTraining } from "../train/index.ts";
import { type Console, openConsole } from "./console.ts";
import { exitCodes } from "./exit-codes.ts";
import { onInterrupt } from "./interrupts.ts";
import type { TrainOptions } from "./train-command.ts";
import { planFresh, planResumed, type TrainingPlan } from "./training-plan.ts";
import { trainingProgress } from "./training-progress.ts";

/** Trains a detector as the options say, or goes on with the run that stands in --out. Says whether it came to its end. */
export async function train(
  options: TrainOptions,
  output: Console = openConsole(options.quiet),
): Promise<"finished" | "interrupted"> {
  const outcome = await trainDetector(options, output);
  if (outcome === "interrupted") {
    output.warn(`stopped and saved; go on with: outglow train --resume --out ${quote(options.out)}`);
  }
  return outcome;
}

/** The same for a command that says itself how to go on. */
export async function trainDetector(options: TrainOptions, output: Console): Promise<"finished" | "interrupted"> {
  const { device } = options.resume ? (await readRun(runFolder(options.out))).configuration : options;
  await requireDevice(device);
  const plan = options.resume ? await planResumed(options, output) : await planFresh(options, output);
  const interruption = catchInterrupt(output);
  const progress = trainingProgress(output, plan.record);
  const result = await runTraining({
    folder: runFolder(options.out),
    ...plan,
    signal: interruption.signal,
    onStart: progress.start,
    onStep: progress.step,
    onWarning: output.warn,
  }).finally(() => {
    output.settle();
    interruption.release();
  });
  if (!result) {
    process.exitCode = exitCodes.interrupted;
    return "interrupted";
  }
  const manifest = await finishDetector(options.out, plan, result);
  announce(options, plan, manifest, output);
  return "finished";
}

async function finishDetector(
  out: string,
  { record, images: { normal, general, outliers } }: TrainingPlan,
  result: RunResult,
): Promise<Manifest> {
  const { configuration, generalDetector } = record;
  const describe = ({ location }: RunRecord["normal"], { count, fingerprint }: ImageSet) => ({
    location,
    count,
    fingerprint,
  });
  const trained = ({ parameters, progress }: RunResult["normal"]) => ({
    parameters,
    steps: progress.step,
    heldOutBitsPerDimension: progress.bestBitsPerDimension,
  });
  const generalModel = result.general && { ...trained(result.general), ...(generalDetector ? { steps: null } : {}) };
  const generalData = record.general && general ? describe(record.general, general) : (generalDetector?.data ?? null);
  const parts: DetectorParts = {
    training: configuration,
    role: record.role,
    models: {
      normal: trained(result.normal),
      general: generalModel,
      local: result.local && trained(result.local),
      classifier: result.classifier && trained(result.classifier),
    },
    generalDetector: generalDetector ? { folder: generalDetector.folder, weights: generalDetector.weights } : undefined,
    data: {
      normal: describe(record.normal, normal),
      general: generalData,
      outliers: record.outliers && outliers ? describe(record.outliers, outliers) : null,
    },
    heldOutPixels: gatherImages(normal, result.heldOut),
  };
  return writeDetector(out, parts, { threads: configuration.threads, device: configuration.device });
}

function announce(options: TrainOptions, { images }: TrainingPlan, manifest: Manifest, output: Console): void {
  if (options.json) {
    const { models, defaultScore, data, training } = manifest;
    const sets = [images.normal, images.general, images.outliers];
    const skipped = sets.flatMap((set) => set?.problems ?? []);
    output.print(JSON.stringify({ detector: options.out, models, defaultScore, data, training, skipped }));
    return;
  }
  const isGeneral = manifest.role === "general";
  for (const [key, model] of Object.entries(manifest.models)) {
    if (!model) continue;
    const name = isGeneral ? "general" : key;
    const steps = model.steps === null ? "taken from another detector" : `${model.steps} steps`;
    const bits = model.heldOutBitsPerDimension;
    output.note(`${name} model: ${steps}${bits === null ? "" : `, ${bits.toFixed(3)} bits/dim held out`}`);
  }
  if (isGeneral) {
    output.note(
      `next: outglow train --normal DATA --general-detector ${quote(options.out)} ${sizeFlags(manifest)} --out NAME`,
    );
  } else {
    output.note(`default score: ${manifest.defaultScore}, calibrated on ${manifest.calibration.count} held-out images`);
    output.note(`next: outglow predict ${quote(options.out)} IMAGES --false-alarm 0.01`);
  }
  output.print(options.out);
}

/** The flags that give a detector the size of a general model. */
function sizeFlags({ input, training: { model } }: Manifest): string {
  const flags = {
    size: input.height,
    channels: input.channels,
    architecture: model.architecture,
    scales: model.scales,
    depth: model.depth,
    width: model.hidden,
  };
  return Object.entries(flags)
    .map(([name, value]) => `--${name} ${value}`)
    .join(" ");
}

/** Ctrl-C once asks for a checkpoint and a stop after the current step; twice ends at once. */
function catchInterrupt(output: Console): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const release = onInterrupt(() => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    output.warn("stopping after this step; Ctrl-C again ends at once, back to the last checkpoint");
  });
  return { signal: controller.signal, release };
}

/** A path as a shell takes it. */
function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
