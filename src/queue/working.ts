/** A worker: takes shards, scores them, writes their tables, until all of a job are done or it is asked to end. */
import { setTimeout as pause } from "node:timers/promises";
import { isUserError, messageOf, RunError } from "../base/index.ts";
import type { Detector } from "../detector/index.ts";
import { type EngineSettings, openDetector, scoringIdentity } from "../workflow/index.ts";
import { beginAttempt, endAttempt, type Failure, noteFailure, settleAttempts } from "./attempts.ts";
import type { Backend, Lease } from "./backend.ts";
import { namesOf } from "./creating.ts";
import { type DetectorFolder, detectorFolder, otherDetector } from "./job-detector.ts";
import { type Job, jobNames, type Shard, tableName, tablesThere } from "./job-files.ts";
import { placeOf } from "./job-place.ts";
import { partWorker, scoreCarefully } from "./poisoned-shards.ts";
import { type OpenSources, openShard, scorePart, unreadableRow } from "./shard-scoring.ts";
import { type JobRow, writeTable } from "./shard-tables.ts";
import { openWorkerReport } from "./worker-reports.ts";

/** How a worker works. */
export interface WorkerOptions {
  readonly engine?: EngineSettings;
  /** Where detectors of jobs on object stores are kept. Default: nowhere, each worker fetches its own. */
  readonly cache?: string | undefined;
  /** Asks it to end after the shard at hand. */
  readonly stop?: AbortSignal | undefined;
  /** Told of every shard that is done. */
  readonly onShard?: (done: ShardReport) => void;
  /** Told of every shard that could not be scored; others go on. */
  readonly onFailure?: (shard: Shard, reason: string, kind: string) => void;
  /** The program that scores parts of shards which ended other workers. Default: the one beside this file. */
  readonly partProgram?: URL;
  /** Looks again so often while others have all that is left, ms. */
  readonly every?: number;
}

/** What is told of a shard that is done. */
export interface ShardReport {
  readonly shard: Shard;
  readonly unreadable: number;
  readonly seconds: number;
  /** Attempts before this one. */
  readonly earlier: number;
}

/** What a worker did. */
export interface WorkSummary {
  readonly shards: number;
  readonly images: number;
  readonly failed: number;
  /** Whether every shard of the job has its table. */
  readonly complete: boolean;
}

/**
 * Works at a job. Throws RunError where the disk refuses a table, the detector is not the job's or the engine fails: the shard at hand is given back. A shard whose images
 * cannot be had is told of, noted in the job, and left to the next worker.
 */
export async function work(job: Job, backend: Backend, options: WorkerOptions = {}): Promise<WorkSummary> {
  const { engine = {}, stop, onShard, onFailure, every = 500, partProgram = partWorker } = options;
  const { folder, shards } = job;
  const sources: OpenSources = new Map();
  const failed = new Set<string>();
  const own = openWorkerReport(folder);
  let [done, images] = [0, 0];
  let there = await tablesThere(folder);
  const wanted = (shard: Shard): boolean => !there.has(tableName(shard)) && !failed.has(shard.id);
  let detector: Detector | undefined;
  let models: DetectorFolder | undefined;
  try {
    await backend.publish(shards.filter(wanted));
    while (!stop?.aborted) {
      const lease = await backend.lease(wanted);
      if (!lease) {
        there = await tablesThere(folder);
        const left = shards.filter(wanted);
        if (left.length === 0) break;
        // A broker that was lost is told again: the disk knows what is left.
        await backend.publish(left);
        await pause(every, undefined, stop ? { signal: stop } : {}).catch(() => undefined);
        continue;
      }
      const { shard } = lease;
      if (await placeOf(folder).has(`${jobNames.scores}/${tableName(shard)}`)) {
        there.add(tableName(shard));
        await lease.complete();
        continue;
      }
      models ??= await giveBackFailed(lease, () => detectorFolder(job, options.cache));
      detector ??= await giveBackFailed(lease, () => openChecked(job, models!.path, engine));
      const means = { engine, sources, partProgram, models: models.path, beat: backend.beat };
      const report = await workAt(job, shard, detector, lease, means);
      if ("reason" in report) {
        failed.add(shard.id);
        await own.failed(report.kind);
        onFailure?.(shard, report.reason, report.kind);
        continue;
      }
      there.add(tableName(shard));
      done++;
      images += shard.count;
      await own.done({ images: shard.count, unreadable: report.unreadable, seconds: report.seconds });
      onShard?.(report);
    }
    there = await tablesThere(folder);
    return { shards: done, images, failed: failed.size, complete: shards.every((one) => there.has(tableName(one))) };
  } finally {
    await detector?.dispose();
    await models?.close();
  }
}

/** Does what a shard cannot be scored without. */
async function giveBackFailed<T>(lease: Lease, prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    await lease.fail(messageOf(error));
    throw error;
  }
}

async function openChecked({ record }: Job, models: string, engine: EngineSettings): Promise<Detector> {
  const detector = await openDetector(models, engine);
  if (scoringIdentity(detector.manifest) === record.identity) return detector;
  await detector.dispose();
  throw otherDetector();
}

interface Means {
  readonly engine: EngineSettings;
  readonly sources: OpenSources;
  readonly partProgram: URL;
  /** The folder of the detector. */
  readonly models: string;
  readonly beat: number | undefined;
}

async function workAt(
  job: Job,
  shard: Shard,
  detector: Detector,
  lease: Lease,
  { engine, sources, partProgram, models, beat }: Means,
): Promise<ShardReport | Failure> {
  const { folder, record } = job;
  const started = performance.now();
  const beating = beat === undefined ? undefined : setInterval(() => void lease.heartbeat().catch(() => false), beat);
  try {
    const earlier = await beginAttempt(folder, shard).catch((error: unknown) => {
      throw unwritable(folder, error);
    });
    const source = await openShard(job, shard, sources);
    const rows =
      earlier.crashes === 0
        ? await scorePart(detector, job, shard, source, { first: 0, count: shard.count })
        : await scoreCarefully(
            { folder, shard: shard.index, models, engine },
            partProgram,
            shard.count,
            (image, reason) => unreadableRow(shard.start + image, namesOf(source, shard.first + image, 1)[0]!, reason),
          );
    const table = writeTable(record, rows, { "outglow.shard": shard.id });
    await placeOf(folder).write(`${jobNames.scores}/${tableName(shard)}`, table);
    await settleAttempts(folder, shard, earlier);
    await lease.complete();
    const seconds = (performance.now() - started) / 1000;
    return { shard, unreadable: countUnreadable(rows), seconds, earlier: earlier.begun };
  } catch (error) {
    await endAttempt(folder, shard);
    await lease.fail(messageOf(error)).catch(() => undefined);
    // A full disk or an engine that fails concerns all shards.
    if (!isUserError(error) || error instanceof RunError) throw error;
    const failure = { kind: error.fault?.code ?? "other", reason: messageOf(error) };
    await noteFailure(folder, shard, failure);
    return failure;
  } finally {
    clearInterval(beating);
  }
}

function countUnreadable(rows: readonly JobRow[]): number {
  return rows.filter(({ error }) => error !== null).length;
}

function unwritable(folder: string, error: unknown): RunError {
  return new RunError({
    code: "unwritable",
    subject: `'${folder}'`,
    expected: "a folder that can be written",
    got: messageOf(error),
    remedy: { key: "other", text: "start the worker again once it can: no image is lost" },
  });
}
