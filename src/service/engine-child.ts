/** One engine process, as its service sees it. */
import { fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Fault, RunError } from "../base/index.ts";
import type { FromWorker, ImageOutcome, ToWorker, WorkerImage, WorkerSettings } from "./worker-messages.ts";

/** The file that engine processes run: `engine-worker` beside this one. */
export const engineWorkerFile = new URL(`./engine-worker${extname(import.meta.url)}`, import.meta.url);

/** The process ended before it answered. */
export class WorkerEnded extends Error {
  override readonly name = "WorkerEnded";
}

/** A batch for one detector. */
export interface Batch {
  readonly key: string;
  readonly coders: boolean;
  readonly map: string | undefined;
  readonly images: readonly WorkerImage[];
}

/** An engine process. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Bytes of memory that it had when it last said. */
  readonly resident: number;
  /** Loads and checks a detector. Throws RunError where it is not taken, WorkerEnded where the process ends meanwhile. */
  load(key: string, folder: string): Promise<void>;
  unload(key: string): void;
  /** Scores images. Throws RunError where the engine fails, WorkerEnded. */
  score(batch: Batch): Promise<readonly ImageOutcome[]>;
  /** Ends it at once. */
  kill(): void;
  /** Settles when the process is gone. */
  readonly ended: Promise<void>;
}

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

/** Starts an engine process. */
export function startWorker(settings: WorkerSettings, file: URL): WorkerProcess {
  const child = fork(fileURLToPath(file), [JSON.stringify(settings)], {
    // Options of this program are not for that one.
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const loading = new Map<string, Waiting<void>>();
  const scoring = new Map<number, Waiting<readonly ImageOutcome[]>>();
  let batches = 0;
  let gone = false;
  let resident = 0;
  const endedEarly = (): WorkerEnded => new WorkerEnded("the engine process ended");
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      gone = true;
      for (const waiting of [...loading.values(), ...scoring.values()]) waiting.reject(endedEarly());
      loading.clear();
      scoring.clear();
      resolve();
    };
    child.once("exit", end);
    child.on("error", () => {
      // A process that never began does not exit.
      if (child.pid === undefined) end();
    });
  });
  child.on("message", (message: FromWorker) => {
    if ("resident" in message) resident = message.resident;
    if (message.kind === "loaded" || message.kind === "not-loaded") {
      const waiting = loading.get(message.key);
      loading.delete(message.key);
      if (message.kind === "loaded") waiting?.resolve();
      else waiting?.reject(new RunError(message.fault as Fault));
    } else {
      const waiting = scoring.get(message.batch);
      scoring.delete(message.batch);
      if (message.kind === "outcomes") waiting?.resolve(message.outcomes);
      else waiting?.reject(new RunError(message.fault as Fault));
    }
  });
  const send = (message: ToWorker): void => {
    // Where it cannot be sent, the process has ended, or its end is on its way.
    if (!gone && child.connected) child.send(message, () => undefined);
  };
  const ask = <Key, Value>(waiting: Map<Key, Waiting<Value>>, key: Key, message: ToWorker): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (gone) return reject(endedEarly());
      waiting.set(key, { resolve, reject });
      send(message);
    });
  return {
    pid: child.pid,
    get resident() {
      return resident;
    },
    load: (key, folder) => ask(loading, key, { kind: "load", key, folder }),
    unload: (key) => send({ kind: "unload", key }),
    score(batch) {
      const number = batches++;
      return ask(scoring, number, { kind: "score", batch: number, ...batch });
    },
    kill: () => void child.kill("SIGKILL"),
    ended,
  };
}
