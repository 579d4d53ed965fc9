/**
 * The metrics as a table: one record each, from counts on ranks, so that every one can be given an interval and compared.
 *
 * Higher scores are more anomalous everywhere. A metric with a positive class says which; AUROC is the same for either. What depends on the
 * share of anomalous images in the test set says so: such numbers cannot be compared between sets of other shares.
 */

import { groupScores, type ScoreGroups, type ScoreSets, total } from "../statistics/ranking.ts";
import { aurocOfGroups, averagePrecisionOfGroups, falsePositivesAt95 } from "./metrics.ts";

/** What a metric is. */
export interface MetricDefinition {
  readonly title: string;
  /** How it is defined, in one line, with its convention. */
  readonly description: string;
  readonly better: "higher" | "lower";
  /** Whether it changes with the share of anomalous images. */
  readonly dependsOnShare: boolean;
  readonly measure: (groups: ScoreGroups) => number;
}

/** The false-alarm rates at which detection rates are given. */
const detectionLevels = [
  ["detection1", 0.01],
  ["detection5", 0.05],
  ["detection10", 0.1],
] as const;

/** Names of all metrics, the most useful first. */
export const metricNames = [
  "auroc",
  "averagePrecision",
  "averagePrecisionNormal",
  "trapezoid",
  "trapezoidNormal",
  "fpr95",
  "fpr95Normal",
  "bestF1",
  "detectionError",
  ...detectionLevels.map(([name]) => name),
] as const;

/** The name of a metric. */
export type MetricName = (typeof metricNames)[number];

const detectionMetrics = Object.fromEntries(
  detectionLevels.map(([name, rate]): [string, MetricDefinition] => [
    name,
    {
      title: `detection rate at ${100 * rate} % false alarms`,
      description:
        "largest share of anomalous images marked by any threshold that marks no larger share of normal ones",
      better: "higher",
      dependsOnShare: false,
      measure: (groups) => detectionRateOfGroups(groups, rate),
    },
  ]),
) as Record<(typeof detectionLevels)[number][0], MetricDefinition>;

/** Every metric by name. */
export const metricDefinitions: Readonly<Record<MetricName, MetricDefinition>> = {
  auroc: {
    title: "AUROC",
    description: "chance that an anomalous image scores higher than a normal one, ties counting half",
    better: "higher",
    dependsOnShare: false,
    measure: aurocOfGroups,
  },
  averagePrecision: {
    title: "AUPR out (average precision)",
    description: "positive class anomalous; step sum as scikit-learn's average_precision_score",
    better: "higher",
    dependsOnShare: true,
    measure: averagePrecisionOfGroups,
  },
  averagePrecisionNormal: {
    title: "AUPR in (average precision)",
    description: "positive class normal; step sum as scikit-learn's average_precision_score of negated scores",
    better: "higher",
    dependsOnShare: true,
    measure: (groups) => averagePrecisionOfGroups(mirrored(groups)),
  },
  trapezoid: {
    title: "AUPR out (trapezoid)",
    description:
      "positive class anomalous; straight lines between the points, as OpenOOD has it: too high where points are few",
    better: "higher",
    dependsOnShare: true,
    measure: trapezoidOfGroups,
  },
  trapezoidNormal: {
    title: "AUPR in (trapezoid)",
    description:
      "positive class normal; straight lines between the points, as OpenOOD has it: too high where points are few",
    better: "higher",
    dependsOnShare: true,
    measure: (groups) => trapezoidOfGroups(mirrored(groups)),
  },
  fpr95: {
    title: "FPR95, anomalous positive",
    description: "share of normal images marked where at least 95 % of the anomalous ones are (OpenOOD, pytorch-ood)",
    better: "lower",
    dependsOnShare: false,
    measure: (groups) => {
      const { normal, anomalous } = mirrored(groups);
      return falsePositivesAt95(normal, anomalous);
    },
  },
  fpr95Normal: {
    title: "FPR95, normal positive",
    description: "share of anomalous images passed where at least 95 % of the normal ones are (ODIN)",
    better: "lower",
    dependsOnShare: false,
    measure: ({ normal, anomalous }) => falsePositivesAt95(normal, anomalous),
  },
  bestF1: {
    title: "best F1",
    description: "positive class anomalous; the largest F1 of any threshold, chosen on these very images",
    better: "higher",
    dependsOnShare: true,
    measure: bestF1OfGroups,
  },
  detectionError: {
    title: "detection error",
    description: "least mean of the share of normal images marked and of anomalous ones missed (Lee et al., 2018)",
    better: "lower",
    dependsOnShare: false,
    measure: detectionErrorOfGroups,
  },
  ...detectionMetrics,
};

/** One metric of two sets. Throws ConfigError for an empty set. */
export function measureMetric(name: MetricName, sets: ScoreSets): number {
  return metricDefinitions[name].measure(groupScores(sets));
}

/** The same images with scores negated and classes swapped: what was marked is passed. */
function mirrored({ normal, anomalous }: ScoreGroups): ScoreGroups {
  return { normal: Uint32Array.from(anomalous).reverse(), anomalous: Uint32Array.from(normal).reverse() };
}

/** Calls `visit` with how many anomalous and normal images lie above every threshold, from the highest to marking all. */
function walkDown({ normal, anomalous }: ScoreGroups, visit: (detections: number, falseAlarms: number) => void): void {
  let detections = 0;
  let falseAlarms = 0;
  for (let group = normal.length - 1; group >= 0; group--) {
    detections += anomalous[group]!;
    falseAlarms += normal[group]!;
    // A rank without an image in this resample is not a threshold.
    if (anomalous[group]! + normal[group]! > 0) visit(detections, falseAlarms);
  }
}

/** The area under straight lines between (recall, precision) points, from (0, 1): scikit-learn's auc of its precision_recall_curve. */
function trapezoidOfGroups(groups: ScoreGroups): number {
  const positives = total(groups.anomalous);
  let area = 0;
  let recall = 0;
  let precision = 1;
  walkDown(groups, (detections, falseAlarms) => {
    const next = detections / (detections + falseAlarms);
    area += ((detections / positives - recall) * (next + precision)) / 2;
    recall = detections / positives;
    precision = next;
  });
  return area;
}

function bestF1OfGroups(groups: ScoreGroups): number {
  const positives = total(groups.anomalous);
  let best = 0;
  walkDown(groups, (detections, falseAlarms) => {
    best = Math.max(best, (2 * detections) / (detections + falseAlarms + positives));
  });
  return best;
}

function detectionErrorOfGroups(groups: ScoreGroups): number {
  const [normals, anomalies] = [total(groups.normal), total(groups.anomalous)];
  let least = 0.5;
  walkDown(groups, (detections, falseAlarms) => {
    least = Math.min(least, (falseAlarms / normals + (anomalies - detections) / anomalies) / 2);
  });
  return least;
}

function detectionRateOfGroups(groups: ScoreGroups, rate: number): number {
  const allowed = rate * total(groups.normal);
  let best = 0;
  walkDown(groups, (detections, falseAlarms) => {
    // The margin forgives 0.1 * 70 = 7.000000000000001, never a whole image.
    if (falseAlarms <= allowed + 1e-9) best = detections;
  });
  return best / total(groups.anomalous);
}
