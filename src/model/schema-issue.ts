/** What a zod schema objects to, in the grammar of our messages: `path: expected ..., got ...`. */
import type { z } from "zod";

/** An objection in parts: where in the value (empty for the whole), what was expected and what came. */
export interface IssueParts {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** The first objection to a value, which is the one that was parsed. */
export function issueParts({ issues }: z.ZodError, value: unknown): IssueParts {
  const issue = issues[0]!;
  const steps = issue.path.map(String);
  const path = steps.join(".");
  if (issue.code === "unrecognized_keys") {
    return { path, expected: "no other keys", got: issue.keys.map((key) => `'${key}'`).join(", ") };
  }
  return { path, expected: expectationOf(issue.message), got: show(valueAt(value, steps)) };
}

/** The first objection in one line. */
export function describeIssue(error: z.ZodError, value: unknown): string {
  const { path, expected, got } = issueParts(error, value);
  return `${path === "" ? "" : `${path}: `}expected ${expected}, got ${got}`;
}

/** zod says `Invalid input: expected number, received string`, `Too small: expected number to be >=1` and the like. */
function expectationOf(message: string): string {
  return /expected (.*?)(, received .*)?$/.exec(message)?.[1] ?? "a valid value";
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (isRecord(node) && Object.hasOwn(node, key) ? node[key] : undefined),
    value,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  if (value === undefined) return "none";
  if (Array.isArray(value)) return "a list";
  return isRecord(value) ? "an object" : JSON.stringify(value).slice(0, 80);
}
