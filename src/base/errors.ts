/**
 * The error classes of Outglow. Those that a person can act on carry what is wrong as data (`faults.ts`); their message says it in plain
 * words.
 */
import { describeFault, type Fault } from "./faults.ts";

/** The caller asked for something that cannot be done as asked: a setting, a selection, a location. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly fault: Fault | undefined;
  constructor(fault: Fault | string) {
    super(typeof fault === "string" ? fault : describeFault(fault));
    this.fault = typeof fault === "string" ? undefined : fault;
  }
}

/** A file or a byte sequence is not what its format says. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly fault: Fault | undefined;
  constructor(fault: Fault | string) {
    super(typeof fault === "string" ? fault : describeFault(fault));
    this.fault = typeof fault === "string" ? undefined : fault;
  }
}

/** Shapes that do not fit together while a graph is built. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A graph that is used against its rules: foreign values, missing gradients, unknown inputs. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

/** A run that cannot go on: diverged, out of disk, a detector that does not reproduce its golden outputs. */
export class RunError extends Error {
  override readonly name = "RunError";
  readonly fault: Fault | undefined;
  constructor(fault: Fault | string) {
    super(typeof fault === "string" ? fault : describeFault(fault));
    this.fault = typeof fault === "string" ? undefined : fault;
  }
}

/** Whether an error is a person's to act on (shown as one line) rather than a defect of the program (shown with its stack). */
export function isUserError(error: unknown): error is ConfigError | FormatError | RunError {
  return error instanceof ConfigError || error instanceof FormatError || error instanceof RunError;
}

/** A broken invariant: never a user's mistake. Returns the error to throw. */
export function internalError(message: string): Error {
  return new Error(`internal: ${message}`);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
