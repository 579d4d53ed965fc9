/**
 * Thresholds where some anomalous images are known: the best F1, the trade-off of false alarms against detections, and the threshold for a
 * wished detection rate. An image is marked where its score is above the threshold; thresholds lie midway between two scores.
 *
 * **What is promised.** The detection rate at a threshold between the k-th and the next of m anomalous scores from the top lies in Clopper and
 * Pearson's interval of k in m, although the threshold was chosen on the same images: at the j-th score it is Beta(j, m + 1 - j) distributed
 * (Wilks, "Determination of sample sizes for setting tolerance limits", 1941), and these two betas, j = k and k + 1, are the interval's ends.
 * The best F1 has no such promise: it is the best that could have been had on these very images, and new ones will do worse.
 */
import { ConfigError } from "../../base/index.ts";
import type { Interval } from "../statistics/interval.ts";
import { groupScores, type ScoreSets, total } from "../statistics/ranking.ts";
import { betaDistribution, betaQuantile, shareInterval } from "../statistics/special-functions.ts";

/** What a threshold does to labelled images: plain data but for an infinite threshold. */
export interface Operation {
  /** Images above it are marked. -Infinity marks all. */
  readonly threshold: number;
  readonly falseAlarms: number;
  readonly detections: number;
  /** Share of normal images that are marked. */
  readonly falseAlarmRate: number;
  /** Share of anomalous images that are marked. */
  readonly detectionRate: number;
  /** Share of anomalous images among the marked; 1 where none is marked. */
  readonly precision: number;
}

/** The best F1 and where it is. */
export interface BestF1 extends Operation {
  readonly f1: number;
}

/** A threshold for a wished detection rate. */
export interface DetectionThreshold extends Operation {
  /** The real detection rate, with the wished coverage. */
  readonly detectionInterval: Interval;
  /** The real false-alarm rate, if the threshold had not been chosen with the normal images: it was not. */
  readonly falseAlarmInterval: Interval;
  /** Where the threshold would lie with all anomalous images of the world, with the wished coverage. */
  readonly thresholdInterval: Interval;
}

/** What every threshold does that makes a difference, from marking none to marking all. Throws ConfigError for an empty set. */
export function operations(sets: ScoreSets): Operation[] {
  const groups = groupScores(sets);
  const scores = distinctScores(sets);
  const [normals, anomalies] = [total(groups.normal), total(groups.anomalous)];
  const list: Operation[] = [];
  let falseAlarms = 0;
  let detections = 0;
  for (let group = scores.length; group >= 0; group--) {
    falseAlarms += groups.normal[group] ?? 0;
    detections += groups.anomalous[group] ?? 0;
    const marked = falseAlarms + detections;
    list.push({
      threshold: between(scores[group - 1], scores[group]),
      falseAlarms,
      detections,
      falseAlarmRate: falseAlarms / normals,
      detectionRate: detections / anomalies,
      precision: marked === 0 ? 1 : detections / marked,
    });
  }
  return list;
}

function distinctScores({ normal, anomalous }: ScoreSets): number[] {
  const scores = Float64Array.from([...Array.from(normal), ...Array.from(anomalous)]).sort();
  return Array.from(scores.filter((score, index) => index === 0 || score !== scores[index - 1]));
}

/** A number that only the upper of two neighbouring scores is above. */
function between(lower: number | undefined, upper: number | undefined): number {
  if (lower === undefined) return Number.NEGATIVE_INFINITY;
  if (upper === undefined || !Number.isFinite(upper) || !Number.isFinite(lower)) return lower;
  const middle = lower + (upper - lower) / 2;
  return middle < upper ? middle : lower;
}

/** At most `most` of the operations, evenly spaced in rank, both ends among them: enough to draw. `most` is at least 2. */
export function thinOperations(list: readonly Operation[], most: number): readonly Operation[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, index) => list[Math.round((index * (list.length - 1)) / (most - 1))]!);
}

/**
 * F1 = 2 detections / (2 detections + false alarms + misses) at its largest, the highest such threshold. Positive class = anomalous.
 * Throws ConfigError for an empty set.
 */
export function bestF1(sets: ScoreSets): BestF1 {
  const anomalies = sets.anomalous.length;
  const scored = operations(sets).map((operation) => ({
    ...operation,
    f1: (2 * operation.detections) / (operation.detections + operation.falseAlarms + anomalies),
  }));
  return scored.reduce((best, candidate) => (candidate.f1 > best.f1 ? candidate : best));
}

/** How sure a detection rate is to be. */
export interface DetectionWish {
  /** The wished detection rate, in (0, 1]. */
  readonly rate: number;
  /** Coverage of the intervals, in (0, 1). */
  readonly coverage?: number;
  /** Where given, the real detection rate is at least `rate` with this certainty; without, the rate on these images is. */
  readonly certainty?: number;
}

/**
 * The highest threshold at which a wished share of the anomalous images is marked.
 * Throws ConfigError for an empty set, a rate outside (0, 1], and for a certainty that so few anomalous images cannot give.
 */
export function thresholdForDetection(
  sets: ScoreSets,
  { rate, coverage = 0.95, certainty }: DetectionWish,
): DetectionThreshold {
  if (!(rate > 0 && rate <= 1)) {
    throw new ConfigError({
      code: "out-of-range",
      subject: "detection rate",
      expected: "a number above 0 and at most 1",
      got: String(rate),
    });
  }
  const anomalies = sets.anomalous.length;
  const enough = ({ detections }: Operation): boolean =>
    certainty === undefined
      ? detections >= rate * anomalies - 1e-9
      : betaQuantile(1 - certainty, detections, anomalies + 1 - detections) >= rate;
  const chosen = operations(sets).find(enough);
  if (chosen === undefined) throw tooFewAnomalies(rate, certainty!, anomalies);
  return {
    ...chosen,
    detectionInterval: shareInterval(chosen.detections, anomalies, coverage),
    falseAlarmInterval: shareInterval(chosen.falseAlarms, sets.normal.length, coverage),
    thresholdInterval: quantileInterval(sets.anomalous, 1 - rate, coverage),
  };
}

/** With all of m anomalous images marked the real rate is at least r with certainty 1 - r^m. */
function tooFewAnomalies(rate: number, certainty: number, got: number): ConfigError {
  const needed = rate < 1 ? Math.ceil(Math.log(1 - certainty) / Math.log(rate) - 1e-9) : undefined;
  return new ConfigError({
    code: "too-few-images",
    subject: "detection rate",
    expected: needed === undefined ? "a rate below 1" : `at least ${needed} anomalous images`,
    got: needed === undefined ? "1" : `${got} for a rate of ${rate} with certainty ${certainty}`,
    remedy: { key: "other", text: "ask for a lower rate or less certainty" },
  });
}

/**
 * The interval of a quantile by two order statistics, whose places are those of a binomial's tails (Wilks, 1941): at least `coverage` for any
 * distribution. An end that no score gives is infinite.
 */
function quantileInterval(values: ArrayLike<number>, probability: number, coverage: number): Interval {
  const ascending = Float64Array.from(values).sort();
  const count = ascending.length;
  const tail = (1 - coverage) / 2;
  // The j-th smallest of n is below the quantile with the chance that a Beta(j, n + 1 - j) is below the probability.
  const chanceBelow = (place: number): number => betaDistribution(probability, place, count + 1 - place);
  let low = 0;
  while (low < count && chanceBelow(low + 1) >= 1 - tail) low++;
  let high = count + 1;
  while (high > 1 && chanceBelow(high - 1) <= tail) high--;
  return { low: ascending[low - 1] ?? Number.NEGATIVE_INFINITY, high: ascending[high - 1] ?? Number.POSITIVE_INFINITY };
}
