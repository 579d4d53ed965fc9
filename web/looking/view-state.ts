/** How a person looks at a scoring: score, threshold, range, sets. Kept while the tab is open, so that a reload and the way back from an image lose nothing. */
import { type Signal, signal } from "@preact/signals";
import { countLeading } from "../../src/score/index.ts";
import type { LoadedScoring, ScoreColumnData } from "./scoring-data.ts";
import { type ThresholdUnit, thresholdUnits } from "./thresholds.ts";

/** Which images are shown. */
export const shownKinds = ["all", "above", "below", "marked"] as const;
export type ShownKind = (typeof shownKinds)[number];

export interface ViewState {
  /** Undefined: the default score. */
  readonly score?: string | undefined;
  readonly unit: ThresholdUnit;
  /** By score, as thresholds of different scores do not compare. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly range?: readonly [low: number, high: number] | undefined;
  /** Places of sets that are not shown. */
  readonly hidden: readonly number[];
  readonly shown: ShownKind;
  readonly ascending: boolean;
}

const usual: ViewState = { unit: "p-value", thresholds: {}, hidden: [], shown: "all", ascending: false };
const states = new Map<string, Signal<ViewState>>();

/** The state of a scoring's view. */
export function viewOf(run: string): Signal<ViewState> {
  const known = states.get(run) ?? signal(read(run));
  states.set(run, known);
  return known;
}

/** Changes it. */
export function look(run: string, change: Partial<ViewState>): void {
  const state = viewOf(run);
  state.value = { ...state.value, ...change };
  try {
    sessionStorage.setItem(keyOf(run), JSON.stringify(state.value));
  } catch {
    // A browser that keeps nothing: it is kept until the reload.
  }
}

function keyOf(run: string): string {
  return `outglow view ${run}`;
}

function read(run: string): ViewState {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyOf(run)) ?? "{}") as Partial<ViewState>;
    const state = { ...usual, ...kept };
    return thresholdUnits.includes(state.unit) && shownKinds.includes(state.shown) ? state : usual;
  } catch {
    return usual;
  }
}

/** What a view needs besides its state. */
export interface Looked {
  readonly loaded: LoadedScoring;
  readonly column: ScoreColumnData;
  readonly threshold: number;
  /** Marked images. */
  readonly marked: ReadonlySet<number>;
}

let ranked: { readonly key: object; readonly hidden: string; readonly order: Uint32Array } | undefined;

/** All images of the sets that are shown, the most anomalous first; infinite scores are the most anomalous ones. */
function rankingOf(column: ScoreColumnData, { scoring }: LoadedScoring, hidden: readonly number[]): Uint32Array {
  const key = hidden.join();
  if (ranked?.key === column && ranked.hidden === key) return ranked.order;
  const { values } = column;
  const members: number[] = [];
  for (const { place, first, count } of scoring.sets) {
    if (!hidden.includes(place)) for (let image = first; image < first + count; image++) members.push(image);
  }
  const order = Uint32Array.from(members).sort((a, b) => {
    const [one, two] = [values[a]!, values[b]!];
    return one === two ? a - b : one > two ? -1 : 1;
  });
  ranked = { key: column, hidden: key, order };
  return order;
}

/** The images that a view shows, in their order. */
export function shownImages(state: ViewState, { loaded, column, threshold, marked }: Looked): Uint32Array {
  const order = rankingOf(column, loaded, state.hidden);
  const { values } = column;
  // Scores fall along the order: every limit is a place in it.
  const placeOf = (fits: (value: number) => boolean): number =>
    countLeading(order.length, (place) => fits(values[order[place]!]!));
  const { range, shown } = state;
  const above = placeOf((value) => value > threshold);
  const from = Math.max(range ? placeOf((value) => value > range[1]) : 0, shown === "below" ? above : 0);
  const to = Math.min(
    range ? placeOf((value) => value >= range[0]) : order.length,
    shown === "above" ? above : order.length,
  );
  const part = order.subarray(from, Math.max(from, to));
  const chosen = shown === "marked" ? part.filter((image) => marked.has(image)) : part;
  return state.ascending ? chosen.slice().reverse() : chosen;
}
