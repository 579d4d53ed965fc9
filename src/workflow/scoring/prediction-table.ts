/** The table of a prediction, written row by row so that it never has to be in memory: CSV or one JSON object. */
import { asCell, asPath, asText, quote } from "../../base/index.ts";
import type { PreparationProblem } from "../../data/index.ts";
import { ruleLabel, unitOf } from "../../score/index.ts";
import type { Decision } from "../deciding/decisions.ts";
import type { Prediction } from "./prediction.ts";

/** A table as lines of text: those before the rows, those of some rows, and those after them. */
export interface TableFormat {
  head(first: Prediction): string[];
  /** Lines of rows that follow `before` others. */
  rows(rows: readonly Prediction[], before: number): string[];
  tail(skipped: readonly PreparationProblem[]): string[];
}

/** Comma-separated values (RFC 4180) with a header line. Every row says which rule decided. */
export const csvFormat = ({ rule }: Pick<Decision, "rule">): TableFormat => ({
  head(first) {
    const classColumns = hasClass(first) ? ["predicted_class", "class_probability"] : [];
    const voice = first.spokesman === undefined ? [] : ["spokesman"];
    const about = ["file", "score", "p_value", "anomalous", "rule", ...voice, ...classColumns];
    const own = [...about, ...Object.keys(first.scores)];
    // Those of a list that an own one is called like come under another name.
    const listed = Object.keys(first.columns ?? {}).map((name) => (own.includes(name) ? `list_${name}` : name));
    return [[...own, ...listed.map((name) => quote(asText(name)))].join(",")];
  },
  rows: (rows) =>
    rows.map((row) => {
      const { file, score, pValue, anomalous, spokesman, predictedClass, classProbability, scores, columns = {} } = row;
      const predicted = hasClass(row) ? [quote(asText(predictedClass ?? "")), classProbability ?? ""] : [];
      return [
        quote(asPath(file)),
        score,
        pValue,
        anomalous,
        ruleLabel(rule),
        ...(spokesman === undefined ? [] : [spokesman]),
        ...predicted,
        ...Object.values(scores),
        ...Object.values(columns).map((value) => quote(asCell(value))),
      ].join(",");
    }),
  tail: () => [],
});

/** One JSON object, an image a line. JSON has no infinity: a score that is not finite becomes null, its p-value is the smallest there is. */
export function jsonFormat({ score, falseAlarm, threshold, rule, words }: Decision): TableFormat {
  const about = {
    score,
    falseAlarm,
    threshold,
    rule: { ...rule, words },
    orientation: "higher is more anomalous",
    unit: unitOf(score),
  };
  return {
    head: () => [`${JSON.stringify(about).slice(0, -1)},"images":[`],
    rows: (rows, before) => rows.map((row, index) => `${before + index === 0 ? "" : ","}${JSON.stringify(row)}`),
    tail: (skipped) => [
      '],"skipped":[',
      ...skipped.map((problem, index) => `${index === 0 ? "" : ","}${JSON.stringify(problem)}`),
      "]}",
    ],
  };
}

/** Lines that are joined at a time: all of a large table would be longer than a string can be. */
const pieceLength = 1000;

/** A list in pieces that can be written one after another. */
export function* inPieces<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < items.length; first += pieceLength) yield items.slice(first, first + pieceLength);
}

function hasClass({ predictedClass }: Prediction): boolean {
  return predictedClass !== undefined;
}
