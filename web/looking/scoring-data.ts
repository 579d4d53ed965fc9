/** What pages know of a scoring: asked for once, columns as bytes; filtering and counting happen in the page. */
import { countBelow, histogramEdges } from "../../src/score/index.ts";
import type { ApiTypes } from "../../src/studio/portable.ts";
import { ask, StudioError, urlOf } from "../shell/client.ts";

export type Scoring = NonNullable<ApiTypes["scoring"]["answer"]>;
export type References = ApiTypes["scoringReferences"]["answer"];

/** A scoring with what was fetched of it. */
export interface LoadedScoring {
  readonly scoring: Scoring;
  readonly names: readonly string[];
  readonly classNames: readonly (string | null)[];
}

/** One score of all images. */
export interface ScoreColumnData {
  readonly score: string;
  readonly values: Float64Array;
  /** The finite values of every set, ascending, in the order of the sets. */
  readonly sorted: readonly Float64Array[];
  /** Of a histogram of all sets. */
  readonly edges: readonly number[];
  readonly counts: readonly (readonly number[])[];
  readonly references: References;
}

/** Scorings whose numbers stay in memory. */
const mostKept = 6;
const kept = new Map<string, Promise<unknown>>();

/** Fetches once what never changes under its name. */
function once<Value>(key: string, fetchIt: () => Promise<Value>): Promise<Value> {
  const known = (kept.get(key) as Promise<Value> | undefined) ?? fetchIt();
  kept.delete(key);
  kept.set(key, known);
  known.catch(() => kept.delete(key));
  while (kept.size > mostKept * 8) kept.delete(kept.keys().next().value!);
  return known;
}

const recent = new Map<string, LoadedScoring>();

/** A scoring as it was when it was asked for last: who goes from image to image does not wait for it again. */
export async function recentScoring(run: string): Promise<LoadedScoring | undefined> {
  return recent.get(run) ?? loadScoring(run);
}

/** Asks for a scoring; undefined where nothing was scored yet. Throws StudioError. */
export async function loadScoring(run: string): Promise<LoadedScoring | undefined> {
  const parts = { run };
  const scoring = await ask("scoring", { parts });
  if (!scoring) return undefined;
  // More sets come while it works: then the names are others.
  const { names, classNames } = await once(`names ${run} ${scoring.count}`, () => ask("scoringNames", { parts }));
  const loaded = { scoring, names, classNames };
  recent.clear();
  recent.set(run, loaded);
  return loaded;
}

/** Fetches one score of all images and counts what its histogram needs. */
export function loadColumn({ id, count, sets }: Scoring, score: string): Promise<ScoreColumnData> {
  return once(`column ${id} ${count} ${score}`, async () => {
    const parts = { run: id, score };
    const [response, references] = await Promise.all([
      fetch(urlOf("scoringColumn", { parts })),
      ask("scoringReferences", { parts }),
    ]);
    if (!response.ok) throw new StudioError(`the scores cannot be read: ${response.status}`, response.status);
    const values = new Float64Array(await response.arrayBuffer());
    const sorted = sets.map(({ first, count: own }) => finiteSorted(values.subarray(first, first + own)));
    const edges = histogramEdges(values, binsFor(values.length));
    return { score, values, sorted, edges, counts: sorted.map((one) => countBins(one, edges)), references };
  });
}

function finiteSorted(values: Float64Array): Float64Array {
  return values.filter(Number.isFinite).sort();
}

/** Enough bins to see a shape, few enough that each holds some. */
function binsFor(count: number): number {
  return Math.max(12, Math.min(120, Math.round(2 * Math.cbrt(count) + 10)));
}

/** How many ascending values each bin holds: the first and last also those beyond the edges. */
function countBins(sorted: Float64Array, edges: readonly number[]): number[] {
  const below = edges.map((edge) => countBelow(sorted, edge));
  const bins = edges.length - 1;
  return Array.from({ length: bins }, (_, bin) => {
    const from = bin === 0 ? 0 : below[bin]!;
    return (bin === bins - 1 ? sorted.length : below[bin + 1]!) - from;
  });
}
