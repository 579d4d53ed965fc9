/** How works are told of. */
import type { Implemented, Relation, Work } from "./paper-format.ts";

export const relationWords: Readonly<Record<Relation, string>> = {
  citing: "cites this paper",
  cited: "this paper builds on it",
};

export const implementedWords: Readonly<Record<Implemented, string>> = { yes: "yes", partly: "partly", no: "no" };

/** The most authors that are named in a row. */
const mostAuthors = 6;

export function authorsOf({ authors }: Pick<Work, "authors">): string {
  if (authors.length === 0) return "authors unknown";
  if (authors.length <= mostAuthors) return authors.join(", ");
  return `${authors.slice(0, mostAuthors - 1).join(", ")} and ${authors.length - mostAuthors + 1} more`;
}

export function yearOf({ year }: Pick<Work, "year">): string {
  return year === null ? "year unknown" : String(year);
}
