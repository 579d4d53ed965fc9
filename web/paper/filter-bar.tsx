/** What a person looks for among the works. */
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { choicesOf, Select } from "../components/select.tsx";
import type { Work } from "./paper-format.ts";
import { noFilter, type WorksFilter, yearsOf } from "./works-filter.ts";

const relations = [
  ["all", "all"],
  ["citing", "cites this paper"],
  ["cited", "this paper builds on it"],
] as const;

export interface FilterBarProps {
  readonly works: readonly Work[];
  readonly filter: Signal<WorksFilter>;
}

export function FilterBar({ works, filter }: FilterBarProps): JSX.Element {
  const years = yearsOf(works);
  const set = (changes: Partial<WorksFilter>): void => {
    filter.value = { ...filter.value, ...changes };
  };
  const { search, from, to, relation, implemented } = filter.value;
  return (
    <search class="row">
      <label class="field">
        <span>Search titles and authors</span>
        <input type="search" value={search} onInput={({ currentTarget }) => set({ search: currentTarget.value })} />
      </label>
      <YearField label="From" years={years} value={from} onChange={(year) => set({ from: year })} />
      <YearField label="To" years={years} value={to} onChange={(year) => set({ to: year })} />
      <Select label="Relation" value={relation} choices={relations} onChoose={(chosen) => set({ relation: chosen })} />
      <Select
        label="In Outglow"
        value={implemented}
        choices={choicesOf(["all", "yes", "partly", "no"])}
        onChoose={(chosen) => set({ implemented: chosen })}
      />
      {filter.value !== noFilter && (
        <button type="button" class="button quiet" onClick={() => (filter.value = noFilter)}>
          Show all
        </button>
      )}
    </search>
  );
}

function YearField({
  label,
  years,
  value,
  onChange,
}: {
  readonly label: string;
  readonly years: readonly number[];
  readonly value: number | null;
  readonly onChange: (year: number | null) => void;
}): JSX.Element {
  return (
    <Select<number | "">
      label={label}
      value={value ?? ""}
      choices={[["", "any year"], ...years.map((year) => [year, String(year)] as const)]}
      onChoose={(year) => onChange(year === "" ? null : year)}
    />
  );
}
