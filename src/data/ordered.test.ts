/** Tests of doing many things at a time in order. */
import { describe, expect, test } from "vitest";
import { mapInOrder } from "./ordered.ts";

/** Goes on after everything that was due to go on before it, `count` times. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

describe("mapInOrder", () => {
  test("keeps the order whatever finishes first, and the limit of tasks", async () => {
    let running = 0;
    let most = 0;
    const task = async (index: number): Promise<number> => {
      running++;
      most = Math.max(most, running);
      await turns(10 * ((7 * index) % 5));
      running--;
      return index;
    };
    const results: number[] = [];
    for await (const result of mapInOrder(40, task, { concurrency: 3, ahead: 10 })) results.push(result);
    expect(results).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(most).toBe(3);
  });

  test("throws a task's error in its place", async () => {
    const task = async (index: number): Promise<number> => {
      if (index === 2) throw new Error("two");
      return index;
    };
    const results: number[] = [];
    const consume = async (): Promise<void> => {
      for await (const result of mapInOrder(10, task, { concurrency: 10, ahead: 10 })) {
        results.push(result);
        await turns(100);
      }
    };
    await expect(consume()).rejects.toThrow("two");
    expect(results).toEqual([0, 1]);
  });

  test("nothing to do", async () => {
    const never = (): Promise<never> => Promise.reject(new Error("called"));
    expect(await mapInOrder(0, never, { concurrency: 2, ahead: 2 }).next()).toEqual({ done: true, value: undefined });
  });
});
