/**
 * The log of a run on disk, a JSON object a line: written by the run's process, read by the studio from any place in it. A line's id is the
 * offset behind it, so that a page that was cut off goes on exactly where it was, whoever was started again meanwhile.
 */
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { RunEvent, RunLine } from "./run-events.ts";

/** Appends to a log. Lines are written at once: what was told survives the process. */
export function appendTo(path: string): (event: RunEvent) => void {
  endLastLine(path);
  return (event) => appendFileSync(path, `${JSON.stringify({ at: Date.now(), ...event })}\n`);
}

/** A process that was killed may have left half a line, which must not swallow the next. */
function endLastLine(path: string): void {
  const file = openSync(path, "a+");
  try {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    if (size === 0 || (readSync(file, last, 0, 1, size - 1) === 1 && last[0] === 10)) return;
    appendFileSync(file, "\n");
  } finally {
    closeSync(file);
  }
}

/** A line with its id. */
export interface LoggedLine {
  /** The offset behind it. */
  readonly id: number;
  readonly line: RunLine;
}

/** Bytes that are read at a time. */
const piece = 2 ** 18;

/** Reads whole lines from an offset on, some at a time; `next` is where to go on. Damaged lines are left out. No log: no lines. */
export async function readLines(
  path: string,
  from: number,
): Promise<{ lines: LoggedLine[]; next: number; more: boolean }> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch {
    return { lines: [], next: from, more: false };
  }
  try {
    const { size } = await file.stat();
    // Of another log, or of none.
    const start = from > size ? 0 : from;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(piece, size - start)), { position: start });
    const end = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
    const lines: LoggedLine[] = [];
    for (let begin = 0; begin < end; ) {
      const stop = buffer.indexOf(10, begin) + 1;
      const line = parseLine(buffer.toString("utf8", begin, stop));
      if (line) lines.push({ id: start + stop, line });
      begin = stop;
    }
    // A line that is longer than a piece is none of ours.
    const skipped = end === 0 && bytesRead === piece ? piece : end;
    return { lines, next: start + skipped, more: start + bytesRead < size && skipped > 0 };
  } finally {
    await file.close();
  }
}

function parseLine(text: string): RunLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "kind" in value && "at" in value
      ? (value as RunLine)
      : undefined;
  } catch {
    return undefined;
  }
}
