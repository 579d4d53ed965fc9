/** A button. */
import type { ComponentChildren, JSX } from "preact";

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  /** `main` for what a page is for, `danger` for what cannot be taken back, `quiet` for what is rarely wanted. */
  readonly kind?: "main" | "danger" | "quiet";
  /** What is read aloud where the content is a sign. */
  readonly label?: string;
  readonly disabled?: boolean;
  readonly submit?: boolean;
  /** Of a button that is on or off: whether it is on. */
  readonly pressed?: boolean;
}

export function Button({ children, onClick, kind, label, disabled, submit, pressed }: ButtonProps): JSX.Element {
  return (
    <button
      type={submit ? "submit" : "button"}
      class={kind ? `button ${kind}` : "button"}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
