/** A slider with its value beside it. */
import type { JSX } from "preact";
import { useId } from "preact/hooks";

export interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** How the value is written, and read aloud. */
  readonly show?: (value: number) => string;
  readonly onInput: (value: number) => void;
}

export function Slider({ label, value, least, most, step, show = String, onInput }: SliderProps): JSX.Element {
  const id = useId();
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={least}
        max={most}
        step={step}
        value={value}
        aria-valuetext={show(value)}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
      <output for={id}>{show(value)}</output>
    </div>
  );
}
