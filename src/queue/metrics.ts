/** What workers count and how far their jobs are, as Prometheus reads it. Labels are jobs, states and kinds of errors: their number is bounded. */
import type { JobStatus } from "./progress.ts";
import { shardSeconds } from "./worker-reports.ts";
import type { ShardReport } from "./working.ts";

/** Counts of a process. */
export interface JobMetrics {
  /** A shard of a job, by the job's id, is done, or could not be scored for a reason of some kind. */
  done(job: string, report: ShardReport): void;
  failed(job: string, kind: string): void;
  /** Tells of a job, too, whose state is asked for when somebody looks. */
  follow(job: string, status: () => Promise<JobStatus>): void;
  /** All of it in Prometheus' text format, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Asking for a job's state lists folders: it is asked for again after so many milliseconds, and takes so small a share of the time. */
const [leastAge, share] = [5000, 0.02];

/** A look at a job's state takes so long at most, ms: a broker may be away. */
const longestLook = 5000;

/** The state of a job that was seen last. */
interface Seen {
  readonly look: () => Promise<JobStatus>;
  status: JobStatus | undefined;
  at: number;
  took: number;
}

/** Begins to count. Of `prom-client`, which is loaded when it is needed. */
export async function openJobMetrics(): Promise<JobMetrics> {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = await import("prom-client");
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, ...more: string[]) =>
    new Counter({ name: `outglow_worker_${name}`, help, labelNames: ["job", ...more], registers });
  const gauge = (name: string, help: string, ...more: string[]) =>
    new Gauge({ name: `outglow_job_${name}`, help, labelNames: ["job", ...more], registers });
  const images = counter("images_total", "Images of shards that this worker did");
  const unreadable = counter("unreadable_images_total", "Those among them that could not be read");
  const again = counter("shards_begun_again_total", "Shards that this worker did and another had begun");
  const failures = counter(
    "failed_shards_total",
    "Shards that this worker could not score, by the kind of the reason",
    "kind",
  );
  const seconds = new Histogram({
    name: "outglow_worker_shard_seconds",
    help: "Time of this worker for a shard",
    labelNames: ["job"],
    buckets: [...shardSeconds],
    registers,
  });
  const shards = gauge("shards", "Shards of the job by state; those that wait are the depth of its queue", "state");
  const ofImages = gauge("images", "Images of the job by state", "state");
  const failed = gauge(
    "failed_shards",
    "Shards that could not be scored and are not done, by the kind of the reason",
    "kind",
  );
  const begunAgain = gauge("shards_begun_again", "Shards that were begun again because a worker ended");
  const rate = gauge("images_per_second", "Images a second over the shards that were done last, by all workers");
  const left = gauge("seconds_left", "Time to the end of the job at this rate");
  const oldest = gauge("oldest_lease_seconds", "Time since the oldest of the leases began; 0 where there is none");
  const age = gauge("state_age_seconds", "How old the numbers of the job are");
  const jobs = new Map<string, Seen>();

  const set = (job: string, { status, at }: Seen): void => {
    age.set({ job }, (performance.now() - at) / 1000);
    if (!status) return;
    shards.set({ job, state: "done" }, status.shardsDone);
    shards.set({ job, state: "leased" }, status.leased);
    shards.set({ job, state: "waiting" }, status.waiting);
    ofImages.set({ job, state: "done" }, status.imagesDone);
    ofImages.set({ job, state: "left" }, status.images - status.imagesDone);
    for (const [kind, count] of Object.entries(status.failureKinds)) failed.set({ job, kind }, count);
    begunAgain.set({ job }, status.begunAgain);
    if (status.imagesPerSecond !== null) rate.set({ job }, status.imagesPerSecond);
    if (status.timeLeft !== null) left.set({ job }, status.timeLeft);
    oldest.set({ job }, status.oldestLease ?? 0);
  };

  return {
    done(job, { shard, unreadable: lost, seconds: took, earlier }) {
      images.inc({ job }, shard.count);
      unreadable.inc({ job }, lost);
      if (earlier > 0) again.inc({ job });
      seconds.observe({ job }, took);
    },
    failed: (job, kind) => failures.inc({ job, kind }),
    follow: (job, look) => void jobs.set(job, { look, status: undefined, at: performance.now(), took: 0 }),
    async text() {
      await Promise.all([...jobs.values()].map(refresh));
      failed.reset();
      for (const [job, seen] of jobs) set(job, seen);
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

async function refresh(seen: Seen): Promise<void> {
  const now = performance.now();
  if (seen.status && now - seen.at < Math.max(leastAge, seen.took / share)) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, longestLook, undefined);
  });
  // Where it cannot be had, the last one stands, and its age tells.
  const status = await Promise.race([seen.look().catch(() => undefined), late]);
  clearTimeout(timer);
  if (!status) return;
  Object.assign(seen, { status, at: performance.now(), took: performance.now() - now });
}
