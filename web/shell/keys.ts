/** Keys: what a page does at a key, and the sheet that lists them. Keys that are typed into a field are the field's. */
import { signal } from "@preact/signals";

/** One key, as `KeyboardEvent.key` names it, and what it does. */
export interface KeyHelp {
  readonly keys: readonly string[];
  readonly text: string;
  readonly run: () => void;
}

const standing = signal<readonly (readonly KeyHelp[])[]>([]);

/** What the keys do now: those of the shell first. */
export function knownKeys(): readonly KeyHelp[] {
  return standing.value.flat();
}

/** Lets keys do something until the function that comes back is called: what `useEffect` wants. */
export function withKeys(keys: readonly KeyHelp[]): () => void {
  standing.value = [...standing.value, keys];
  return () => {
    standing.value = standing.value.filter((one) => one !== keys);
  };
}

window.addEventListener("keydown", (event) => {
  const { target, key, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey || event.defaultPrevented) return;
  if (target instanceof HTMLElement && target.closest("input, select, textarea, [role=slider], dialog[open]")) return;
  const found = [...knownKeys()].reverse().find((one) => one.keys.includes(key));
  if (!found) return;
  event.preventDefault();
  found.run();
});
