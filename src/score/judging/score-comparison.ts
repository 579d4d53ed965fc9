/**
 * Two scores of the same images: is one better, or is it noise? What a comparison says; `delong.ts` and `resampling.ts` make them.
 *
 * Two separate intervals that overlap prove nothing, since both scores err on the same images: only a paired comparison tells.
 */
import { internalError } from "../../base/index.ts";
import { type Interval, intervalCoverage } from "../statistics/interval.ts";
import type { ScoreSets } from "../statistics/ranking.ts";
import { type MetricName, metricDefinitions } from "./metric-definitions.ts";

/** What was compared, and whether the difference is more than chance: plain data. */
export interface ScoreComparison {
  readonly metric: MetricName;
  readonly first: number;
  readonly second: number;
  /** first - second. */
  readonly difference: number;
  /** 95 % interval of the difference. */
  readonly interval: Interval;
  /** Two-sided: the chance of a difference at least as large if there were none. */
  readonly pValue: number;
  readonly method: "DeLong" | "paired bootstrap";
  /** Which is better beyond chance (p-value at most 0.05), or that the difference is noise. */
  readonly verdict: "first" | "second" | "noise";
}

/** Which score a difference with this p-value speaks for. */
export function verdictOf(metric: MetricName, difference: number, pValue: number): ScoreComparison["verdict"] {
  if (pValue > 1 - intervalCoverage || difference === 0) return "noise";
  return difference > 0 === (metricDefinitions[metric].better === "higher") ? "first" : "second";
}

/** A comparison as one sentence. */
export function describeComparison(comparison: ScoreComparison, names: { first: string; second: string }): string {
  const { metric, difference, interval, pValue, verdict, method } = comparison;
  const figures = `${showSigned(difference)}, 95 % interval ${showSigned(interval.low)} to ${showSigned(interval.high)}, p = ${pValue.toPrecision(2)}, ${method}`;
  const { title } = metricDefinitions[metric];
  if (verdict === "noise")
    return `${title} of ${names.first} and ${names.second}: the difference is noise (${figures})`;
  return `${title}: ${names[verdict]} is better than ${names[verdict === "first" ? "second" : "first"]} (${figures})`;
}

function showSigned(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(3)}`;
}

/** Throws an internal error where two scores cannot be of the same images. */
export function checkPaired(first: ScoreSets, second: ScoreSets): void {
  if (first.normal.length !== second.normal.length || first.anomalous.length !== second.anomalous.length) {
    throw internalError("two scores of other images cannot be paired");
  }
}
