/**
 * The error classes of Outglow. A message reads `where: expectation, got value; way out` in lower case without a full stop.
 */

/** The caller asked for something that cannot be done as asked: a flag, an option, a selection. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A file or a byte sequence is not what its format says. Exit code 1. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** Shapes that do not fit together while a graph is built. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A graph that is used against its rules: foreign values, missing gradients, unknown inputs. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

/** A run that cannot go on: diverged, out of disk, a detector that does not reproduce its golden outputs. Exit code 1. */
export class RunError extends Error {
  override readonly name = "RunError";
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
