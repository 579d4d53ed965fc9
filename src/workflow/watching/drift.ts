/** Drift of images that come one after another: the score and every scale, each against the calibration. */
import { createHash } from "node:crypto";
import type { RandomKey } from "../../base/index.ts";
import type { Manifest } from "../../detector/index.ts";
import {
  type DriftColumns,
  type DriftFinding,
  type DriftWatch,
  driftFindings,
  leastDriftReferences,
  referenceCount,
  scaleContent,
  startWatch,
} from "../../score/index.ts";

/** Drift of one column of numbers. */
export interface DriftNews extends DriftFinding {
  /** What changed and how, in words. */
  readonly words: string;
}

/** What is known of a scored image; null stands for infinity. */
export interface DriftRow {
  readonly score: number | null;
  readonly scores: Readonly<Record<string, number | null>>;
}

/** A watch before its first image, or why there is none. */
export type DriftStart = { readonly watch: DriftWatch } | { readonly shortage: string };

/** Begins the watch over the score and every scale, where the calibration is not too small. */
export function beginDrift(manifest: Manifest, score: string, key: RandomKey): DriftStart {
  const { calibration } = manifest;
  const columns = driftColumns(manifest, score);
  const least = Math.min(...columns.map((name) => referenceCount(calibration, name)));
  if (least < leastDriftReferences) {
    const shortage = `drift is not watched: that takes a calibration on at least ${leastDriftReferences} images, and this one has ${least}`;
    return { shortage };
  }
  return { watch: startWatch(driftReferences(manifest, columns), key) };
}

/** The columns that are watched beside a score: every scale that the calibration knows. */
export function driftColumns({ calibration, training }: Manifest, score: string): string[] {
  const names = [score, ...Array.from({ length: training.model.scales }, (_, scale) => `scale-${scale}`)];
  return [...new Set(names)].filter((name) => Object.hasOwn(calibration.scores, name));
}

/** The numbers of the calibration's images, by column. */
export function driftReferences({ calibration }: Manifest, columns: readonly string[]): DriftColumns {
  return Object.fromEntries(
    columns.map((name): [string, number[]] => {
      const finiteOnes = calibration.scores[name]!;
      const others = referenceCount(calibration, name) - finiteOnes.length;
      return [name, [...finiteOnes, ...new Array<number>(others).fill(Number.POSITIVE_INFINITY)]];
    }),
  );
}

/** The numbers of rows, by column of the watch. */
export function columnsOf(names: readonly string[], rows: readonly DriftRow[], score: string): DriftColumns {
  return Object.fromEntries(
    names.map((name) => [
      name,
      rows.map((row) => (name === score ? row.score : row.scores[name]) ?? Number.POSITIVE_INFINITY),
    ]),
  );
}

/** What drifted, in words. */
export function describeDrift(drift: DriftWatch, rate: number, manifest: Manifest): DriftNews[] {
  return driftFindings(drift, rate)
    .filter(({ drifted }) => drifted)
    .map((finding) => ({ ...finding, words: describeFinding(finding, manifest) }));
}

/** How a column that drifted did so, in words. */
export function describeFinding({ column, direction }: DriftFinding, manifest: Manifest): string {
  const about = columnContent(column, manifest);
  const how = direction === "none" ? "other" : direction;
  return `${column}${about === undefined ? "" : ` (${about})`} became ${how} than in the calibration`;
}

/** What the numbers of a scale are about; undefined for other columns. */
export function columnContent(column: string, { training }: Manifest): string | undefined {
  const scale = /^scale-(\d+)$/.exec(column)?.[1];
  return scale === undefined ? undefined : scaleContent(Number(scale), training.model.scales);
}

/** Which models and which calibration a score is by: another threshold changes nothing of it. */
export function scoringIdentity({ files, calibration }: Manifest): string {
  return createHash("sha256")
    .update(JSON.stringify([files, calibration]))
    .digest("hex")
    .slice(0, 12);
}
