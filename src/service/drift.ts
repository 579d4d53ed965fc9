/**
 * Drift of the images that are served: per detector a watch over its score and scales that may be looked at for ever, and the latest images against
 * the calibration. Nothing of an image is kept but its scores, and of these the last few: memory does not grow with the images.
 */
import { type RandomKey, randomKey } from "../base/index.ts";
import { advanceWatch, compareWindow, type DriftWatch, driftFindings } from "../score/index.ts";
import {
  beginDrift,
  columnContent,
  columnsOf,
  type DriftRow,
  describeFinding,
  driftColumns,
  driftReferences,
  scoringIdentity,
} from "../workflow/index.ts";
import type { ServedDetector } from "./catalogue.ts";
import type { DriftState } from "./schemas.ts";
import type { JudgedImage } from "./scoring.ts";

/** The drift of every detector. */
export interface DriftBook {
  /** Counts images that a detector scored, in the order in which they were answered. */
  count(detector: ServedDetector, images: readonly JudgedImage[]): void;
  /** What is known, at a chance that drift is ever told where there is none. */
  state(
    detector: ServedDetector,
    falseAlarm: number,
  ): Omit<DriftState, "columns"> & {
    readonly columns: readonly DriftColumn[];
  };
  /** The last images of a column against the calibration; null where there are none. One look, which costs more than the watch. */
  window(
    detector: ServedDetector,
    columns: readonly string[],
  ): Readonly<Record<string, DriftState["columns"][number]["window"]>>;
}

type DriftColumn = Omit<DriftState["columns"][number], "window">;

/** The images that a window holds. */
const windowImages = 256;

/** Images that the watch takes at a time. */
const countedAtOnce = 64;

/** The chance that drift is ever told where there is none, unless somebody says. */
export const usualDriftRate = 0.01;

interface Entry {
  readonly identity: string;
  readonly score: string;
  readonly since: Date;
  readonly key: RandomKey;
  readonly columns: readonly string[];
  watch: DriftWatch | undefined;
  readonly reason: string | null;
  images: number;
  uncounted: number;
  /** Images that are not yet in the watch. */
  pending: DriftRow[];
  /** The last numbers of every column, the oldest first. */
  window: Readonly<Record<string, readonly number[]>>;
}

/** An empty book. */
export function openDriftBook(now: () => Date = () => new Date()): DriftBook {
  // A detector whose threshold was changed goes on where its former version was; one that was trained anew begins anew.
  const latest = new Map<string, Entry>();
  const entries = new WeakMap<ServedDetector, Entry>();

  const entryOf = (detector: ServedDetector): Entry => {
    const known = entries.get(detector);
    if (known) return known;
    const { id, manifest } = detector;
    const identity = scoringIdentity(manifest);
    const former = latest.get(id);
    const same = former?.identity === identity && former.score === manifest.defaultScore;
    const entry = same ? former : begin(detector, identity);
    entries.set(detector, entry);
    latest.set(id, entry);
    return entry;
  };

  const begin = ({ manifest }: ServedDetector, identity: string): Entry => {
    const score = manifest.defaultScore;
    const key = randomKey(manifest.training.seed).fold("served");
    const begun = beginDrift(manifest, score, key);
    const watch = "watch" in begun ? begun.watch : undefined;
    const reason = "shortage" in begun ? begun.shortage : null;
    const columns = driftColumns(manifest, score);
    const window = Object.fromEntries(columns.map((name) => [name, []]));
    return { identity, score, since: now(), key, columns, watch, reason, images: 0, uncounted: 0, pending: [], window };
  };

  /** Counts what has come. Many at a time: what it takes for one image is the same for all of them. */
  const settle = (entry: Entry): Entry => {
    const { columns, score, pending, key } = entry;
    if (pending.length === 0) return entry;
    const numbers = columnsOf(columns, pending, score);
    if (entry.watch) entry.watch = advanceWatch(entry.watch, numbers, key);
    entry.window = Object.fromEntries(
      columns.map((name) => [name, [...entry.window[name]!, ...Array.from(numbers[name]!)].slice(-windowImages)]),
    );
    entry.pending = [];
    return entry;
  };

  return {
    count(detector, images) {
      const entry = entryOf(detector);
      const { columns, score } = entry;
      // Scores by coders are there only where they were asked for.
      const rows = images.filter(({ scores }) => columns.every((name) => scores[name] !== undefined));
      entry.uncounted += images.length - rows.length;
      entry.images += rows.length;
      for (const { scores } of rows) {
        entry.pending.push({
          score: scores[score]!,
          scores: Object.fromEntries(columns.map((name) => [name, scores[name]!])),
        });
      }
      if (entry.pending.length >= countedAtOnce) settle(entry);
    },
    state(detector, falseAlarm) {
      const { since, images, uncounted, watch, reason } = settle(entryOf(detector));
      const { id, version, manifest } = detector;
      const columns = (watch ? driftFindings(watch, falseAlarm) : []).map((finding) => ({
        ...finding,
        about: columnContent(finding.column, manifest) ?? null,
        words: finding.drifted ? describeFinding(finding, manifest) : null,
      }));
      return {
        detector: { id, version },
        since: since.toISOString(),
        ...{ images, uncounted, watched: watch !== undefined, reason, falseAlarm },
        drifted: columns.some(({ drifted }) => drifted),
        columns,
      };
    },
    window(detector, columns) {
      const { window } = settle(entryOf(detector));
      const count = window[columns[0] ?? ""]?.length ?? 0;
      if (count === 0) return Object.fromEntries(columns.map((name) => [name, null]));
      const latestOnes = Object.fromEntries(columns.map((name) => [name, window[name]!]));
      const tests = compareWindow(driftReferences(detector.manifest, columns), latestOnes);
      return Object.fromEntries(
        Object.entries(tests).map(([name, { distance, signedDistance, pValue }]) => [
          name,
          { images: count, distance, signedDistance, pValue },
        ]),
      );
    },
  };
}
