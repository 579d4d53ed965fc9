/** Drift of what a watch sees: the score and every scale, each against the calibration. */
import type { RandomKey } from "../base/index.ts";
import type { Manifest } from "../detector/index.ts";
import {
  type DriftColumns,
  type DriftFinding,
  type DriftWatch,
  driftFindings,
  leastDriftReferences,
  referenceCount,
  scaleContent,
  startWatch,
} from "../score/index.ts";
import type { Watch } from "./events.ts";
import type { WatchedRow } from "./watch-journal.ts";

/** Drift of one column of numbers. */
export interface DriftNews extends DriftFinding {
  /** What changed and how, in words. */
  readonly words: string;
}

/** The watch over the score and every scale; undefined, with a warning, where the calibration is too small. */
export function beginDrift(
  { calibration, training }: Manifest,
  score: string,
  key: RandomKey,
  { onEvent }: Watch,
): DriftWatch | undefined {
  const names = [score, ...Array.from({ length: training.model.scales }, (_, scale) => `scale-${scale}`)];
  const columns = [...new Set(names)].filter((name) => Object.hasOwn(calibration.scores, name));
  const least = Math.min(...columns.map((name) => referenceCount(calibration, name)));
  if (least < leastDriftReferences) {
    const text = `warning: drift is not watched: that takes a calibration on at least ${leastDriftReferences} images, and this one has ${least}`;
    onEvent?.({ kind: "warning", text });
    return undefined;
  }
  const references = columns.map((name): [string, number[]] => {
    const finiteOnes = calibration.scores[name]!;
    const others = referenceCount(calibration, name) - finiteOnes.length;
    return [name, [...finiteOnes, ...new Array<number>(others).fill(Number.POSITIVE_INFINITY)]];
  });
  return startWatch(Object.fromEntries(references), key);
}

/** The numbers of rows, by column of the watch. */
export function columnsOf({ columns }: DriftWatch, rows: readonly WatchedRow[], score: string): DriftColumns {
  return Object.fromEntries(
    Object.keys(columns).map((name) => [
      name,
      rows.map((row) => (name === score ? row.score : row.scores[name]) ?? Number.POSITIVE_INFINITY),
    ]),
  );
}

/** What drifted, in words. */
export function describeDrift(drift: DriftWatch, rate: number, { training }: Manifest): DriftNews[] {
  const { scales } = training.model;
  return driftFindings(drift, rate)
    .filter(({ drifted }) => drifted)
    .map((finding) => {
      const scale = /^scale-(\d+)$/.exec(finding.column)?.[1];
      const what = scale === undefined ? finding.column : `${finding.column} (${scaleContent(Number(scale), scales)})`;
      const how = finding.direction === "none" ? "other" : finding.direction;
      return { ...finding, words: `${what} became ${how} than in the calibration` };
    });
}
