/** What the commands print: data on stdout, progress on stderr, a live line only where a person watches. */
import { createLogUpdate } from "log-update";

export interface Console {
  /** Data: one line on stdout. */
  print(line: string): void;
  /** A lasting line on stderr. */
  note(line: string): void;
  /** A line on stderr that replaces itself; printed every ten seconds at most where stderr is no terminal. */
  live(line: string): void;
  /** Leaves the live line as it stands. */
  settle(): void;
}

const plainInterval = 10_000;

/** The console of a command. `quiet` drops everything on stderr but errors. */
export function openConsole(quiet: boolean): Console {
  const interactive = process.stderr.isTTY === true && !process.env.CI && process.env.TERM !== "dumb";
  const update = createLogUpdate(process.stderr);
  let lastPlain = Number.NEGATIVE_INFINITY;
  let latest: string | undefined;
  const line = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  return {
    print: (text) => {
      process.stdout.write(`${text}\n`);
    },
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
