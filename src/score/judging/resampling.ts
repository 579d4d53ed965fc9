/**
 * Intervals of every metric and paired comparisons of two scores by bootstrap, by image or by group.
 *
 * Normal and anomalous images are resampled apart, with replacement; a resample is a count per rank. Where images come in groups, whole groups
 * are drawn: images of one group are alike, and an interval that takes each for a new witness is too narrow. For a comparison the same images
 * are drawn for both scores (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13).
 */
import { internalError, type RandomKey, type RandomStream } from "../../base/index.ts";
import { groupMembers } from "../statistics/group-members.ts";
import { type Interval, intervalCoverage } from "../statistics/interval.ts";
import { groupScores, quantile, type ScoreGroups, type ScoreSets } from "../statistics/ranking.ts";
import { defaultResamples } from "./bootstrap.ts";
import { type MetricName, metricDefinitions } from "./metric-definitions.ts";
import { checkPaired, type ScoreComparison, verdictOf } from "./score-comparison.ts";

/** The group of every image, such as its camera or batch. Absent: every image is a group. */
export interface ImageGroups {
  readonly normal: readonly string[];
  readonly anomalous: readonly string[];
}

/** How resamples are drawn. */
export interface ResampleOptions {
  readonly key: RandomKey;
  /** Whole groups are drawn where given; normal and anomalous ones apart. */
  readonly groups?: ImageGroups;
  readonly resamples?: number;
}

/**
 * The 95 % percentile interval of a metric over the choice of test images, or of groups. Throws ConfigError for an empty set.
 */
export function metricInterval(metric: MetricName, sets: ScoreSets, options: ResampleOptions): Interval {
  const { measure } = metricDefinitions[metric];
  return percentiles(resampled([sets], options, ([groups]) => [measure(groups!)])[0]!);
}

/** A metric of two sets of images with its interval: plain data. */
export interface MeasuredMetric {
  readonly metric: MetricName;
  readonly value: number;
  readonly interval: Interval;
}

/** Several metrics with their 95 % intervals, all from the same resamples. Throws ConfigError for an empty set. */
export function measureMetrics(
  metrics: readonly MetricName[],
  sets: ScoreSets,
  options: ResampleOptions,
): MeasuredMetric[] {
  const groups = groupScores(sets);
  const values = resampled([sets], options, ([resample]) =>
    metrics.map((metric) => metricDefinitions[metric].measure(resample!)),
  );
  return metrics.map((metric, index) => ({
    metric,
    value: metricDefinitions[metric].measure(groups),
    interval: percentiles(values[index]!),
  }));
}

/**
 * Compares any metric of two scores of the same images, in the same order, by a paired bootstrap.
 * Throws ConfigError for an empty set, an internal error for other numbers of images.
 */
export function compareScores(
  metric: MetricName,
  first: ScoreSets,
  second: ScoreSets,
  options: ResampleOptions,
): ScoreComparison {
  checkPaired(first, second);
  const { measure } = metricDefinitions[metric];
  const [differences] = resampled([first, second], options, ([a, b]) => [measure(a!) - measure(b!)]) as [Float64Array];
  const [a, b] = [measure(groupScores(first)), measure(groupScores(second))];
  // Resamples on the far side of zero, counted with the sample itself so that the p-value is never 0.
  const tail = Math.min(
    differences.filter((value) => value <= 0).length,
    differences.filter((value) => value >= 0).length,
  );
  const pValue = Math.min(1, (2 * (tail + 1)) / (differences.length + 1));
  return {
    metric,
    first: a,
    second: b,
    difference: a - b,
    interval: percentiles(differences),
    pValue,
    method: "paired bootstrap",
    verdict: verdictOf(metric, a - b, pValue),
  };
}

function percentiles(ascending: Float64Array): Interval {
  return {
    low: quantile(ascending, (1 - intervalCoverage) / 2),
    high: quantile(ascending, (1 + intervalCoverage) / 2),
  };
}

/** The values of several statistics of the same resampled images under every score, by statistic and in the order of the resamples. */
function resampled(
  scores: readonly ScoreSets[],
  { key, groups, resamples = defaultResamples }: ResampleOptions,
  statistics: (groups: readonly ScoreGroups[]) => readonly number[],
): Float64Array[] {
  if (!(resamples >= 1)) throw internalError(`an interval from ${resamples} resamples`);
  const places = scores.map(placesOf);
  const [normal, anomalous] = [
    drawerOf(scores[0]!.normal.length, groups?.normal),
    drawerOf(scores[0]!.anomalous.length, groups?.anomalous),
  ];
  const stream = key.fold("metric interval").stream();
  const rows = Array.from({ length: resamples }, () => {
    const drawn = { normal: normal(stream), anomalous: anomalous(stream) };
    return statistics(
      places.map((place) => ({
        normal: countPlaces(place.normal, drawn.normal, place.count),
        anomalous: countPlaces(place.anomalous, drawn.anomalous, place.count),
      })),
    );
  });
  return rows[0]!.map((_, index) => Float64Array.from(rows, (row) => row[index]!).sort());
}

/** The rank group of every image among the distinct scores of both sets. */
function placesOf(sets: ScoreSets): { normal: Uint32Array; anomalous: Uint32Array; count: number } {
  groupScores(sets); // Its checks: no empty set, no NaN.
  // A Set and a Map take -0 for 0, as the metrics do.
  const distinct = new Set([...Array.from(sets.normal), ...Array.from(sets.anomalous)]);
  const order = new Map(Array.from(Float64Array.from(distinct).sort(), (score, place) => [score, place]));
  const place = (score: number): number => order.get(score)!;
  return {
    normal: Uint32Array.from(Array.from(sets.normal, place)),
    anomalous: Uint32Array.from(Array.from(sets.anomalous, place)),
    count: distinct.size,
  };
}

/** Draws as many images, or whole groups, as there are, with replacement: how often each image was drawn, [count], good until the next call. */
function drawerOf(count: number, names: readonly string[] | undefined): (stream: RandomStream) => Uint32Array {
  const times = new Uint32Array(count);
  if (names === undefined) {
    return (stream) => {
      times.fill(0);
      for (let image = 0; image < count; image++) times[stream.integer(count)]!++;
      return times;
    };
  }
  if (names.length !== count) throw internalError(`${count} images in ${names.length} groups`);
  const groups = groupMembers(names);
  return (stream) => {
    times.fill(0);
    for (let group = 0; group < groups.length; group++) {
      for (const image of groups[stream.integer(groups.length)]!.images) times[image]!++;
    }
    return times;
  };
}

function countPlaces(places: Uint32Array, times: Uint32Array, count: number): Uint32Array {
  const counts = new Uint32Array(count);
  for (let image = 0; image < places.length; image++) counts[places[image]!]! += times[image]!;
  return counts;
}
