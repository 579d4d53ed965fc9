/** What went wrong, for the one place where a person reads it. */
import { signal } from "@preact/signals";

/** One thing that went wrong. */
export interface Problem {
  readonly id: number;
  readonly text: string;
}

/** What a person has not put away yet. */
export const problems = signal<readonly Problem[]>([]);
let count = 0;

/** Shows an error until it is put away. The same text is shown once. */
export function report(error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const text = error instanceof Error ? error.message : String(error);
  if (problems.value.some((one) => one.text === text)) return;
  problems.value = [...problems.value, { id: count++, text }];
}

/** Puts an error away. */
export function dismiss(id: number): void {
  problems.value = problems.value.filter((one) => one.id !== id);
}

/** Calls something that may fail; what goes wrong is shown. */
export function attempt(work: () => Promise<unknown>): void {
  work().catch(report);
}
