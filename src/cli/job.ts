/** `outglow job`: jobs made, followed, merged and proved. */
import { setTimeout as pause } from "node:timers/promises";
import { setting } from "../base/index.ts";
import {
  createJob,
  drawTopSheet,
  type JobStatus,
  mergeJob,
  openJob,
  jobStatus as statusOf,
  verifyJob,
} from "../queue/index.ts";
import { type RuleSettings, wishedRule } from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import { exitCodes } from "./exit-codes.ts";
import { onInterrupt } from "./interrupts.ts";
import { openBackend, openMetrics } from "./job-backend.ts";
import type { ListeningAddress, TellingOptions } from "./options.ts";
import { refuseAmongImages, refuseExisting, refuseFull, usualTop, writeOutput } from "./output-file.ts";

/** What is typed after every command about a job. */
export type JobOptions = TellingOptions;

/** What is typed after `outglow job create`. */
export interface JobCreateOptions extends JobOptions, RuleSettings {
  readonly detector: string;
  readonly out: string;
  readonly shard: number;
  readonly score?: string;
  readonly queue?: string;
}

/** Makes a job and makes its shards known. */
export async function jobCreate(locations: readonly string[], options: JobCreateOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const request = { ...options, locations, rule: wishedRule(options) };
  const { job, existed } = await createJob(request, { onEvent: eventPrinter(output) });
  const backend = await openBackend(job);
  try {
    await backend.publish(job.shards);
  } finally {
    await backend.close();
  }
  const { id, images, shards, problems } = job.record;
  output.problems(problems);
  if (options.json) output.print(JSON.stringify({ ...job.record, existed }));
  else output.print(`job ${id}: ${images} images in ${shards} shards${existed ? ", as it was" : ""}`);
}

/** Prints how far a job is. */
export async function jobStatus(folder: string, options: JobOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const job = await openJob(folder);
  const backend = await openBackend(job);
  try {
    const status = await statusOf(job, backend);
    output.print(options.json ? JSON.stringify(status) : describe(status));
  } finally {
    await backend.close();
  }
}

/** What is typed after `outglow job watch`. */
export interface JobWatchOptions extends JobOptions {
  readonly every: number;
  readonly metrics?: ListeningAddress;
}

/** Prints it again and again until all is done. */
export async function jobWatch(folder: string, options: JobWatchOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const job = await openJob(folder);
  const backend = await openBackend(job);
  const metrics = await openMetrics(options.metrics, output);
  try {
    metrics?.follow(job.record.id, () => statusOf(job, backend));
    for (;;) {
      const status = await statusOf(job, backend);
      if (options.json) output.print(JSON.stringify(status));
      else output.live(describe(status));
      if (status.shardsDone === status.shards) return output.settle();
      await pause(options.every * 1000);
    }
  } finally {
    await metrics?.close();
    await backend.close();
  }
}

function describe(status: JobStatus): string {
  const { images, imagesDone, shards, shardsDone, leased, imagesPerSecond, timeLeft, begunAgain, failures } = status;
  const parts = [
    `${imagesDone} of ${images} images, ${shardsDone} of ${shards} shards`,
    ...(leased > 0 ? [`${leased} in work`] : []),
    ...(imagesPerSecond === null ? [] : [`${imagesPerSecond.toFixed(0)} images/s`]),
    ...(timeLeft === null || timeLeft === 0 ? [] : [`${Math.ceil(timeLeft)} s left`]),
    ...(begunAgain > 0 ? [`begun again ${begunAgain} times`] : []),
    ...Object.entries(failures).map(([reason, count]) => `${count} failed: ${reason}`),
  ];
  return parts.join("; ");
}

/** What is typed after `outglow job merge`. */
export interface JobMergeOptions extends JobOptions {
  readonly out?: string;
  readonly partitioned?: string;
  readonly by?: string;
  readonly top?: number;
  readonly sheet?: string;
  readonly force: boolean;
}

/** Writes one table of all rows, or a folder of tables, and draws the most anomalous images. */
export async function jobMerge(folder: string, options: JobMergeOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const { out, partitioned, by, sheet, force } = options;
  const wished = options.top ?? (sheet === undefined ? undefined : usualTop);
  if (out !== undefined) await refuseExisting(out, force, setting("out"));
  if (partitioned !== undefined && !force) await refuseFull(partitioned, setting("partitioned"));
  const job = await openJob(folder);
  const { decision, locations } = job.record;
  if (sheet !== undefined) {
    await refuseExisting(sheet, force, setting("sheet"));
    await refuseAmongImages(sheet, locations);
  }
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  try {
    const request = { out, partitioned, by, top: wished, replace: force };
    const { images, unreadable, marked, top } = await mergeJob(job, request, stop.signal);
    if (options.json) output.print(JSON.stringify({ images, unreadable, marked, decision, top }));
    else if (options.top !== undefined) {
      for (const { file, score, pValue } of top) output.print(`${score}\t${pValue}\t${file}`);
    }
    if (sheet !== undefined) {
      const { png, problems } = await drawTopSheet(job, top, images);
      for (const { name, reason } of problems) output.warn(`not on the sheet: ${name}: ${reason}`);
      await writeOutput(sheet, png, { force, subject: setting("sheet") });
      output.note(`contact sheet: ${sheet}`);
    }
    const lost = unreadable > 0 ? `, ${unreadable} unreadable` : "";
    output.note(`${marked} of ${images} images marked anomalous by ${decision.score}${lost}: ${decision.words}`);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.exitCode = exitCodes.interrupted;
  } finally {
    release();
  }
}

/** Proves that every image has one row; exit code 1 where it has not. */
export async function jobVerify(folder: string, options: JobOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const verification = await verifyJob(await openJob(folder));
  const { images, unreadable, faults } = verification;
  if (options.json) output.print(JSON.stringify(verification));
  else {
    for (const fault of faults) output.print(fault);
    output.print(`${images} rows, ${unreadable} of them unreadable, ${faults.length} faults`);
  }
  if (faults.length > 0) process.exitCode = exitCodes.failure;
}
