/**
 * What an evaluation measures on scores that are there: every metric, its intervals, whether a difference between two scores is noise, and
 * thresholds where some anomalies are known.
 */
import type { RandomKey } from "../../base/index.ts";
import {
  bestF1,
  compareAuroc,
  compareScores,
  type DetectionThreshold,
  type DetectionWish,
  describeComparison,
  type Evaluation,
  evaluateScores,
  type ImageGroups,
  type Interval,
  type MetricName,
  measureMetric,
  measureMetrics,
  metricNames,
  type ScoreComparison,
  type ScoreSets,
  thresholdForDetection,
} from "../../score/index.ts";

/** A metric, with its 95 % bootstrap interval where one was asked for. */
export interface MetricValue {
  readonly value: number;
  readonly interval?: Interval;
}

/** One score on one set, by every metric. */
export interface MeasuredEvaluation extends Evaluation {
  readonly metrics: Readonly<Record<MetricName, MetricValue>>;
}

/** Two scores on one set: plain data. */
export interface ComparedScores extends ScoreComparison {
  readonly set: string;
  /** What was compared, such as `ratio`, or `hierarchy of detectors/other`. */
  readonly names: { readonly first: string; readonly second: string };
  /** The result as one sentence. */
  readonly sentence: string;
}

/** Thresholds of one set by its labels: plain data but for infinite thresholds. */
export interface LabelledThresholds {
  readonly set: string;
  readonly score: string;
  /** The best that could have been had on these very images; new ones will do worse. */
  readonly bestF1: ReturnType<typeof bestF1>;
  readonly detection: DetectionThreshold & { readonly rate: number };
}

/** How intervals are drawn: whole groups where images come in groups. */
export interface Drawing {
  readonly key: RandomKey;
  readonly groups?: ImageGroups | undefined;
}

/** Every metric of a score on a set. With `intervals` each has one; AUROC always has. */
export function measureSet(
  score: string,
  set: string,
  sets: ScoreSets,
  { key, groups }: Drawing,
  intervals: boolean,
): MeasuredEvaluation {
  const evaluation = evaluateScores({ score, set }, sets, key);
  const options = { key: key.fold(score).fold(set), ...(groups && { groups }) };
  const drawn = intervals ? metricNames : groups ? (["auroc"] as const) : [];
  const measured = new Map(
    drawn.length === 0 ? [] : measureMetrics(drawn, sets, options).map(({ metric, interval }) => [metric, interval]),
  );
  const metrics = metricNames.map((name): [MetricName, MetricValue] => {
    const interval = measured.get(name);
    return [name, { value: measureMetric(name, sets), ...(interval && { interval }) }];
  });
  return {
    ...evaluation,
    // Images of one group are no independent witnesses.
    ...(groups && { aurocInterval: measured.get("auroc")! }),
    metrics: Object.fromEntries(metrics) as MeasuredEvaluation["metrics"],
  };
}

/** Compares AUROC of two scores of the same images: by DeLong, or by drawing groups where images come in groups. */
export function comparePair(
  set: string,
  [first, second]: readonly [
    { readonly name: string; readonly sets: ScoreSets },
    { readonly name: string; readonly sets: ScoreSets },
  ],
  { key, groups }: Drawing,
): ComparedScores {
  const comparison = groups
    ? compareScores("auroc", first.sets, second.sets, { key: key.fold("comparison").fold(set), groups })
    : compareAuroc(first.sets, second.sets);
  const names = { first: first.name, second: second.name };
  return { ...comparison, set, names, sentence: describeComparison(comparison, names) };
}

/** Thresholds for a score on a set. Throws ConfigError for a wish that so few anomalous images cannot give. */
export function labelledThresholds(
  score: string,
  set: string,
  sets: ScoreSets,
  wish: DetectionWish,
): LabelledThresholds {
  return { set, score, bestF1: bestF1(sets), detection: { rate: wish.rate, ...thresholdForDetection(sets, wish) } };
}
