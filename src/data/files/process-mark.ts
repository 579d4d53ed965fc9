/**
 * Marks that processes leave on what they make, so that a later one can tell whether the maker still lives. A process is known by its
 * number and by the moment it started, as numbers are given again; both mean something on one machine and among its own processes only.
 */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { kill, pid as ownPid } from "node:process";

/** Which process it is. What a system does not tell is null. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in the system's own ticks since the machine did. */
  readonly start: string | null;
  readonly host: string;
  /** Differs from one start of the machine to the next. */
  readonly boot: string | null;
  /** Differs between containers, whose process numbers have nothing to do with each other. */
  readonly namespace: string | null;
}

let own: ProcessMark | undefined;

/** The mark of this process. */
export function ownMark(): ProcessMark {
  own ??= {
    pid: ownPid,
    start: readStatus(ownPid)?.start ?? null,
    host: hostname(),
    boot: attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    namespace: attempt(() => readlinkSync("/proc/self/ns/pid")),
  };
  return own;
}

/** A short name of the machine, its start and the container: process numbers mean the same where it is the same. */
export function machineName({ host, boot, namespace }: ProcessMark): string {
  return createHash("sha256")
    .update(JSON.stringify([host, boot, namespace]))
    .digest("hex")
    .slice(0, 8);
}

/** Whether a process has ended. Of another machine or another container nothing is known from here. */
export function fateOf(mark: ProcessMark): "ended" | "running" | "unknown" {
  const here = ownMark();
  if (mark.boot !== here.boot || mark.namespace !== here.namespace) {
    // The same machine, started anew: nothing of before is left.
    const restarted = mark.boot !== null && here.boot !== null && mark.boot !== here.boot;
    return restarted && mark.host === here.host ? "ended" : "unknown";
  }
  if (here.boot === null && mark.host !== here.host) return "unknown";
  return isRunning(mark.pid, mark.start) ? "running" : "ended";
}

/** Whether a process of this number, and with that start where it is known, runs on this machine. */
export function isRunning(pid: number, start: string | null): boolean {
  if (!exists(pid)) return false;
  const status = readStatus(pid);
  if (!status) return true;
  // A zombie has ended; only its parent has not asked for its exit code yet.
  if (status.state === "Z" || status.state === "X") return false;
  return start === null || status.start === start;
}

/** When a process started, ms since 1970, to some hundredths of a second; undefined where the system does not tell. */
export function startTime(pid: number): number | undefined {
  const ticks = readStatus(pid)?.start;
  const boot = attempt(() => /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? null);
  if (ticks === undefined || boot === null) return undefined;
  return 1000 * Number(boot) + (1000 / ticksPerSecond) * Number(ticks);
}

/** What Linux counts for programs, whatever its own clock does. */
const ticksPerSecond = 100;

/** State and start time from Linux' table of processes, undefined elsewhere. */
function readStatus(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (text === null) return undefined;
  // The second field is the program's name in brackets, which may hold anything; the third is the state, the 22nd the start.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return state && start ? { state, start } : undefined;
}

function exists(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    // Not permitted means that it is there but somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
