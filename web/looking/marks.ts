/** Marks of a scoring's images in the page: what was asked last, and what changes them. */
import { type Signal, signal } from "@preact/signals";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { ask } from "../shell/client.ts";
import { attempt } from "../shell/errors.ts";

export type Mark = "normal" | "anomalous";

/** The marks of a scoring. */
export interface MarksView {
  readonly of: ReadonlyMap<number, Mark>;
  readonly marked: ReadonlySet<number>;
  readonly undo: ApiTypes["marks"]["answer"]["undo"];
}

const none: MarksView = { of: new Map(), marked: new Set(), undo: null };
const views = new Map<string, Signal<MarksView>>();

/** The marks of a scoring as far as they are known. */
export function marksOf(run: string): Signal<MarksView> {
  const known = views.get(run) ?? signal(none);
  views.set(run, known);
  return known;
}

function hear(run: string, { normal, anomalous, undo }: ApiTypes["marks"]["answer"]): void {
  const of = new Map<number, Mark>();
  for (const image of normal) of.set(image, "normal");
  for (const image of anomalous) of.set(image, "anomalous");
  marksOf(run).value = { of, marked: new Set(of.keys()), undo };
}

/** Asks for them. */
export function loadMarks(run: string): void {
  attempt(async () => hear(run, await ask("marks", { parts: { run } })));
}

/** Marks images, or takes their marks away. */
export function markImages(run: string, images: readonly number[], mark: Mark | null): void {
  if (images.length === 0) return;
  attempt(async () => hear(run, await ask("mark", { parts: { run }, body: { images: [...images], mark } })));
}

/** Takes the last change back. */
export function undoMarks(run: string): void {
  attempt(async () => hear(run, await ask("undoMarks", { parts: { run } })));
}

/** Images that are marked at a time, at most. */
export const mostMarked = 20_000;
