/** How far something long is. */
import type { JSX } from "preact";

export interface ProgressProps {
  /** What it is of, for those who hear it. */
  readonly label: string;
  /** From 0 to 1; null where nobody knows. */
  readonly share: number | null;
}

export function Progress({ label, share }: ProgressProps): JSX.Element {
  return share === null ? (
    <progress aria-label={label} max={1} />
  ) : (
    <progress aria-label={label} max={1} value={Math.min(1, Math.max(0, share))} />
  );
}
