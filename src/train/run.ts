/** A whole training run: the general flow first where one is asked for, then the flow of the normal images, with a folder that keeps both. */
import { appendFile, mkdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type RandomKey, randomKey } from "../base/index.ts";
import { type ImageSet, splitHeldOut, writeFileAtomic } from "../data/index.ts";
import { type Flow, makeGlow } from "../flow/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import type { Progress } from "./checkpoint.ts";
import { type PhaseName, parseConfiguration, type TrainingConfiguration } from "./configuration.ts";
import { type LoopResult, type StepReport, trainFlow } from "./loop.ts";

/** Where images came from, so that a resumed run finds the same ones. */
export interface RunData {
  readonly location: string;
  readonly images: ImageSet;
}

/** What `run/config.json` holds: enough to go on without any flag. */
export interface RunRecord {
  readonly configuration: TrainingConfiguration;
  readonly normal: { readonly location: string; readonly fingerprint: string };
  readonly general: { readonly location: string; readonly fingerprint: string } | null;
  /** Folder of the detector whose flow is the general model. */
  readonly generalDetector: string | null;
}

export interface RunRequest {
  readonly folder: string;
  readonly record: RunRecord;
  readonly normal: RunData;
  readonly general?: RunData | undefined;
  /** Parameters of a general model that is already trained. */
  readonly generalParameters?: ParameterVectors | undefined;
  /** Seconds between two checkpoints. */
  readonly checkpointEvery: number;
  readonly onStart?: (phase: PhaseName, progress: Progress) => void;
  readonly onStep?: (phase: PhaseName, report: StepReport) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  readonly flow: Flow;
  readonly normal: LoopResult;
  readonly general: { readonly parameters: ParameterVectors; readonly progress: Progress | null } | undefined;
  /** Indices of the normal images that were held out. */
  readonly heldOut: Uint32Array;
  /** Whether the run was asked to stop before its end. */
  readonly interrupted: boolean;
}

const recordName = "config.json";

/** The folder inside a detector that keeps its run. */
export function runFolder(detector: string): string {
  return join(detector, "run");
}

/** Begins a run folder: writes its record. */
export async function createRun(folder: string, record: RunRecord): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`);
}

/** The record of a run folder. Throws ConfigError where there is none. */
export async function readRun(folder: string): Promise<RunRecord> {
  const path = join(folder, recordName);
  const text = await readFile(path, "utf8").catch(() => {
    throw new ConfigError(`train: --resume expects a run at '${path}', found none; start one without --resume`);
  });
  const record = JSON.parse(text) as RunRecord;
  return { ...record, configuration: parseConfiguration(record.configuration, path) };
}

/** Held-out and training images of a phase, always the same for a seed. */
export function splitImages({ count }: ImageSet, { heldOut, seed }: TrainingConfiguration, phase: PhaseName) {
  return splitHeldOut(count, heldOut, randomKey(seed).fold(phase).fold("held out"));
}

/** Trains what the record asks for, going on from checkpoints where there are some. */
export async function runTraining(request: RunRequest): Promise<RunResult> {
  const { configuration } = request.record;
  const flow = makeGlow({ ...configuration.input, ...configuration.model });
  const key = randomKey(configuration.seed);
  const heldOut = splitImages(request.normal.images, configuration, "normal").heldOut;

  const general = await trainGeneral(request, flow, key);
  const interrupted = (progress: Progress | null): boolean => progress !== null && !progress.finished;
  if (general && interrupted(general.progress)) {
    return { flow, normal: general as LoopResult, general, heldOut, interrupted: true };
  }
  const normal = await trainPhase(request, "normal", request.normal, flow, key, general?.parameters);
  return { flow, normal, general, heldOut, interrupted: interrupted(normal.progress) };
}

async function trainGeneral(request: RunRequest, flow: Flow, key: RandomKey): Promise<RunResult["general"]> {
  if (request.generalParameters) return { parameters: request.generalParameters, progress: null };
  if (!request.general) return undefined;
  return trainPhase(request, "general", request.general, flow, key, undefined);
}

async function trainPhase(
  { folder, record: { configuration }, checkpointEvery, onStart, onStep, signal }: RunRequest,
  name: PhaseName,
  { images }: RunData,
  flow: Flow,
  key: RandomKey,
  start: ParameterVectors | undefined,
): Promise<LoopResult> {
  const phase = configuration[name];
  if (!phase) throw new ConfigError(`train: expected settings for the ${name} model, got none`);
  const { train, heldOut } = splitImages(images, configuration, name);
  const log = await openLog(join(folder, `${name}.metrics.jsonl`));
  const result = await trainFlow({
    flow,
    configuration,
    phase,
    images,
    train,
    heldOut,
    start,
    key: key.fold(name),
    checkpointPath: join(folder, `${name}.checkpoint.safetensors`),
    checkpointEvery,
    signal,
    onStart: (progress) => {
      log.restart(progress.step);
      onStart?.(name, progress);
    },
    onStep: (report) => {
      log.write(report);
      onStep?.(name, report);
    },
  });
  await log.close();
  return result;
}

interface RunLog {
  /** Forgets the lines after a step: a resumed run writes them again. */
  restart(step: number): void;
  write(report: StepReport): void;
  close(): Promise<void>;
}

/** Metrics as JSON lines, appended in order without holding up the training. */
async function openLog(path: string): Promise<RunLog> {
  const existing = await readFile(path, "utf8").catch(() => "");
  let pending: Promise<void> = Promise.resolve();
  const enqueue = (work: () => Promise<void>): void => {
    pending = pending.then(work);
    // A rejection is kept for close(); this handler only keeps it from being reported as unhandled meanwhile.
    pending.catch(() => undefined);
  };
  return {
    restart: (step) => enqueue(() => truncate(path, bytesUpTo(existing, step)).catch(() => undefined)),
    write: (report) => enqueue(() => appendFile(path, `${JSON.stringify(report)}\n`)),
    close: () => pending,
  };
}

/** How many bytes of a log are whole lines of steps up to `step`. */
function bytesUpTo(text: string, step: number): number {
  let bytes = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    if ((JSON.parse(line) as StepReport).step > step) break;
    bytes += Buffer.byteLength(line) + 1;
  }
  return bytes;
}
