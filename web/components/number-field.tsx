/** A number to be typed, of any size and digits. */
import type { JSX } from "preact";

export interface NumberFieldProps {
  readonly label: string;
  /** An empty field where there is none. */
  readonly value: number | undefined;
  /** NaN where the field was emptied. */
  readonly onGiven: (value: number) => void;
}

export function NumberField({ label, value, onGiven }: NumberFieldProps): JSX.Element {
  return (
    <label class="field narrow">
      <span>{label}</span>
      <input
        type="number"
        step="any"
        value={value ?? ""}
        onChange={({ currentTarget }) => onGiven(currentTarget.valueAsNumber)}
      />
    </label>
  );
}
