/** Runs: work in processes of their own, started, paused and gone on with; what they tell is read from their logs. */
import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { extname, join } from "node:path";
import { execPath, kill } from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { lockHolder, writeFileAtomic } from "../../data/index.ts";
import { conflict } from "../../service/index.ts";
import type { Entry, Registry } from "../known/registry.ts";
import { readLines } from "./event-log.ts";
import { type JobKind, type JobRequest, runFileNames } from "./job-kinds.ts";
import type { RunState } from "./run-events.ts";
import { foldLine, type RunSummary, untold } from "./run-summary.ts";

/** The file that the processes of runs run: `job-worker` beside this one. */
export const jobWorkerFile = new URL(`./job-worker${extname(import.meta.url)}`, import.meta.url);

/** What a run is started with. */
export interface RunStart<Kind extends JobKind> {
  readonly kind: Kind;
  readonly name: string;
  /** The folder of the detector that comes of it. */
  readonly out: string;
  readonly command: string | null;
  readonly request: JobRequest<Kind>;
}

/** A run as it is now. */
export interface Run extends Entry<"runs"> {
  readonly id: string;
  readonly state: RunState;
  readonly summary: RunSummary;
}

/** The runs of a studio. */
export interface Runs {
  list(): Run[];
  /** Throws Refusal (404). */
  find(id: string): Run;
  start<Kind extends JobKind>(start: RunStart<Kind>): Promise<Run>;
  /** Asks it to save and end; settles at once. Throws Refusal (409) where it does not run. */
  stop(id: string): Promise<Run>;
  /** Throws Refusal (409) where it runs or is finished. */
  resume(id: string): Promise<Run>;
  /** Throws Refusal (409) where it runs. */
  forget(id: string): Promise<void>;
  logOf(id: string): string;
  pictureOf(id: string, name: string): string;
  /** The file in which a run of some kinds leaves what it found. */
  resultOf(id: string): string;
  /** Calls back whenever the log of a run has grown or its state is another, until the function that comes back is called. */
  follow(id: string, listener: () => void): () => void;
  /** Pauses what runs, and settles when it is saved. */
  close(): Promise<void>;
}

/** How runs are opened. */
export interface RunsOptions {
  /** Where the folders of all runs are. */
  readonly folder: string;
  /** The folder in which their processes work. */
  readonly place: string;
  readonly registry: Registry;
  readonly workerFile: URL;
  readonly onChange: () => void;
}

/** What the studio knows of a run besides the registry's entry. */
interface Live {
  summary: RunSummary;
  /** Where the log was read up to. */
  next: number;
  /** Whether a process works on it: started here, or found at work. */
  alive: boolean;
  stopping: boolean;
  readonly listeners: Set<() => void>;
  watched: Promise<void> | undefined;
}

/** How often a log is looked at while its run works, ms. */
const look = 120;
/** How often it is asked whether a process that was not started here still works, in looks. */
const asking = 8;
/** Characters of what a process said on its way out. */
const mostSaid = 2000;
/** How long a paused run may take to save, ms. */
const longestSaving = 60_000;

/** Opens the runs that the registry knows: reads their logs, and follows those that still work. */
export async function openRuns({ folder, place, registry, workerFile, onChange }: RunsOptions): Promise<Runs> {
  const live = new Map<string, Live>();
  let closed = false;
  const at = (id: string, name: keyof typeof runFileNames): string => join(folder, id, runFileNames[name]);
  const works = async (id: string): Promise<boolean> =>
    (await lockHolder(at(id, "lock")).catch(() => undefined)) !== undefined;

  const read = async (id: string, run: Live): Promise<boolean> => {
    let grown = false;
    for (let more = true; more; ) {
      const part = await readLines(at(id, "log"), run.next);
      for (const { line } of part.lines) run.summary = foldLine(run.summary, line);
      grown ||= part.next !== run.next;
      run.next = part.next;
      more = part.more;
    }
    return grown;
  };
  const tell = (run: Live): void => {
    for (const listener of [...run.listeners]) listener();
    onChange();
  };
  /** A process that ended without a word may have said on its way out what became of it. */
  const end = async (id: string, run: Live): Promise<void> => {
    [run.alive, run.stopping] = [false, false];
    if (stateOf(run.summary.state, false, false) !== "lost") return;
    const said = await readFile(at(id, "errors"), "utf8").catch(() => "");
    const message = said.trim().slice(-mostSaid) || null;
    run.summary = { ...run.summary, message };
  };
  /** Follows a run until its process has ended. `ended` tells of one that was started here. */
  const watch = async (id: string, run: Live, ended?: Promise<void>): Promise<void> => {
    let over = false;
    void ended?.then(() => {
      over = true;
    });
    for (let looks = 1; !over && !closed; looks++) {
      if (await read(id, run)) tell(run);
      await wait(look);
      if (!ended && looks % asking === 0) over = !(await works(id));
    }
    await read(id, run);
    // A studio that is closed leaves what still works alone.
    if (over) await end(id, run);
    tell(run);
  };
  const launch = async (id: string, how: "start" | "resume"): Promise<void> => {
    const run = liveOf(id);
    run.alive = true;
    run.stopping = false;
    const errors = await open(at(id, "errors"), "a");
    // A group of its own: a terminal's Ctrl-C is the studio's, which pauses its runs itself.
    const child = spawn(execPath, [fileURLToPath(workerFile), join(folder, id), how], {
      detached: true,
      cwd: place,
      stdio: ["ignore", errors.fd, errors.fd],
    });
    await errors.close();
    child.unref();
    const ended = new Promise<void>((resolve) => {
      child.once("error", () => resolve());
      child.once("exit", () => resolve());
    });
    run.watched = watch(id, run, ended);
    tell(run);
  };
  const liveOf = (id: string): Live => {
    registry.find("runs", id);
    const known = live.get(id) ?? {
      summary: untold,
      next: 0,
      alive: false,
      stopping: false,
      listeners: new Set(),
      watched: undefined,
    };
    live.set(id, known);
    return known;
  };
  const find = (id: string): Run => {
    const entry = registry.find("runs", id);
    const { summary, alive, stopping } = liveOf(id);
    return { ...entry, id, summary, state: stateOf(summary.state, alive, stopping) };
  };
  const refuse = (id: string, expected: string): never => {
    throw conflict({ code: "busy", subject: "run", expected, got: `one that is ${find(id).state}` });
  };
  const askToStop = async (id: string): Promise<void> => {
    // A process that was just started holds its lock in a moment.
    for (let tries = 0; tries < 100 && liveOf(id).alive; tries++) {
      const holder = await lockHolder(at(id, "lock"));
      if (holder?.pid) {
        // A folder may be shared with another machine, whose processes have numbers of their own.
        if (holder.host === hostname()) kill(holder.pid, "SIGTERM");
        return;
      }
      await wait(look);
    }
  };

  for (const id of registry.all("runs").keys()) {
    const run = liveOf(id);
    await read(id, run);
    if (!(await works(id))) {
      await end(id, run);
      continue;
    }
    run.alive = true;
    run.watched = watch(id, run);
  }
  return {
    list: () => [...registry.all("runs").keys()].map(find),
    find,
    async start({ kind, name, out, command, request }) {
      const id = await registry.add("runs", { kind, name, out, command, created: Date.now() });
      await mkdir(join(folder, id), { recursive: true });
      await writeFileAtomic(at(id, "job"), `${JSON.stringify({ version: 1, kind, request })}\n`);
      await launch(id, "start");
      return find(id);
    },
    async stop(id) {
      const run = liveOf(id);
      if (!run.alive) refuse(id, "one that works");
      run.stopping = true;
      tell(run);
      void askToStop(id).catch(() => undefined);
      return find(id);
    },
    async resume(id) {
      const { state } = find(id);
      if (state !== "paused" && state !== "lost" && state !== "failed") refuse(id, "one that was paused");
      await launch(id, "resume");
      return find(id);
    },
    async forget(id) {
      if (liveOf(id).alive) refuse(id, "one that has ended");
      await registry.remove("runs", id);
      live.delete(id);
      await rm(join(folder, id), { recursive: true, force: true });
      onChange();
    },
    logOf: (id) => at(id, "log"),
    resultOf: (id) => at(id, "result"),
    pictureOf: (id, name) => join(at(id, "pictures"), name),
    follow(id, listener) {
      const { listeners } = liveOf(id);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      const working = [...live].filter(([, run]) => run.alive);
      await Promise.all(working.map(([id]) => askToStop(id).catch(() => undefined)));
      await Promise.race([
        Promise.all(working.map(([, run]) => run.watched)),
        wait(longestSaving, undefined, { ref: false }),
      ]);
      closed = true;
    },
  };
}

/** Whether a process works on a run of this state. */
export function isAtWork(state: RunState): boolean {
  return state === "starting" || state === "running" || state === "stopping";
}

function stateOf(told: RunState, alive: boolean, stopping: boolean): RunState {
  if (alive) return stopping ? "stopping" : told === "running" ? "running" : "starting";
  // Its process has ended, and did not say so.
  return told === "running" || told === "starting" ? "lost" : told;
}
