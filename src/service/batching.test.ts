/** Batches over processes that a test plays: when they go off, what becomes of images whose process dies, and of those that wait too long. */
import { expect, test } from "vitest";
import { type BatcherOptions, makeBatcher } from "./batching.ts";
import { type Batch, WorkerEnded } from "./engine-child.ts";
import type { ImageOutcome, WorkerImage } from "./worker-messages.ts";
import type { WorkerPool } from "./worker-pool.ts";

const image = (value: number): WorkerImage => ({ kind: "pixels", pixels: Uint8Array.of(value) });
const outcomeOf = (one: WorkerImage): ImageOutcome => ({
  kind: "scored",
  spokesmen: {},
  scores: { value: one.kind === "pixels" ? one.pixels[0]! : -1 },
});

/** One process: batches lie in `sent` until the test answers or kills. */
function played(options: Partial<BatcherOptions> = {}) {
  const sent: { batch: Batch; answer: () => void; die: () => void }[] = [];
  let busy = false;
  const pool: WorkerPool = {
    load: async () => undefined,
    unload: () => undefined,
    isIdle: () => !busy,
    hasRoom: () => !busy,
    score(batch) {
      busy = true;
      return new Promise((resolve, reject) => {
        const free = (): void => {
          busy = false;
        };
        sent.push({
          batch,
          answer() {
            free();
            resolve(batch.images.map(outcomeOf));
            batcher.pump();
          },
          die() {
            free();
            reject(new WorkerEnded("gone"));
          },
        });
      });
    },
    pids: [],
    resident: 0,
    busy: 0,
    close: async () => undefined,
  };
  const settings = {
    maxBatch: 4,
    maxWait: 0,
    maxQueue: 100,
    timeout: 60,
    onBatch: () => undefined,
    onRetry: () => undefined,
    onDemand: () => undefined,
  };
  const batcher = makeBatcher(() => pool, { ...settings, ...options });
  const sizes = (): number[] => sent.map(({ batch }) => batch.images.length);
  const score = (...values: number[]) => batcher.score({ key: "a", coders: false, images: values.map(image) });
  return { batcher, sent, sizes, score };
}

/** Lets promises that have been settled be heard. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("images that come while a process works are put together, in order, and each gets its own answer", async () => {
  const { sent, sizes, score } = played();
  const answers = [score(1), score(2, 3), score(4, 5, 6)];
  expect(sizes()).toEqual([1]);
  sent[0]!.answer();
  await turn();
  expect(sizes()).toEqual([1, 4]);
  sent[1]!.answer();
  await turn();
  expect(sizes()).toEqual([1, 4, 1]);
  sent[2]!.answer();
  const values = (await Promise.all(answers)).map((outcomes) =>
    outcomes.map((one) => one.kind === "scored" && one.scores.value),
  );
  expect(values).toEqual([[1], [2, 3], [4, 5, 6]]);
});

test("images whose process dies are scored again, each alone; those that it dies of a second time are refused with 503", async () => {
  const { sent, sizes, score } = played();
  const first = score(0);
  const [good, bad] = [score(1), score(2)];
  bad.catch(() => undefined);
  sent[0]!.answer();
  await first;
  expect(sizes()).toEqual([1, 2]);
  sent[1]!.die();
  await turn();
  expect(sizes()).toEqual([1, 2, 1]);
  sent[2]!.answer();
  await turn();
  expect(await good).toEqual([outcomeOf(image(1))]);
  sent[3]!.die();
  await expect(bad).rejects.toMatchObject({ status: 503, retryAfter: 1 });
  expect(sizes()).toEqual([1, 2, 1, 1]);
});

test("a caller that goes takes its images with it, and the queue takes no more than it may", async () => {
  const { sent, sizes, score, batcher } = played({ maxQueue: 3 });
  const first = score(1);
  const leaving = new AbortController();
  const gone = batcher.score({ key: "a", coders: false, images: [image(2), image(3)], signal: leaving.signal });
  const left = expect(gone).rejects.toMatchObject({ status: 503 });
  await expect(score(4, 5)).rejects.toMatchObject({ status: 429, retryAfter: 1 });
  leaving.abort();
  await left;
  expect(batcher.waiting).toBe(0);
  const last = score(4, 5);
  sent[0]!.answer();
  await first;
  expect(sizes()).toEqual([1, 2]);
  sent[1]!.answer();
  expect(await last).toHaveLength(2);
});

test("a detector is free once everything that was asked of it is answered", async () => {
  const { sent, score, batcher } = played();
  const answer = score(1);
  const free = batcher.whenFree("a").then(() => "free");
  expect(await Promise.race([free, turn().then(() => "busy")])).toBe("busy");
  sent[0]!.answer();
  await answer;
  expect(await free).toBe("free");
  await batcher.whenFree("other");
});

test("what waits for a detector that cannot be loaded is refused, and nothing else", async () => {
  const demanded: string[] = [];
  const { batcher, sent, score } = played({ onDemand: (key) => void demanded.push(key) });
  const first = score(1);
  const lost = batcher.score({ key: "b", coders: false, images: [image(2)] }).catch((error: unknown) => error);
  expect([demanded, batcher.isBusy("a"), batcher.isBusy("b")]).toEqual([["a", "b"], true, true]);
  batcher.fail("b", new Error("damaged"));
  expect(await lost).toMatchObject({ status: 503 });
  expect([batcher.isBusy("a"), batcher.isBusy("b"), batcher.waiting]).toEqual([true, false, 0]);
  sent[0]!.answer();
  expect(await first).toHaveLength(1);
});
