/** Engine processes that a test plays: one that hangs while it loads is ended, and another one takes its place. */
import { expect, test } from "vitest";
import { WorkerEnded, type WorkerProcess } from "./engine-child.ts";
import { openPool, type PoolEvent } from "./worker-pool.ts";

/** A process that never answers until it is ended; from the second on they load. */
function played(): { start: () => WorkerProcess; started: () => number } {
  let count = 0;
  const start = (): WorkerProcess => {
    const hangs = count++ === 0;
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    return {
      pid: count,
      resident: 0,
      load: () => (hangs ? ended.then(() => Promise.reject(new WorkerEnded("gone"))) : Promise.resolve()),
      unload: () => undefined,
      score: async () => [],
      kill: () => end(),
      ended,
    };
  };
  return { start, started: () => count };
}

test("a load that hangs fails after its time, and is done by the process that follows", async () => {
  const events: PoolEvent["kind"][] = [];
  const { start, started } = played();
  let told = (): void => undefined;
  const again = new Promise<void>((resolve) => {
    told = resolve;
  });
  const pool = openPool({
    ...{ count: 1, start, mostMilliseconds: 1000, mostLoading: 20, onIdle: () => undefined },
    onEvent({ kind }) {
      events.push(kind);
      if (started() > 1) told();
    },
  });
  await expect(pool.load("a", "folder")).rejects.toMatchObject({ name: "RunError", fault: { code: "engine" } });
  await again;
  expect(pool.hasRoom("a")).toBe(false);
  await pool.load("a", "folder");
  expect([pool.hasRoom("a"), pool.isIdle("a"), pool.pids]).toEqual([true, true, [2]]);
  expect(events.slice(0, 3)).toEqual(["worker-started", "worker-ended", "worker-started"]);
  await pool.close();
});
