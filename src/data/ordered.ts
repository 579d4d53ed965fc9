/** Doing many things at a time and handing out their results in order. */

/** How far work may run ahead of its consumer. */
export interface OrderedOptions {
  /** Tasks at a time, 1 or more. */
  readonly concurrency: number;
  /** Results waiting for the consumer at most, tasks under way included. */
  readonly ahead: number;
}

/**
 * Runs `task(0)` to `task(count - 1)` and yields their results in order. Work goes on while the consumer does something else. When the consumer
 * stops early, no further task begins. A task's error is thrown where its result would have been.
 */
export async function* mapInOrder<T>(
  count: number,
  task: (index: number) => Promise<T>,
  { concurrency, ahead }: OrderedOptions,
): AsyncGenerator<T, void, void> {
  const results = new Map<number, Promise<T>>();
  let next = 0;
  let taken = 0;
  let running = 0;
  let stopped = false;
  const start = (): void => {
    while (!stopped && next < count && running < concurrency && next < taken + Math.max(1, ahead)) {
      running++;
      const result = task(next);
      results.set(next, result);
      next++;
      // Both ways are handled, so a failure nobody has asked for yet is not an unhandled rejection.
      result.then(finish, finish);
    }
  };
  const finish = (): void => {
    running--;
    start();
  };
  try {
    for (; taken < count; taken++) {
      start();
      const result = await results.get(taken)!;
      results.delete(taken);
      yield result;
    }
  } finally {
    stopped = true;
  }
}
