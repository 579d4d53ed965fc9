/** The folder of a run: its record, its files, and the lock that keeps a second process out. */
import { mkdir, open, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, FormatError, messageOf, RunError, roles } from "../base/index.ts";
import { writeFileAtomic } from "../data/index.ts";
import { describeIssue, type PhaseName, phaseNames, trainingSchema } from "../model/index.ts";

const sourceSchema = z.strictObject({
  /** Absolute, so that a run can be resumed from anywhere. */
  location: z.string(),
  /** SHA-256 of the prepared pixels. */
  fingerprint: z.string(),
});

const generalDetectorSchema = z.strictObject({
  folder: z.string(),
  /** SHA-256 of its weights. */
  weights: z.string(),
  data: z.strictObject({ location: z.string(), count: z.number(), fingerprint: z.string() }),
});

const recordSchema = z.strictObject({
  configuration: trainingSchema,
  normal: sourceSchema,
  general: sourceSchema.nullable(),
  /** The detector whose flow is the general model; its weights are copied into the run. */
  generalDetector: generalDetectorSchema.nullable(),
  /** Images of the outlier or margin loss where they are not the general ones. */
  outliers: sourceSchema.nullable().default(null),
  /** The detector whose normal flow the normal flow starts from; its weights are copied into the run. */
  startDetector: generalDetectorSchema.pick({ folder: true, weights: true }).nullable().default(null),
  /** What comes of it: a detector, or a general model for other detectors. */
  role: z.enum(roles).default("detector"),
  /** Seconds between two checkpoints. */
  checkpointEvery: z.number().positive(),
});

/** What `run/config.json` holds: enough to go on without any flag. */
export type RunRecord = z.infer<typeof recordSchema>;

const recordName = "config.json";
const lockName = "lock";

/** The folder inside a detector that keeps its run. */
export function runFolder(detector: string): string {
  return join(detector, "run");
}

/** The checkpoint of a phase. */
export function checkpointPath(folder: string, phase: PhaseName): string {
  return join(folder, `${phase}.checkpoint.safetensors`);
}

/** Weights from another detector that the normal flow starts from. */
export function startPath(folder: string): string {
  return join(folder, "start.checkpoint.safetensors");
}

/** The log of a phase, one JSON object a step. */
export function metricsPath(folder: string, phase: PhaseName): string {
  return join(folder, `${phase}.metrics.jsonl`);
}

/** Whether a folder holds a run. */
export async function isRun(folder: string): Promise<boolean> {
  return readRun(folder).then(
    () => true,
    () => false,
  );
}

/** Makes a run folder. Throws ConfigError where that is not possible. */
export async function makeRunFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new ConfigError(
      `train: --out expects a folder that can be written, got '${folder}': ${messageOf(error)}; choose another`,
    );
  });
}

/** Begins a run: writes its record. */
export async function createRun(folder: string, record: RunRecord): Promise<void> {
  await writeFileAtomic(join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`);
}

/** The record of a run folder. Throws ConfigError where there is none, FormatError where it is damaged. */
export async function readRun(folder: string): Promise<RunRecord> {
  const path = join(folder, recordName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      throw new ConfigError(`train: --resume expects a run at '${path}', found none; start one without --resume`);
    }
    throw new FormatError(`train: could not read '${path}': ${error.message}`);
  });
  const wayOut = "start anew with --force";
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${path}: expected JSON, got ${messageOf(error)}; ${wayOut}`);
  }
  const result = recordSchema.safeParse(content);
  if (!result.success) throw new FormatError(`${path}: ${describeIssue(result.error, content)}; ${wayOut}`);
  return result.data;
}

/** Removes the files of a run, and its folder where nothing else is in it. */
export async function removeRun(folder: string): Promise<void> {
  const names = [
    recordName,
    lockName,
    startPath(""),
    ...phaseNames.flatMap((phase) => [checkpointPath("", phase), metricsPath("", phase)]),
  ];
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
  await removeTemporaryFiles(folder);
  await rmdir(folder).catch(() => undefined);
}

/** Throws RunError where another process that is alive has the run. */
export async function refuseBusy(folder: string): Promise<void> {
  const holder = Number(await readFile(join(folder, lockName), "utf8").catch(() => ""));
  if (holder > 0 && holder !== process.pid && isAlive(holder)) {
    throw new RunError(
      `train: expected a run that no other process works on, got '${folder}' with process ${holder}; stop that one first`,
    );
  }
}

/**
 * Takes the run for this process and clears away what a killed one left half-written. Returns the function that gives it back.
 * Throws RunError where another process that is alive has it.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  await refuseBusy(folder);
  const path = join(folder, lockName);
  await rm(path, { force: true });
  const file = await open(path, "wx").catch((error: unknown) => {
    throw new RunError(`train: could not lock '${folder}': ${messageOf(error)}`);
  });
  await file.writeFile(String(process.pid));
  await file.close();
  await removeTemporaryFiles(folder);
  return () => rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not permitted means that it is there but somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function removeTemporaryFiles(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  await Promise.all(
    names.filter((name) => name.endsWith(".tmp")).map((name) => rm(join(folder, name), { force: true })),
  );
}
