/** `outglow worker`: scores shards until a job is done, or SIGTERM comes and the shard at hand is. */
import { ConfigError, setting } from "../base/index.ts";
import { jobStatus, jobsAt, openJob, work } from "../queue/index.ts";
import { cacheFolder } from "./cache-place.ts";
import { openConsole } from "./console.ts";
import { exitCodes } from "./exit-codes.ts";
import { onInterrupt } from "./interrupts.ts";
import { brokerOf, openBackend, openMetrics } from "./job-backend.ts";
import type { EngineOptions, ListeningAddress } from "./options.ts";

/** What is typed after `outglow worker`. */
export interface WorkOptions extends EngineOptions {
  readonly queue?: string;
  readonly lease: number;
  readonly metrics?: ListeningAddress;
}

/** Works at one job, or at all that a broker knows. */
export async function worker(folder: string | undefined, options: WorkOptions): Promise<void> {
  const { queue, lease, threads, device } = options;
  if ((folder === undefined) === (queue === undefined)) {
    throw new ConfigError({
      code: "missing-setting",
      subject: "worker",
      expected: `a job's folder or ${setting("queue")}`,
      got: folder === undefined ? "none" : "both",
    });
  }
  const output = openConsole(options.quiet);
  const metrics = await openMetrics(options.metrics, output);
  const stop = new AbortController();
  const release = onInterrupt(() => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    output.note("ending after this shard; once more ends at once, and another worker begins the shard again");
    stop.abort();
  });
  try {
    for (const one of folder === undefined ? await jobsAt(brokerOf(queue!)) : [folder]) {
      const job = await openJob(one);
      const backend = await openBackend(job, lease * 1000);
      const { id } = job.record;
      metrics?.follow(id, () => jobStatus(job, backend));
      try {
        const summary = await work(job, backend, {
          engine: { threads, device },
          cache: cacheFolder(),
          stop: stop.signal,
          onShard(done) {
            metrics?.done(id, done);
            const { shard, seconds, unreadable } = done;
            const lost = unreadable > 0 ? `, ${unreadable} unreadable` : "";
            output.note(`shard ${shard.index}: ${shard.count} images in ${seconds.toFixed(2)} s${lost}`);
          },
          onFailure(shard, reason, kind) {
            metrics?.failed(id, kind);
            output.warn(`shard ${shard.index}: ${reason}`);
          },
        });
        if (options.json) output.print(JSON.stringify({ job: one, ...summary }));
        output.note(`${summary.shards} shards, ${summary.images} images${summary.complete ? "; the job is done" : ""}`);
        if (summary.failed > 0) process.exitCode = exitCodes.failure;
      } finally {
        await backend.close();
      }
    }
    if (stop.signal.aborted) process.exitCode = exitCodes.interrupted;
  } finally {
    release();
    await metrics?.close();
  }
}
