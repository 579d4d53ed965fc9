/**
 * A run that this process alone works on. A run that replaces another is kept in a folder inside that one's until it has come to its end:
 * a training that fails costs nothing of what was there.
 */
import { readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { ConfigError, messageOf, RunError, setting } from "../base/index.ts";
import { type FileLock, type LockHolder, lockHolder, takeLock } from "../data/index.ts";
import type { ParameterVectors } from "../nn/index.ts";
import { saveCheckpoint } from "./checkpoint.ts";
import { noProgress } from "./progress.ts";
import {
  checkpointPath,
  createRun,
  currentRun,
  hasBegun,
  lockPath,
  makeRunFolder,
  nextFolder,
  type RunRecord,
  readRun,
  recordPath,
  removeRun,
  removeUnfinished,
  runFiles,
  runFolder,
  startPath,
} from "./run-folder.ts";

/** A run in this process's hands. */
export interface HeldRun {
  /** Where its files are. */
  readonly folder: string;
  /** Throws RunError where somebody else has taken the run, because this process was given up or its lock deleted. */
  confirm(): Promise<void>;
  /** Makes it the detector's only run, once its detector is written. Throws RunError where the disk refuses. */
  settle(): Promise<void>;
  /** Gives it back, so that others may go on with it. */
  release(): Promise<void>;
}

/** What a run begins with, besides its record. */
export interface Beginning {
  /** A general model that is already trained. A copy is kept: a run must not change when that detector does. */
  readonly general?: ParameterVectors | undefined;
  /** Weights of a flow that the normal model starts from; kept as well. */
  readonly start?: ParameterVectors | undefined;
  /** Whether it may take the place of a run that was begun before. */
  readonly replace: boolean;
}

/** Throws RunError where another process that is alive, or another training of this one, has the run of a run folder. */
export async function refuseBusy(folder: string): Promise<void> {
  const holder = await lockHolder(lockPath(folder)).catch((error: unknown) => {
    throw unlockable(folder, error);
  });
  if (holder) throw busy(folder, holder);
}

/**
 * Begins a run in a detector's folder, which nobody else may train in until it is given back. Where a run was begun there, `replace` must
 * be set, and that run stays whole until the new one is settled.
 * Throws ConfigError where a run was begun there and may not be replaced, RunError where somebody works on it or the disk refuses.
 */
export async function beginRun(
  detector: string,
  record: RunRecord,
  { general, start, replace }: Beginning,
): Promise<HeldRun> {
  const place = runFolder(detector);
  const made = await makeRunFolder(place);
  let lock: FileLock | undefined;
  let folder = place;
  try {
    lock = await lockRun(place);
    if (!replace && (await hasBegun(place))) throw taken(detector);
    await finishSettling(place);
    if (await exists(recordPath(place))) folder = nextFolder(place);
    await removeRun(folder);
    await makeRunFolder(folder);
    if (general) await adoptModel(checkpointPath(folder, "general"), general);
    if (start) await adoptModel(startPath(folder), start);
    await createRun(folder, record);
    return hold(place, folder, lock);
  } catch (error) {
    // What was not begun leaves no trace.
    if (lock && !(await hasBegun(folder))) await removeRun(folder);
    await lock?.release();
    if (made !== undefined) await removeEmpty(place, made);
    throw error;
  }
}

/** Removes folders that are empty, from the inmost to the outmost. */
async function removeEmpty(inmost: string, outmost: string): Promise<void> {
  await rmdir(inmost).catch(() => undefined);
  if (resolve(inmost) !== resolve(outmost)) await removeEmpty(dirname(inmost), outmost);
}

/**
 * Takes the run that stands in a detector's folder, to go on with it: the new one where one is to replace another. `renewed` is its record
 * from now on, as where its images have moved.
 * Throws ConfigError where its record is another than that which was read before, FormatError where it is damaged, RunError where somebody
 * works on it.
 */
export async function takeRun(detector: string, record: RunRecord, renewed: RunRecord = record): Promise<HeldRun> {
  const place = runFolder(detector);
  // Nothing is made where there is no run.
  await readRun(place);
  const lock = await lockRun(place);
  try {
    await finishSettling(place);
    const folder = await currentRun(place);
    await removeUnfinished(folder);
    if (JSON.stringify(await readRun(place)) !== JSON.stringify(record)) throw replaced(detector);
    if (renewed !== record) await createRun(folder, renewed);
    return hold(place, folder, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function hold(place: string, folder: string, lock: FileLock): HeldRun {
  const settle = async (): Promise<void> => {
    if (folder === place) return;
    // The old record goes last of the old run: where it is gone, the rest of what is to be done is moving.
    for (const path of runFiles(place)) await guard(path, () => rm(path, { force: true }));
    await finishSettling(place);
  };
  const confirm = async (): Promise<void> => {
    if (await lock.isHeld().catch(() => false)) return;
    throw new RunError({
      code: "busy",
      subject: `'${place}'`,
      expected: "a run that this process holds",
      got: "one whose lock was taken away",
      remedy: { key: "other", text: `${setting("resume")} goes on with what stands there` },
    });
  };
  return { folder, confirm, settle, release: () => lock.release() };
}

/** Moves a new run to the place of the one it replaces where that is gone already, the record last. Removes one that was never begun. */
async function finishSettling(place: string): Promise<void> {
  const next = nextFolder(place);
  if (!(await exists(recordPath(next)))) {
    await removeRun(next);
    return;
  }
  if (await exists(recordPath(place))) return;
  await removeUnfinished(next);
  for (const [index, from] of runFiles(next).entries()) {
    if (await exists(from)) await guard(from, () => rename(from, runFiles(place)[index]!));
  }
  await rmdir(next).catch(() => undefined);
}

async function adoptModel(path: string, parameters: ParameterVectors): Promise<void> {
  const progress = { ...noProgress, finished: true };
  await saveCheckpoint(path, { progress, state: { parameters, optimizer: [] }, best: undefined });
}

/** Takes the lock of a run folder and clears away what a killed process left half-written. Throws RunError where somebody has it. */
async function lockRun(folder: string): Promise<FileLock> {
  const outcome = await takeLock(lockPath(folder)).catch((error: unknown) => {
    throw unlockable(folder, error);
  });
  if ("holder" in outcome) throw busy(folder, outcome.holder);
  await removeUnfinished(folder);
  return outcome.lock;
}

function busy(folder: string, { pid, host, since, own }: LockHolder): RunError {
  const who = own ? "another training of this process" : pid === null ? "an unknown process" : `process ${pid}`;
  const details = [...(own || host === null ? [] : [`on '${host}'`]), ...(since === null ? [] : [`since ${since}`])];
  return new RunError({
    code: "busy",
    subject: `'${folder}'`,
    expected: "a run that nobody else works on",
    got: [`one with ${who}`, ...details].join(" "),
    remedy: own ? { key: "choose-another" } : { key: "stop-or-delete", what: "that one", path: lockPath(folder) },
  });
}

function unlockable(folder: string, error: unknown): RunError {
  return new RunError({
    code: "unwritable",
    subject: `'${folder}'`,
    expected: "a folder that can be locked",
    got: messageOf(error),
    remedy: { key: "choose-another" },
  });
}

function taken(detector: string): ConfigError {
  return new ConfigError({
    code: "exists",
    subject: setting("out"),
    expected: "a new folder",
    got: `'${detector}' with a run in it`,
    remedy: { key: "other", text: `${setting("resume")} goes on with it, ${setting("force")} replaces it` },
  });
}

function replaced(detector: string): ConfigError {
  return new ConfigError({
    code: "mismatch",
    subject: setting("resume"),
    expected: `the run that stood in '${detector}'`,
    got: "another that has taken its place",
    remedy: { key: "other", text: `go on with that by another ${setting("resume")}` },
  });
}

async function guard(path: string, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    throw new RunError({
      code: "unwritable",
      subject: `'${path}'`,
      expected: "a file that can be moved",
      got: messageOf(error),
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return (await readdir(dirname(path)).catch((): string[] => [])).includes(basename(path));
}
