/** Evaluations as a person reads them. */
import { type Column, formatTable } from "../../report/index.ts";
import type { MapMeasures, MapReport } from "../maps/map-evaluation.ts";
import type { ClassAccuracy, EvaluationReport } from "./evaluation.ts";
import type { LabelledThresholds } from "./measures.ts";

/** A threshold for a wished detection rate, in one sentence. */
export function showThreshold({ set, score, detection, bestF1 }: LabelledThresholds): string {
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const between = ({ low, high }: { readonly low: number; readonly high: number }): string =>
    `${share(low)} to ${share(high)}`;
  const { threshold, detectionRate, detectionInterval, falseAlarmRate, falseAlarmInterval } = detection;
  return (
    `${set}: ${score} above ${threshold.toPrecision(5)} finds ${share(detectionRate)} (95 % interval ${between(detectionInterval)}) ` +
    `at ${share(falseAlarmRate)} false alarms (${between(falseAlarmInterval)}); best F1 ${bestF1.f1.toFixed(3)} above ${bestF1.threshold.toPrecision(5)}`
  );
}

/** The report as a person reads it: bits/dim and AUROC with intervals. */
export function showEvaluation(report: EvaluationReport): string {
  const names = [...new Set(report.evaluations.map(({ set }) => set))];
  const scores = [...new Set(report.evaluations.map(({ score }) => score))];
  const cell = (score: string, set: string): string => {
    const found = report.evaluations.find((evaluation) => evaluation.score === score && evaluation.set === set)!;
    const { low, high } = found.aurocInterval;
    return `${found.auroc.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  };
  const columns: Column<string>[] = [
    { heading: "score", value: (score) => (score === report.defaultScore ? `${score} (default)` : score) },
    ...names.map((set) => ({ heading: set, value: (score: string) => cell(score, set) })),
  ];
  const sets = Object.entries(report.sets);
  const bits = sets.map(([name, set]) => `${name} ${set.bitsPerDimension.toFixed(3)}`).join(", ");
  const ranks = sets.flatMap(([name, { rankCorrelation: rank }]) =>
    rank == null ? [] : [`${name} ${rank.toFixed(3)}`],
  );
  return [
    "AUROC with 95 % bootstrap interval; positive = anomalous; 0.5 is chance",
    formatTable(scores, columns),
    ...showMeans(report, names),
    ...(report.maps ?? []).flatMap(showMaps),
    `bits/dim under the normal model: ${bits}`,
    ...sets.flatMap(([name, { classAccuracy }]) => (classAccuracy ? [showAccuracy(name, classAccuracy)] : [])),
    ...(ranks.length > 0 ? [`rank correlation of both models' likelihoods: ${ranks.join(", ")}`] : []),
  ].join("\n");
}

/** The mean AUROC of the default score over the sets, where there are several. */
function showMeans({ evaluations, defaultScore }: EvaluationReport, sets: readonly string[]): string[] {
  const own = evaluations.filter(({ score }) => score === defaultScore);
  if (sets.length < 2 || own.length === 0) return [];
  const mean = own.reduce((sum, { auroc }) => sum + auroc / own.length, 0);
  return [`mean AUROC of ${defaultScore} over ${sets.length} sets: ${mean.toFixed(3)}`];
}

function showMaps({ score, all, sets, limit, without }: MapReport): string[] {
  const rows = [...(Object.keys(sets).length > 1 ? [["all", all] as const] : []), ...Object.entries(sets)];
  const columns: Column<readonly [string, MapMeasures]>[] = [
    { heading: `maps of ${score}`, value: ([name]) => name },
    { heading: "images", value: ([, { count }]) => count },
    { heading: "pixel AUROC", value: ([, { pixelAuroc }]) => pixelAuroc, digits: 3 },
    { heading: `AUPRO to ${limit}`, value: ([, { aupro }]) => aupro, digits: 3 },
    { heading: "regions found", value: ([, { regions }]) => `${regions.found} of ${regions.regions}` },
  ];
  return [
    formatTable(rows, columns),
    "regions found: where a tenth of the normal images show one",
    ...(without > 0 ? [`${without} anomalous images have no mask of their size`] : []),
  ];
}

function showAccuracy(name: string, { count, ...models }: ClassAccuracy): string {
  const shares = Object.entries(models).map(([model, share]) => `${model} ${share.toFixed(3)}`);
  return `class accuracy on ${count} ${name} images: ${shares.join(", ")}`;
}
