/** What the commands print: data on stdout, progress on stderr, a live line only where a person watches. */
import { createLogUpdate } from "log-update";
import type { PreparationProblem } from "../data/index.ts";
import { isStandardOutputOpen, printText } from "./standard-output.ts";

/** Where a command prints. */
export interface Console {
  /** Data: one line on stdout. */
  print(line: string): void;
  /** Whether what is printed still goes anywhere: a reader of stdout may have left, a disk may be full. */
  heard(): boolean;
  /** A lasting line on stderr, for those who watch. */
  note(line: string): void;
  /** A lasting line on stderr that must not be missed: quiet does not drop it. */
  warn(line: string): void;
  /** Warns of images that were skipped: all of a few, the first of many. */
  problems(problems: readonly PreparationProblem[]): void;
  /** A line on stderr that replaces itself; printed every ten seconds at most where stderr is no terminal. */
  live(line: string): void;
  /** Leaves the live line as it stands. */
  settle(): void;
}

const plainInterval = 10_000;

/** Skipped images that are listed by name. */
const listedProblems = 5;

/** The console of a command. `quiet` drops progress and notes, never warnings. */
export function openConsole(quiet: boolean): Console {
  const interactive = process.stderr.isTTY === true && !process.env.CI && process.env.TERM !== "dumb";
  const update = createLogUpdate(process.stderr);
  let lastPlain = Number.NEGATIVE_INFINITY;
  let latest: string | undefined;
  const line = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const warn = (text: string): void => {
    if (interactive && !quiet) update.clear();
    line(text);
  };
  return {
    warn,
    problems: (problems) => {
      if (problems.length === 0) return;
      warn(`skipped ${problems.length} ${problems.length === 1 ? "image" : "images"} (--strict fails instead):`);
      for (const { name, reason } of problems.slice(0, listedProblems)) warn(`  ${name}: ${reason}`);
      if (problems.length > listedProblems) warn(`  and ${problems.length - listedProblems} more`);
    },
    print: (text) => printText(`${text}\n`),
    heard: isStandardOutputOpen,
    note: (text) => {
      if (quiet) return;
      if (interactive) update.clear();
      line(text);
    },
    live: (text) => {
      if (quiet) return;
      if (interactive) update(text);
      else if (performance.now() - lastPlain >= plainInterval) {
        lastPlain = performance.now();
        latest = undefined;
        line(text);
      } else latest = text;
    },
    settle: () => {
      if (quiet) return;
      if (interactive) update.done();
      else if (latest !== undefined) line(latest);
      latest = undefined;
      lastPlain = Number.NEGATIVE_INFINITY;
    },
  };
}

/** `[########........]  52%` for a share from 0 to 1. */
export function progressBar(share: number, width = 24): string {
  const bounded = Math.min(1, Math.max(0, share));
  const filled = Math.round(bounded * width);
  return `[${"#".repeat(filled)}${".".repeat(width - filled)}] ${String(Math.floor(bounded * 100)).padStart(3)}%`;
}
