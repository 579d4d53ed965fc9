/** The processes that look, as the studio sees them: started when something is to be drawn, ended when nothing has been for a while, and anew where one dies. */
import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Refusal, tooBusy } from "../../service/index.ts";
import type { DrawnPicture, FromLooker, LookWish, ToLooker } from "./look-messages.ts";

/** The file that the processes run: `look-worker` beside this one. */
export const lookWorkerFile = new URL(`./look-worker${extname(import.meta.url)}`, import.meta.url);

/** Draws in a process. */
export interface Looker {
  /** Throws Refusal (409 for what cannot be drawn, 429 where too much waits), the signal's reason where whoever asked has left. */
  draw(wish: LookWish, signal?: AbortSignal): Promise<DrawnPicture>;
  close(): void;
}

/** How much is drawn at a time and may wait, and when an idle process ends. */
export interface LookerOptions {
  readonly workerFile?: URL;
  readonly atOnce: number;
  readonly waiting: number;
}

/** How long a process stays that has nothing to do, ms. */
const patience = 120_000;

interface Task {
  readonly wish: LookWish;
  readonly resolve: (picture: DrawnPicture) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

/** Makes one; no process runs yet. What was asked for last is drawn first: it is what is looked at now. */
export function makeLooker({ workerFile = lookWorkerFile, atOnce, waiting }: LookerOptions): Looker {
  const queue: Task[] = [];
  const flying = new Map<number, Task>();
  let child: ChildProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let count = 0;
  let closed = false;

  const end = (): void => {
    clearTimeout(idle);
    child?.disconnect();
    child = undefined;
  };
  const begin = (): ChildProcess => {
    const made = fork(fileURLToPath(workerFile), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    made.on("message", (message: FromLooker) => {
      const task = flying.get(message.id);
      flying.delete(message.id);
      if ("picture" in message) task?.resolve(message.picture);
      else task?.reject(new Refusal(409, message.fault));
      go();
    });
    const lost = (): void => {
      if (child !== made) return;
      child = undefined;
      const tasks = [...flying.values()];
      flying.clear();
      for (const { reject } of tasks) reject(died());
      go();
    };
    made.once("exit", lost);
    made.on("error", lost);
    // Its pipe keeps no studio alive that wants to end.
    made.unref();
    return made;
  };
  const go = (): void => {
    while (!closed && flying.size < atOnce) {
      const task = queue.pop();
      if (!task) break;
      if (task.signal?.aborted) {
        task.reject(task.signal.reason);
        continue;
      }
      child ??= begin();
      flying.set(++count, task);
      child.send({ id: count, wish: task.wish } satisfies ToLooker);
    }
    clearTimeout(idle);
    if (flying.size === 0) idle = setTimeout(end, patience).unref();
  };
  return {
    draw(wish, signal) {
      return new Promise((resolve, reject) => {
        if (queue.length >= waiting) queue.shift()?.reject(tooBusy("fewer pictures at a time", `more than ${waiting}`));
        queue.push({ wish, resolve, reject, signal });
        go();
      });
    },
    close() {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(died());
      end();
    },
  };
}

function died(): Refusal {
  return new Refusal(409, {
    code: "engine",
    subject: "picture",
    expected: "to be drawn",
    got: "the end of the process that drew it; the file or the model may be too large",
  });
}
