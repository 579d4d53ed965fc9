/** The works around a paper as a table: the equal of the drawing, for those who read. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { countOf } from "../components/words.ts";
import type { Work } from "./paper-format.ts";
import { authorsOf, implementedWords, relationWords } from "./work-words.ts";
import { type Sorting, type SortKey, sorted } from "./works-filter.ts";

export interface WorksTableProps {
  /** Those that are looked for. */
  readonly works: readonly Work[];
  readonly total: number;
}

const columns: readonly (readonly [SortKey, string])[] = [
  ["title", "Title"],
  ["authors", "Authors"],
  ["year", "Year"],
  ["relation", "Relation"],
  ["implemented", "Implemented in Outglow"],
];

export function WorksTable({ works, total }: WorksTableProps): JSX.Element {
  const sorting = useSignal<Sorting>({ key: "year", descending: true });
  const { key, descending } = sorting.value;
  const sortBy = (next: SortKey): void => {
    sorting.value = { key: next, descending: key === next ? !descending : next === "year" };
  };
  return (
    <>
      <p role="status">
        {works.length === total ? countOf(total, "work") : `${works.length} of ${countOf(total, "work")}`}
      </p>
      <section class="table works" tabindex={0} aria-label="Works that cite this paper or that it builds on">
        <table>
          <thead>
            <tr>
              {columns.map(([name, title]) => (
                <th
                  key={name}
                  scope="col"
                  aria-sort={key === name ? (descending ? "descending" : "ascending") : "none"}
                >
                  <button type="button" class="sort" onClick={() => sortBy(name)}>
                    {title} <span aria-hidden="true">{key === name ? (descending ? "↓" : "↑") : "↕"}</span>
                  </button>
                </th>
              ))}
              <th scope="col">Paper</th>
            </tr>
          </thead>
          <tbody>
            {sorted(works, sorting.value).map((work) => (
              <tr key={`${work.relation} ${work.title} ${work.year}`}>
                <td class="title">{work.title}</td>
                <td>{authorsOf(work)}</td>
                <td>{work.year ?? "–"}</td>
                <td>
                  <span class={`dot ${work.relation}`} /> {relationWords[work.relation]}
                </td>
                <td>
                  {implementedWords[work.implemented]}
                  {work.how !== "" && <span class="faint">: {work.how}</span>}
                </td>
                <td>
                  <a
                    href={work.link}
                    target="_blank"
                    rel="noopener noreferrer"
                    aria-label={`View paper: ${work.title}`}
                  >
                    View paper
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}
