/** One of several, chosen from a list under its name. */
import type { JSX } from "preact";

export interface SelectProps<Value extends string | number> {
  readonly label: string;
  readonly value: NoInfer<Value> | undefined;
  /** What can be chosen, each with what it is called. */
  readonly choices: readonly (readonly [value: Value, text: string])[];
  readonly onChoose: (value: Value) => void;
}

export function Select<Value extends string | number>(props: SelectProps<Value>): JSX.Element {
  const { label, value, choices, onChoose } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(choices[currentTarget.selectedIndex]![0])}>
        {choices.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Choices that are called what they are. */
export function choicesOf<const Name extends string>(names: readonly Name[]): (readonly [Name, Name])[] {
  return names.map((name) => [name, name] as const);
}
