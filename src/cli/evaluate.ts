/** `outglow evaluate`: a table of AUROC by score and set on stdout, everything else as JSON beside it. */
import { basename, join } from "node:path";
import { ConfigError, randomKey } from "../base/index.ts";
import type { Detector } from "../detector/index.ts";
import { type Column, formatTable } from "../report/index.ts";
import {
  bitsPerDimension,
  computeScore,
  type Evaluation,
  evaluateScores,
  logLikelihoods,
  type ModelTerms,
} from "../score/index.ts";
import { type Console, openConsole } from "./console.ts";
import type { EvaluateOptions } from "./evaluate-command.ts";
import { nextFreeName, refuseExisting, writeOutput } from "./output-file.ts";
import { openDetector, scoreImages } from "./scoring.ts";
import { reportProblems } from "./train.ts";

/** The result of an evaluation, as it is written. */
export interface EvaluationReport {
  readonly detector: string;
  readonly positiveClass: "anomalous";
  readonly defaultScore: string;
  /** Mean bits/dim of every set under the normal model, and under the general model where there is one. */
  readonly bitsPerDimension: Readonly<Record<string, { readonly normal: number; readonly general?: number }>>;
  readonly sets: Readonly<
    Record<string, { readonly location: string; readonly count: number; readonly skipped: number }>
  >;
  readonly evaluations: readonly Evaluation[];
}

interface NamedSet {
  readonly name: string;
  readonly location: string;
}

/** The name under which the normal images are reported. */
const normalName = "normal";

/** Evaluates a detector and prints the table. */
export async function evaluate(folder: string, options: EvaluateOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const sets = options.anomalous.map(parseSet);
  const twice = sets.find(
    ({ name }, index) => name === normalName || sets.findIndex((set) => set.name === name) < index,
  );
  if (twice) {
    throw new ConfigError(`evaluate: --anomalous expects different names, got '${twice.name}' again; write NAME=DATA`);
  }
  if (options.out !== undefined) await refuseExisting(options.out, options.force, "evaluate: --out");
  const detector = await openDetector(folder, options);
  try {
    const report = await evaluateSets(detector, { name: normalName, location: options.normal }, sets, options, output);
    const path = await writeReport(folder, options, `${JSON.stringify(report, null, 2)}\n`);
    output.print(options.json ? JSON.stringify(report) : showReport(report));
    output.note(`written: ${path}`);
  } finally {
    await detector.dispose();
  }
}

/** Scores the sets and compares each with the normal images, by every calibrated score. */
export async function evaluateSets(
  detector: Detector,
  normal: NamedSet,
  anomalous: readonly NamedSet[],
  { strict, seed }: Pick<EvaluateOptions, "strict" | "seed">,
  output: Console,
): Promise<EvaluationReport> {
  const { calibration, defaultScore } = detector.manifest;
  const scored = new Map<string, { terms: ModelTerms; location: string; skipped: number }>();
  for (const { name, location } of [normal, ...anomalous]) {
    const where = `evaluate: ${name === normalName ? "--normal" : "--anomalous"}`;
    const { terms, problems } = await scoreImages(detector, location, { strict, where }, output);
    reportProblems({ problems }, output);
    scored.set(name, { terms, location, skipped: problems.length });
  }
  const scoresOf = (set: string, score: string): Float64Array =>
    computeScore(score, scored.get(set)!.terms, calibration).values;
  const key = randomKey(seed).fold("bootstrap");
  const evaluations = Object.keys(calibration.scores).flatMap((score) => {
    const normalScores = scoresOf(normal.name, score);
    return anomalous.map(({ name: set }) =>
      evaluateScores({ score, set }, { normal: normalScores, anomalous: scoresOf(set, score) }, key),
    );
  });
  const entries = [...scored];
  return {
    detector: detector.folder,
    positiveClass: "anomalous",
    defaultScore,
    bitsPerDimension: Object.fromEntries(entries.map(([name, { terms }]) => [name, meanBits(terms)])),
    sets: Object.fromEntries(
      entries.map(([name, { terms, location, skipped }]) => [name, { location, count: terms.normal.count, skipped }]),
    ),
    evaluations,
  };
}

function meanBits({ normal, general, dimensions }: ModelTerms): { normal: number; general?: number } {
  const mean = (table: ModelTerms["normal"]): number =>
    bitsPerDimension(logLikelihoods(table).reduce((sum, value) => sum + value, 0) / table.count, dimensions);
  return { normal: mean(normal), ...(general ? { general: mean(general) } : {}) };
}

/** The report as a person reads it: bits/dim and AUROC with intervals. */
export function showReport(report: EvaluationReport): string {
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
  const bits = Object.entries(report.bitsPerDimension)
    .map(([name, { normal }]) => `${name} ${normal.toFixed(3)}`)
    .join(", ");
  return [
    "AUROC with 95 % bootstrap interval; positive = anomalous; 0.5 is chance",
    formatTable(scores, columns),
    `bits/dim under the normal model: ${bits}`,
  ].join("\n");
}

/** `mnist=path/to/data`, or a path alone, whose last part is the name. */
export function parseSet(text: string): NamedSet {
  const match = /^([A-Za-z0-9_.-]+)=(.+)$/.exec(text);
  if (match) return { name: match[1]!, location: match[2]! };
  const path = text.split("#")[0]!;
  return { name: basename(path.replace(/\/+$/, "")) || path, location: text };
}

async function writeReport(folder: string, { out, force }: EvaluateOptions, text: string): Promise<string> {
  const path = out ?? (await nextFreeName((number) => join(folder, `evaluation-${number}.json`)));
  await writeOutput(path, text, { force, where: "evaluate: --out" });
  return path;
}
