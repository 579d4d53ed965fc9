/**
 * What a page about decisions needs to know of scores: counts, never the scores themselves, so that a page on 100,000 images is as small as one
 * on a hundred.
 *
 * The threshold can stand at *stops*: edges of the histogram, thresholds of common false-alarm rates, and the one that decided. At each stop
 * it is known exactly how many images of every set are above.
 */
import { type Calibration, countUpTo, histogram, histogramEdges, scoreThreshold } from "../../score/index.ts";

/** Scores of one set of images. */
export interface DecisionSet {
  readonly name: string;
  /** What is known of the images. */
  readonly kind: "normal" | "anomalous" | "unlabelled";
  /** Higher = more anomalous; +Infinity is allowed. */
  readonly scores: ArrayLike<number>;
}

/** Reference scores of a calibration: how many images, and the finite ones ascending. */
export interface DecisionReference {
  readonly count: number;
  readonly scores: readonly number[];
}

/** A place where the threshold can stand. */
export interface Stop {
  /** Images with scores above it are marked; undefined where nothing is marked. */
  readonly score: number | undefined;
  /** Place in the histogram, 0 at its left end, 1 at its right one. */
  readonly place: number;
  /** Marked images of every set. */
  readonly above: readonly number[];
  /** The false-alarm rate that the calibration promises here; undefined without one. */
  readonly falseAlarm: number | undefined;
}

/** A set in bins. */
export interface BinnedSet {
  readonly name: string;
  readonly kind: DecisionSet["kind"];
  readonly count: number;
  /** Images in every bin. */
  readonly counts: readonly number[];
  /** Images left and right of all bins. */
  readonly below: number;
  readonly above: number;
}

/** Everything that the histogram and its threshold show. */
export interface DecisionBins {
  /** Scores at the ends of the bins, ascending. */
  readonly edges: readonly number[];
  readonly sets: readonly BinnedSet[];
  /** By ascending score; marks all at first, none at last. */
  readonly stops: readonly Stop[];
  /** The stop of the threshold that decided. */
  readonly initial: number;
  /** References of the calibration; undefined without one. */
  readonly references?: number;
}

/** Room left and right of the bins, as a share of the histogram, for what lies beyond them. */
export const overflowShare = 0.06;

const rates = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** Where a score stands in the histogram: 0 to 1, those beyond the bins in the room beside them. */
export function placeOf(score: number, edges: readonly number[]): number {
  const [low, high] = [edges[0]!, edges.at(-1)!];
  const inner = (score - low) / (high - low);
  return Math.min(1, Math.max(0, overflowShare + inner * (1 - 2 * overflowShare)));
}

/** Counts sets into bins and above stops. `threshold` undefined: nothing is marked at first. */
export function binDecisions(
  sets: readonly DecisionSet[],
  threshold: number | undefined,
  reference?: DecisionReference,
): DecisionBins {
  const all = Float64Array.from(sets.flatMap(({ scores }) => Array.from(scores)));
  const finite = all.filter(Number.isFinite).sort();
  const edges = histogramEdges(all.length > 0 ? all : [0]);
  const calibration = reference && calibrationOf(reference);
  const candidates = [
    ...edges,
    ...(threshold === undefined ? [] : [threshold]),
    ...(calibration === undefined ? [] : rates.map((rate) => scoreThreshold(calibration, "score", rate))),
    // Below the least score, so that all are marked, and at the highest.
    ...(finite.length > 0 ? [finite[0]! - (edges[1]! - edges[0]!), finite.at(-1)!] : []),
  ].filter(Number.isFinite);
  const sorted = sets.map(({ scores }) => Float64Array.from(scores).sort());
  const stops = [...new Set(Float64Array.from(candidates).sort())].map(
    (score): Stop => ({
      score,
      place: placeOf(score, edges),
      above: sorted.map((scores) => countAbove(scores, score)),
      falseAlarm: reference && (1 + reference.count - countUpTo(reference.scores, score)) / (reference.count + 1),
    }),
  );
  stops.push({ score: undefined, place: 1, above: sets.map(() => 0), falseAlarm: reference && 0 });
  return {
    edges,
    sets: sets.map((set) => binSet(set, edges)),
    stops,
    initial: stops.findIndex(({ score }) => score === threshold),
    ...(reference && { references: reference.count }),
  };
}

/** One set in bins between edges. */
export function binSet({ name, kind, scores }: DecisionSet, edges: readonly number[]): BinnedSet {
  const { counts, below, above } = histogram(scores, edges);
  return { name, kind, count: scores.length, counts, below, above };
}

function calibrationOf({ count, scores }: DecisionReference): Calibration {
  return { count, scores: { score: scores }, fits: {} };
}

function countAbove(ascending: Float64Array, score: number): number {
  return ascending.length - countUpTo(ascending, score);
}
