/**
 * Images that wait to be scored. They are put into batches as they come: a batch goes off when it is full or when its oldest image has waited
 * long enough, and a process is free. Images of one request may go in several batches, images of several requests in one.
 */
import { isUserError } from "../base/index.ts";
import { WorkerEnded } from "./engine-child.ts";
import { Refusal, tooBusy, tooLate, unavailable } from "./refusals.ts";
import type { ImageOutcome, WorkerImage } from "./worker-messages.ts";
import { BatchOverdue, type WorkerPool } from "./worker-pool.ts";

/** Images of one request. */
export interface ScoringWork {
  /** The detector, as the processes know it. */
  readonly key: string;
  readonly coders: boolean;
  /** The score whose maps are drawn. */
  readonly map?: string | undefined;
  readonly images: readonly WorkerImage[];
  /** Called off where its caller has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** How images are put together. */
export interface BatcherOptions {
  readonly maxBatch: number;
  /** Milliseconds. */
  readonly maxWait: number;
  readonly maxQueue: number;
  /** Seconds within which a request is answered. */
  readonly timeout: number;
  readonly onBatch: (size: number, seconds: number) => void;
  readonly onRetry: () => void;
  /** Images of a detector have come: it may have to be loaded. */
  readonly onDemand: (key: string) => void;
}

/** Takes images and gives what became of them. */
export interface Batcher {
  /** Throws Refusal: 429 where too much waits, 503 where processes die under it twice, 504 where it takes too long. */
  score(work: ScoringWork): Promise<readonly ImageOutcome[]>;
  /** Looks whether a batch can go off; to be called whenever a process has become free. */
  pump(): void;
  /** Refuses everything that waits for a detector. */
  fail(key: string, error: unknown): void;
  /** Whether something that was asked of a detector is left. */
  isBusy(key: string): boolean;
  /** Settles when nothing that was asked of a detector is left. */
  whenFree(key: string): Promise<void>;
  readonly waiting: number;
}

interface Request {
  readonly key: string;
  readonly coders: boolean;
  readonly map: string | undefined;
  readonly outcomes: ImageOutcome[];
  left: number;
  settled: boolean;
  readonly resolve: (outcomes: readonly ImageOutcome[]) => void;
  readonly reject: (error: Refusal) => void;
}

interface Job {
  readonly request: Request;
  readonly index: number;
  readonly image: WorkerImage;
  readonly since: number;
  /** Whether a process died under it once. It is then scored alone: if it is the cause, no other image suffers. */
  retried: boolean;
}

/** A batcher over engine processes, which are made after it and call `pump`. */
export function makeBatcher(pool: () => WorkerPool, options: BatcherOptions): Batcher {
  const { maxBatch, maxWait, maxQueue, timeout } = options;
  const queues = new Map<string, Job[]>();
  const busyKeys = new Map<string, number>();
  const freed = new Map<string, (() => void)[]>();
  let timer: NodeJS.Timeout | undefined;

  const countWaiting = (): number =>
    [...queues.values()].reduce((sum, jobs) => sum + jobs.filter(({ request }) => !request.settled).length, 0);

  const settle = (request: Request, error?: Refusal): void => {
    if (request.settled) return;
    request.settled = true;
    if (error) request.reject(error);
    else request.resolve(request.outcomes);
    const left = busyKeys.get(request.key)! - 1;
    busyKeys.set(request.key, left);
    if (left > 0) return;
    busyKeys.delete(request.key);
    for (const tell of freed.get(request.key) ?? []) tell();
    freed.delete(request.key);
  };

  const send = async (jobs: readonly Job[]): Promise<void> => {
    const { key, coders, map } = jobs[0]!.request;
    const started = performance.now();
    try {
      const outcomes = await pool().score({ key, coders, map, images: jobs.map(({ image }) => image) });
      options.onBatch(jobs.length, (performance.now() - started) / 1000);
      for (const [position, { request, index }] of jobs.entries()) {
        request.outcomes[index] = outcomes[position]!;
        request.left--;
        if (request.left === 0) settle(request);
      }
    } catch (error) {
      if (error instanceof WorkerEnded) retry(jobs);
      else for (const { request } of jobs) settle(request, refusalOf(error, timeout));
    }
  };

  const retry = (jobs: readonly Job[]): void => {
    options.onRetry();
    const again = jobs.filter((job) => !job.retried && !job.request.settled);
    for (const job of jobs) {
      if (job.retried) settle(job.request, unavailable("engine", "an engine process that lives", "two that died"));
      job.retried = true;
    }
    if (again.length > 0) {
      const name = queueName(again[0]!.request);
      queues.set(name, [...again, ...(queues.get(name) ?? [])]);
    }
    pump();
  };

  /** The batch of a queue that may go off at once, or in how many milliseconds there will be one. */
  const nextBatch = (jobs: readonly Job[]): number => {
    if (jobs[0]!.retried) return 1;
    const alone = jobs.findIndex(({ retried }) => retried);
    const together = Math.min(alone < 0 ? jobs.length : alone, maxBatch);
    return together === maxBatch || performance.now() - jobs[0]!.since >= maxWait ? together : 0;
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    let soonest = Number.POSITIVE_INFINITY;
    const byAge = [...queues].sort(([, [a]], [, [b]]) => a!.since - b!.since);
    for (const [name, all] of byAge) {
      const jobs = all.filter(({ request }) => !request.settled);
      while (jobs.length > 0 && pool().hasRoom(jobs[0]!.request.key)) {
        const size = nextBatch(jobs);
        // A full batch gains nothing by waiting for a process to be idle; any other may still grow.
        if (size < maxBatch && !pool().isIdle(jobs[0]!.request.key)) break;
        if (size === 0) {
          soonest = Math.min(soonest, jobs[0]!.since + maxWait);
          break;
        }
        void send(jobs.splice(0, size));
      }
      if (jobs.length > 0) queues.set(name, jobs);
      else queues.delete(name);
    }
    if (soonest === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(pump, Math.max(1, Math.ceil(soonest - performance.now())));
  };

  return {
    score({ key, coders, map, images, signal }) {
      const waiting = countWaiting();
      if (waiting > 0 && waiting + images.length > maxQueue) {
        return Promise.reject(tooBusy(`at most ${maxQueue} images that wait`, `${waiting + images.length}`));
      }
      return new Promise((resolve, reject) => {
        const leave = (): void => settle(request, unavailable("caller", "to wait for the answer", "gone"));
        const deadline = setTimeout(() => settle(request, tooLate(timeout)), timeout * 1000);
        const finish = (): void => {
          clearTimeout(deadline);
          signal?.removeEventListener("abort", leave);
        };
        const request: Request = {
          ...{ key, coders, map, outcomes: [], left: images.length, settled: false },
          resolve(outcomes) {
            finish();
            resolve(outcomes);
          },
          reject(error) {
            finish();
            reject(error);
          },
        };
        signal?.addEventListener("abort", leave, { once: true });
        busyKeys.set(key, (busyKeys.get(key) ?? 0) + 1);
        const since = performance.now();
        const jobs = images.map((image, index): Job => ({ request, index, image, since, retried: false }));
        const name = queueName(request);
        queues.set(name, [...(queues.get(name) ?? []), ...jobs]);
        options.onDemand(key);
        pump();
      });
    },
    pump,
    fail(key, error) {
      const waiting = [...queues.values()].flat().filter(({ request }) => request.key === key);
      for (const { request } of waiting) settle(request, refusalOf(error, timeout));
    },
    isBusy: (key) => busyKeys.has(key),
    whenFree: (key) =>
      busyKeys.has(key)
        ? new Promise((resolve) => void freed.set(key, [...(freed.get(key) ?? []), resolve]))
        : Promise.resolve(),
    get waiting() {
      return countWaiting();
    },
  };
}

function queueName({ key, coders, map = "" }: Pick<Request, "key" | "coders" | "map">): string {
  return `${coders ? "coders" : "plain"} ${map} ${key}`;
}

function refusalOf(error: unknown, timeout: number): Refusal {
  if (error instanceof BatchOverdue) return tooLate(timeout);
  const fault = isUserError(error) ? error.fault : undefined;
  if (fault) return new Refusal(503, fault, 1);
  return unavailable("engine", "scores", "none");
}
