/** Which works are shown, and in what order. Needs no page. */
import type { Implemented, Relation, Work } from "./paper-format.ts";

/** What a person is looking for. */
export interface WorksFilter {
  /** Words that title or authors have, all of them. */
  readonly search: string;
  /** Years from and to; null for no limit. Works without a year are shown while there is none. */
  readonly from: number | null;
  readonly to: number | null;
  readonly relation: Relation | "all";
  readonly implemented: Implemented | "all";
}

export const noFilter: WorksFilter = { search: "", from: null, to: null, relation: "all", implemented: "all" };

/** Columns that a table of works is sorted by. */
export type SortKey = "title" | "authors" | "year" | "relation" | "implemented";

export interface Sorting {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** Letters without their accents, so that Muller finds Müller. */
function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase();
}

/** Whether a work is looked for. */
export function matches({ title, authors, year, relation, implemented }: Work, filter: WorksFilter): boolean {
  if (filter.relation !== "all" && relation !== filter.relation) return false;
  if (filter.implemented !== "all" && implemented !== filter.implemented) return false;
  if ((filter.from !== null || filter.to !== null) && year === null) return false;
  if (year !== null && (year < (filter.from ?? year) || year > (filter.to ?? year))) return false;
  const text = plain(`${title} ${authors.join(" ")}`);
  return plain(filter.search)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const order = new Intl.Collator("en", { sensitivity: "base", numeric: true });
const ranks: Readonly<Record<Implemented, number>> = { yes: 0, partly: 1, no: 2 };

/** Works in an order; those without what it goes by come last in either direction. */
export function sorted(works: readonly Work[], { key, descending }: Sorting): Work[] {
  const sign = descending ? -1 : 1;
  return [...works].sort((a, b) => {
    if (key === "year") {
      if (a.year === null || b.year === null) return Number(a.year === null) - Number(b.year === null);
      return sign * (a.year - b.year);
    }
    if (key === "implemented") return sign * (ranks[a.implemented] - ranks[b.implemented]);
    const [first, second] = key === "authors" ? [a.authors[0] ?? "", b.authors[0] ?? ""] : [a[key], b[key]];
    if (first === "" || second === "") return Number(first === "") - Number(second === "");
    return sign * order.compare(first, second);
  });
}

/** Every year that a work has, ascending. */
export function yearsOf(works: readonly Work[]): number[] {
  return [...new Set(works.flatMap(({ year }) => (year === null ? [] : [year])))].sort((a, b) => a - b);
}
