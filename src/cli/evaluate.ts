/** `outglow evaluate`: a table of AUROC by score and set on stdout, everything else as JSON beside it. */
import { join } from "node:path";
import { setting } from "../base/index.ts";
import { parseNamedLocation } from "../data/index.ts";
import { type Detector, loadManifest, manifestName } from "../detector/index.ts";
import { type Column, formatTable } from "../report/index.ts";
import { scoreNames, scoreSources } from "../score/index.ts";
import {
  type ClassAccuracy,
  type EvaluationReport,
  type EvaluationRequest,
  evaluateInDetail,
  evaluationPage,
  type LabelledThresholds,
  type MapMeasures,
  type MapReport,
  openDetector,
} from "../workflow/index.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import type { EngineOptions } from "./options.ts";
import { exists, isWritable, refuseExisting, writeNumbered, writeOutput } from "./output-file.ts";
import { commandLine } from "./shell-words.ts";

/** What is typed after `outglow evaluate`. */
export interface EvaluateOptions extends EngineOptions {
  readonly normal: string;
  readonly anomalous: readonly string[];
  readonly out?: string;
  readonly compare?: readonly string[];
  readonly detection?: number;
  readonly intervals?: boolean;
  readonly group?: string;
  readonly report?: string;
  readonly seed: number;
  readonly coders: boolean;
  readonly strict: boolean;
  readonly force: boolean;
}

/** Evaluates a detector and prints the table. */
export async function evaluate(folder: string, options: EvaluateOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const { normal, coders, seed, strict, force } = options;
  const anomalous = await Promise.all(options.anomalous.map(parseNamedLocation));
  const compared = await comparedThings(folder, options.compare ?? []);
  const { out, report: page } = options;
  const detector = await openDetector(folder, options);
  const against: Detector[] = [];
  try {
    for (const other of compared.detectors) against.push(await openDetector(other, options));
    const request: EvaluationRequest = {
      ...{ normal, anomalous, coders, seed, strict, against, compare: compared.scores },
      intervals: options.intervals ? "all" : "some",
      detection: options.detection,
      group: options.group,
    };
    if (out !== undefined) await refuseExisting(out, force, setting("out"));
    if (page !== undefined) await refuseExisting(page, force, setting("report"));
    const kept = out !== undefined || (await isWritable(folder));
    if (!kept)
      output.warn(`'${folder}' cannot be written, so the numbers are only printed; --out keeps them elsewhere`);
    const pages = page === undefined ? undefined : evaluationPage(detector);
    const { report } = await evaluateInDetail(detector, request, { onEvent: eventPrinter(output) }, pages?.onBatch);
    output.print(options.json ? JSON.stringify(report) : showReport(report));
    if (!options.json) for (const line of furtherLines(report, options)) output.print(line);
    if (page !== undefined && pages) {
      const html = await pages.render(report, commandLine(process.argv.slice(2)));
      await writeOutput(page, html, { force, subject: setting("report") });
      output.note(`report: ${page}`);
    }
    if (!kept) return;
    const text = `${JSON.stringify(report, null, 2)}\n`;
    if (out !== undefined) await writeOutput(out, text, { force, subject: setting("out") });
    const path = out ?? (await writeNumbered((number) => join(folder, `evaluation-${number}.json`), text));
    output.note(`written: ${path}`);
  } finally {
    for (const other of against) await other.dispose();
    await detector.dispose();
  }
}

/** What `--compare` names: scores of this detector, or folders of others. */
async function comparedThings(folder: string, given: readonly string[]) {
  if (given.length === 0) return { scores: [], detectors: [] };
  const manifest = await loadManifest(folder);
  const names = scoreNames(manifest.training.model.scales, scoreSources);
  const isDetector = await Promise.all(
    given.map(async (name) => !names.includes(name) && (await exists(join(name, manifestName)))),
  );
  const chosen = (other: boolean): string[] => given.filter((_, index) => isDetector[index] === other);
  return { scores: chosen(false), detectors: chosen(true) };
}

/** What was asked for beside the table. */
function furtherLines({ comparisons, thresholds }: EvaluationReport, { detection }: EvaluateOptions): string[] {
  return [
    ...comparisons.map(({ set, sentence }) => `${set}: ${sentence}`),
    ...(detection === undefined ? [] : thresholds.map(showThreshold)),
  ];
}

function showThreshold({ set, score, detection, bestF1 }: LabelledThresholds): string {
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
function showReport(report: EvaluationReport): string {
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
    ...(report.maps ? showMaps(report.maps) : []),
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

function showMaps({ all, sets, limit, without }: MapReport): string[] {
  const rows = [...(Object.keys(sets).length > 1 ? [["all", all] as const] : []), ...Object.entries(sets)];
  const columns: Column<readonly [string, MapMeasures]>[] = [
    { heading: "maps of faults", value: ([name]) => name },
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
