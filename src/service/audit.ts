/**
 * Who changed what: a file of JSON lines beside the detectors, and the log. What is about to be changed is written and synced before it is, and
 * what came of it after, so that no change is without its line, whatever ends the service in between. Callers have names here, never tokens.
 */
import { type FileHandle, open } from "node:fs/promises";
import { messageOf, RunError } from "../base/index.ts";
import type { Log } from "./log.ts";

/** What is done, and by whom. */
export interface AuditEntry {
  readonly action: "threshold" | "undo" | "rescan";
  /** The request's identifier, which its answer and the log have, too. */
  readonly request: string;
  /** The name of the caller's token; null where none is asked for. */
  readonly caller: string | null;
  readonly detector?: string;
  /** What was, and what is to be. */
  readonly from?: object;
  readonly to?: object;
}

/** Writes down what is changed. */
export interface Audit {
  /**
   * Makes a change, written down before (`begun`) and after (`done` with what it resolves to, or `failed`), one change at a time.
   * Throws RunError where it cannot be written down: then nothing is changed.
   */
  change<T extends { readonly told: object }>(entry: AuditEntry, work: () => Promise<T>): Promise<T>;
  /** Waits for the changes before it, and does something that is to be seen by the next one. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Tells the log alone of what changes no detector. */
  tell(entry: AuditEntry): void;
}

/** An audit in a file, which is made with the first change. */
export function openAudit(path: string, log: Log): Audit {
  let before: Promise<unknown> = Promise.resolve();

  const write = async (record: object): Promise<void> => {
    await append(path, `${JSON.stringify({ time: new Date().toISOString(), ...record })}\n`);
    log({ level: "info", event: "admin", ...record });
  };

  return {
    async change(entry, work) {
      await write({ ...entry, outcome: "begun" }).catch((error: unknown) => {
        throw unwritable(messageOf(error));
      });
      const after = async (outcome: object): Promise<void> => {
        // What was changed is changed: that its line is missing is for the log to say.
        await write({ ...entry, ...outcome }).catch((error: unknown) => {
          log({ level: "error", event: "audit-incomplete", ...entry, ...outcome, message: messageOf(error) });
        });
      };
      try {
        const result = await work();
        await after({ outcome: "done", ...result.told });
        return result;
      } catch (error) {
        await after({ outcome: "failed", message: messageOf(error) });
        throw error;
      }
    },
    alone(work) {
      const next = before.then(work);
      before = next.catch(() => undefined);
      return next;
    },
    tell: (entry) => log({ level: "info", event: "admin", ...entry }),
  };
}

/** Appends a line and syncs it. A line that a full disk or a killed process left unfinished is ended first. */
async function append(path: string, line: string): Promise<void> {
  const file: FileHandle = await open(path, "a+", 0o600);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    await file.appendFile(size > 0 && last[0] !== 0x0a ? `\n${line}` : line);
    await file.sync();
  } finally {
    await file.close();
  }
}

function unwritable(got: string): RunError {
  return new RunError({
    code: "unwritable",
    subject: "audit",
    expected: "a file that can be written",
    got,
    remedy: { key: "unchanged" },
  });
}
