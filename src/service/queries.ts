/** What stands behind the question mark, as the schema of a route wants it. */
import type { z } from "zod";
import { badRequest } from "./refusals.ts";
import type { Call } from "./requests.ts";

/** Reads a query. Throws Refusal (400) for a setting that there is not, and for a value that cannot be. */
export function readQuery<Schema extends z.ZodObject>(
  { query }: Pick<Call, "query">,
  schema: Schema,
): z.output<Schema> {
  const given = Object.fromEntries(query);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const known = Object.keys(schema.shape);
  const name = issue.code === "unrecognized_keys" ? issue.keys[0]! : String(issue.path[0]);
  const expected = known.includes(name) ? expectationOf(name, issue) : `${known.join(", ")} only`;
  throw badRequest(`query: ${name.slice(0, 40)}`, expected, `'${(given[name] ?? "").slice(0, 40)}'`);
}

function expectationOf(name: string, { message }: z.core.$ZodIssue): string {
  if (name === "falseAlarm") return "a number between 0 and 1";
  return /expected (.*?)(, received .*)?$/.exec(message)?.[1] ?? "another value";
}
