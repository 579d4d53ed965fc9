/** An evaluation: how well one score tells one set of anomalous images from normal ones. */
import type { RandomKey } from "../../base/index.ts";
import type { Interval } from "../statistics/interval.ts";
import type { ScoreSets } from "../statistics/ranking.ts";
import { aurocInterval } from "./bootstrap.ts";
import { auroc, averagePrecision, fpr95AnomalousPositive, fpr95NormalPositive } from "./metrics.ts";

/** The metrics of one score on one pair of sets: plain data. metrics.ts defines each of them. */
export interface Evaluation {
  readonly score: string;
  /** Name of the anomalous set. */
  readonly set: string;
  readonly normalCount: number;
  readonly anomalousCount: number;
  readonly auroc: number;
  /** 95 % bootstrap interval over the images. */
  readonly aurocInterval: Interval;
  /** Positive class = anomalous; depends on the share of anomalous images. */
  readonly averagePrecision: number;
  readonly fpr95AnomalousPositive: number;
  readonly fpr95NormalPositive: number;
}

/** Which score and which set an evaluation is of. */
export interface EvaluationSubject {
  readonly score: string;
  readonly set: string;
}

/** All metrics of a score on a pair of sets. Throws ConfigError for an empty set. */
export function evaluateScores({ score, set }: EvaluationSubject, sets: ScoreSets, key: RandomKey): Evaluation {
  return {
    score,
    set,
    normalCount: sets.normal.length,
    anomalousCount: sets.anomalous.length,
    auroc: auroc(sets),
    // A stream of its own per pair: the interval of a set does not depend on which other sets were evaluated before.
    aurocInterval: aurocInterval(sets, key.fold(score).fold(set)),
    averagePrecision: averagePrecision(sets),
    fpr95AnomalousPositive: fpr95AnomalousPositive(sets),
    fpr95NormalPositive: fpr95NormalPositive(sets),
  };
}
