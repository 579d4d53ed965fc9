/** Metrics as JSON lines. A log that cannot be written never stops a training: what went wrong is told at the end. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { messageOf } from "../base/index.ts";
import type { StepReport } from "./loop.ts";

/** The log of steps, one line each. */
export interface RunLog {
  /** Forgets the lines after a step: a resumed run writes them again. */
  restart(step: number): void;
  write(report: StepReport): void;
  /** What went wrong first, or undefined. */
  problem(): string | undefined;
}

/**
 * Opens a log for appending. Lines are written at once, so that a checkpoint never knows of steps that the log does not: after a kill,
 * every step is in the log exactly once.
 */
export function openLog(path: string): RunLog {
  let problem: string | undefined;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      problem ??= `metrics in '${path}' are incomplete: ${messageOf(error)}`;
    }
  };
  return {
    restart: (step) => attempt(() => keepUpTo(path, step)),
    write: (report) => attempt(() => appendFileSync(path, `${JSON.stringify(report)}\n`)),
    problem: () => problem,
  };
}

/** Keeps the whole and readable lines of steps up to `step`, if there is a log. */
function keepUpTo(path: string, step: number): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const lines = text.split("\n").slice(0, -1);
  const kept = lines.filter((line) => (stepOf(line) ?? Number.POSITIVE_INFINITY) <= step);
  // Under another name first: a kill while the log is rewritten must not cost the log.
  writeFileSync(`${path}.tmp`, kept.map((line) => `${line}\n`).join(""), { flush: true });
  renameSync(`${path}.tmp`, path);
}

function stepOf(line: string): number | undefined {
  try {
    return (JSON.parse(line) as StepReport).step;
  } catch {
    return undefined;
  }
}
