/** One field of a form, with what it is about and what is wrong with it. */
import type { ComponentChildren, JSX } from "preact";

export interface FieldProps {
  readonly label: string;
  readonly note?: ComponentChildren;
  /** What is wrong with its value. */
  readonly problem?: string | undefined;
  /** Makes the control: its id, and what describes it. */
  readonly children: (control: {
    readonly id: string;
    readonly "aria-describedby"?: string;
    readonly "aria-invalid"?: boolean;
  }) => JSX.Element;
  readonly id: string;
}

export function Field({ label, note, problem, children, id }: FieldProps): JSX.Element {
  const described = [...(note ? [`${id}-note`] : []), ...(problem ? [`${id}-problem`] : [])].join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        ...(described ? { "aria-describedby": described } : {}),
        ...(problem ? { "aria-invalid": true } : {}),
      })}
      {problem && (
        <p id={`${id}-problem`} class="bad small">
          {problem}
        </p>
      )}
      {note && (
        <p id={`${id}-note`} class="faint small">
          {note}
        </p>
      )}
    </div>
  );
}
