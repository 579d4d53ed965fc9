/** The engine processes of a service: each has the same detectors loaded, and another takes the place of one that dies. */
import { messageOf, RunError } from "../base/index.ts";
import { type Batch, WorkerEnded, type WorkerProcess } from "./engine-child.ts";
import type { ImageOutcome } from "./worker-messages.ts";

/** A batch took longer than it may; its process was ended. */
export class BatchOverdue extends Error {
  override readonly name = "BatchOverdue";
}

/** What happens to the processes. */
export type PoolEvent =
  | { readonly kind: "worker-started"; readonly pid: number | undefined }
  | { readonly kind: "worker-ended"; readonly pid: number | undefined }
  | { readonly kind: "worker-lacks"; readonly pid: number | undefined; readonly key: string; readonly reason: string };

/** How a pool is made. */
export interface PoolOptions {
  readonly count: number;
  readonly start: () => WorkerProcess;
  /** Milliseconds that a batch may take. */
  readonly mostMilliseconds: number;
  /** Milliseconds that a load may take: what takes longer hangs, and others wait for their turn. Default 300000. */
  readonly mostLoading?: number;
  /** Called whenever a process may take a batch. */
  readonly onIdle: () => void;
  readonly onEvent: (event: PoolEvent) => void;
}

/** Engine processes. */
export interface WorkerPool {
  /** Loads and checks a detector in every process. Throws RunError where one does not take it; then none keeps it. */
  load(key: string, folder: string): Promise<void>;
  unload(key: string): void;
  /** Whether a process that has the detector waits for work. */
  isIdle(key: string): boolean;
  /** Whether one could take a batch to work on next: then it need not wait between two. */
  hasRoom(key: string): boolean;
  /**
   * Scores a batch on such a process. Throws RunError where the engine fails, WorkerEnded where the process dies, BatchOverdue where it takes too
   * long.
   */
  score(batch: Batch): Promise<readonly ImageOutcome[]>;
  readonly pids: readonly number[];
  /** Bytes of memory of all of them. */
  readonly resident: number;
  /** How many of them have work. */
  readonly busy: number;
  /** Ends every process. */
  close(): Promise<void>;
}

interface Slot {
  worker: WorkerProcess | undefined;
  /** Batches that it was given and has not answered. */
  batches: number;
  /** The detectors that it has loaded. */
  readonly has: Set<string>;
  /** Ends in a row that came soon after a start. */
  quickEnds: number;
  restart: NodeJS.Timeout | undefined;
}

/** A process that lives so long began well, milliseconds. */
const soon = 2000;
const longestDelay = 5000;
/** One that is scored and one that lies ready. */
const mostBatches = 2;

/** Starts the processes. */
export function openPool(options: PoolOptions): WorkerPool {
  const { count, start, mostMilliseconds, mostLoading = 300_000, onIdle, onEvent } = options;
  const wanted = new Map<string, string>();
  const slots = Array.from({ length: count }, (): Slot => {
    return { worker: undefined, batches: 0, has: new Set(), quickEnds: 0, restart: undefined };
  });
  let closed = false;

  const begin = (slot: Slot): void => {
    slot.restart = undefined;
    const worker = start();
    const started = performance.now();
    const { pid } = worker;
    slot.worker = worker;
    slot.batches = 0;
    onEvent({ kind: "worker-started", pid });
    for (const [key, folder] of wanted) {
      loadInto(slot, key, folder).catch((error: unknown) => {
        if (!closed) onEvent({ kind: "worker-lacks", pid, key, reason: messageOf(error) });
      });
    }
    void worker.ended.then(() => {
      slot.worker = undefined;
      slot.has.clear();
      if (closed) return;
      onEvent({ kind: "worker-ended", pid });
      slot.quickEnds = performance.now() - started < soon ? slot.quickEnds + 1 : 0;
      // The first end may be anybody's; a process that ends again and again must not take all the time there is.
      const delay = slot.quickEnds < 2 ? 0 : Math.min(longestDelay, 50 * 2 ** slot.quickEnds);
      slot.restart = setTimeout(() => begin(slot), delay);
    });
  };

  const loadInto = async (slot: Slot, key: string, folder: string): Promise<void> => {
    const { worker } = slot;
    if (!worker) return;
    const timer = setTimeout(() => worker.kill(), mostLoading);
    try {
      await worker.load(key, folder);
    } finally {
      clearTimeout(timer);
    }
    if (slot.worker !== worker || wanted.get(key) !== folder) return;
    slot.has.add(key);
    onIdle();
  };

  const unload = (key: string): void => {
    wanted.delete(key);
    for (const slot of slots) {
      slot.has.delete(key);
      slot.worker?.unload(key);
    }
  };

  for (const slot of slots) begin(slot);
  return {
    async load(key, folder) {
      const present = slots.filter(({ worker }) => worker !== undefined);
      if (present.length === 0) throw noWorker("none is running; they are started again");
      wanted.set(key, folder);
      const results = await Promise.allSettled(present.map((slot) => loadInto(slot, key, folder)));
      const failure = results.find((result) => result.status === "rejected");
      if (!failure) return;
      unload(key);
      throw failure.reason instanceof WorkerEnded ? noWorker("it ended while it loaded the detector") : failure.reason;
    },
    unload,
    isIdle: (key) => slots.some((slot) => takes(slot, key, 1)),
    hasRoom: (key) => slots.some((slot) => takes(slot, key, mostBatches)),
    async score(batch) {
      const slot =
        slots.find((one) => takes(one, batch.key, 1)) ?? slots.find((one) => takes(one, batch.key, mostBatches));
      if (!slot?.worker) throw new WorkerEnded("no engine process is free");
      const { worker } = slot;
      slot.batches++;
      let overdue = false;
      const timer = setTimeout(() => {
        overdue = true;
        worker.kill();
      }, mostMilliseconds);
      try {
        return await worker.score(batch);
      } catch (error) {
        throw overdue ? new BatchOverdue("the batch took too long") : error;
      } finally {
        clearTimeout(timer);
        if (slot.worker === worker) slot.batches--;
        onIdle();
      }
    },
    get pids() {
      return slots.flatMap(({ worker }) => worker?.pid ?? []);
    },
    get resident() {
      return slots.reduce((sum, { worker }) => sum + (worker?.resident ?? 0), 0);
    },
    get busy() {
      return slots.filter((slot) => slot.worker !== undefined && slot.batches > 0).length;
    },
    async close() {
      closed = true;
      for (const { restart } of slots) clearTimeout(restart);
      const running = slots.flatMap(({ worker }) => worker ?? []);
      for (const worker of running) worker.kill();
      await Promise.all(running.map(({ ended }) => ended));
    },
  };
}

/** Whether a process would have no more than `most` batches with one more. */
function takes({ worker, batches, has }: Slot, key: string, most: number): boolean {
  return worker !== undefined && batches < most && has.has(key);
}

function noWorker(got: string): RunError {
  return new RunError({ code: "engine", subject: "engine process", expected: "one that works", got });
}
