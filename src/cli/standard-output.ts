/** What a command prints, and what becomes of a stdout that takes no more. Light: `--help` needs it. */
import { fstatSync, writeFileSync } from "node:fs";
import { exitCodes } from "./exit-codes.ts";

let failed = false;

/**
 * From now on a stdout or stderr that takes no more costs nothing but what would have gone there: files are written to their end. A reader
 * that has seen enough, such as head, is no failure; a full disk is told of in one line and makes the exit code that of a failure.
 */
export function watchStandardOutput(): void {
  process.stdout.on("error", fail);
  // There is nobody to tell, and what matters is elsewhere.
  process.stderr.on("error", () => undefined);
}

/** Whether what is printed still goes anywhere. */
export function isStandardOutputOpen(): boolean {
  return !failed;
}

/** Prints text on stdout. */
export function printText(text: string): void {
  if (failed) return;
  if (!goesToFile()) {
    process.stdout.write(text);
    return;
  }
  try {
    // Node's own stream takes what fits onto a full disk for all of it.
    writeFileSync(process.stdout.fd, text);
  } catch (error) {
    fail(error as NodeJS.ErrnoException);
  }
}

let toFile: boolean | undefined;

/** Whether stdout is a file or a device such as /dev/full, not a terminal, a pipe or a socket. */
function goesToFile(): boolean {
  toFile ??= (() => {
    if (process.stdout.isTTY) return false;
    try {
      const status = fstatSync(process.stdout.fd);
      return status.isFile() || status.isCharacterDevice();
    } catch {
      return false;
    }
  })();
  return toFile;
}

function fail(error: NodeJS.ErrnoException): void {
  if (failed) return;
  failed = true;
  if (error.code === "EPIPE") return;
  process.exitCode = exitCodes.failure;
  process.stderr.write(`outglow: stdout: expected an output that can be written, got ${error.message}\n`);
}
