/** What a person looks for among the works. */
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import type { Work } from "./paper-format.ts";
import { noFilter, type WorksFilter, yearsOf } from "./works-filter.ts";

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
      <label class="field">
        <span>Relation</span>
        <select
          value={relation}
          onChange={({ currentTarget }) => set({ relation: currentTarget.value as WorksFilter["relation"] })}
        >
          <option value="all">all</option>
          <option value="citing">cites this paper</option>
          <option value="cited">this paper builds on it</option>
        </select>
      </label>
      <label class="field">
        <span>In Outglow</span>
        <select
          value={implemented}
          onChange={({ currentTarget }) => set({ implemented: currentTarget.value as WorksFilter["implemented"] })}
        >
          {["all", "yes", "partly", "no"].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
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
    <label class="field">
      <span>{label}</span>
      <select
        value={value ?? ""}
        onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? null : Number(currentTarget.value))}
      >
        <option value="">any year</option>
        {years.map((year) => (
          <option key={year} value={year}>
            {year}
          </option>
        ))}
      </select>
    </label>
  );
}
