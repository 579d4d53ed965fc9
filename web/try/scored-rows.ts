/** Rows of scored images: sorted, counted and written, under the score and the rate that are chosen. Needs no page. */
import { asPath, csvRow, quote } from "../../src/base/index.ts";
import { type Calibration, pValues } from "../../src/score/index.ts";
import type { ScoredFile, Thumbnail } from "../engine/messages.ts";

/** One file under the score that is chosen. */
export interface Row {
  readonly name: string;
  readonly score: number;
  readonly pValue: number;
  readonly anomalous: boolean;
  readonly scores: Readonly<Record<string, number>>;
  readonly thumbnail: Thumbnail | undefined;
}

/** A file without a score. */
export interface Refused {
  readonly name: string;
  readonly reason: string;
}

/** All files. */
export interface Rows {
  /** The most anomalous first; among equals those that came first. */
  readonly rows: readonly Row[];
  readonly refused: readonly Refused[];
  readonly marked: number;
}

/** Judges files by one of their scores at a false-alarm rate: marked where the p-value is at or below it, as the command line does. */
export function judgeRows(files: readonly ScoredFile[], calibration: Calibration, score: string, rate: number): Rows {
  const scored = files.filter((file) => "scores" in file);
  const values = scored.map(({ scores }) => scores[score]!);
  const probabilities = pValues(calibration, score, values);
  const rows = scored.map(({ name, scores, thumbnail }, index): Row => {
    const pValue = probabilities[index]!;
    return { name, score: values[index]!, pValue, anomalous: pValue <= rate, scores, thumbnail };
  });
  // Not a difference: infinity less infinity is no order.
  rows.sort((a, b) => (a.score === b.score ? 0 : a.score > b.score ? -1 : 1));
  return {
    rows,
    refused: files.flatMap((file) => ("reason" in file ? [file] : [])),
    marked: rows.filter(({ anomalous }) => anomalous).length,
  };
}

/** The table as comma-separated values, with the columns of `outglow predict`; files without a score come last, with their reason. */
export function csvOf({ rows, refused }: Rows, rate: number): string {
  const names = Object.keys(rows[0]?.scores ?? {});
  const head = ["file", "score", "p_value", "anomalous", "rule", ...names];
  const lines = [
    head.join(","),
    ...rows.map(({ name, score, pValue, anomalous, scores }) =>
      [
        quote(asPath(name)),
        score,
        pValue,
        anomalous,
        `false-alarm ${rate}`,
        ...names.map((other) => scores[other]),
      ].join(","),
    ),
    ...refused.map(({ name, reason }) => csvRow([asPath(name), "", "", "", reason, ...names.map(() => "")])),
  ];
  return `${lines.join("\n")}\n`;
}

/** Rates to choose from, from the least that a calibration resolves to a half, with two digits each. */
export function ratesFor(references: number): number[] {
  const least = 1 / (references + 1);
  const round = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];
  const all = [-6, -5, -4, -3, -2, -1].flatMap((exponent) => round.map((digit) => Number(`${digit}e${exponent}`)));
  const resolved = all.filter((rate) => rate >= least && rate <= 0.5);
  return resolved.length > 0 ? resolved : [0.5];
}
