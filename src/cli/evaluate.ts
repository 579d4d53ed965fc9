/** `outglow evaluate`: a table of AUROC by score and set on stdout, everything else as JSON beside it. */
import { join } from "node:path";
import { ConfigError, randomKey, setting } from "../base/index.ts";
import { type ImageSource, openImages, type PreparationProblem, parseNamedLocation } from "../data/index.ts";
import type { Detector } from "../detector/index.ts";
import { type Column, formatTable } from "../report/index.ts";
import {
  bitsPerDimension,
  classAccuracy,
  computableScoreNames,
  computeScore,
  type Evaluation,
  evaluateScores,
  logLikelihoods,
  type ModelTerms,
  spearmanCorrelation,
} from "../score/index.ts";
import { scoreImages } from "../workflow/index.ts";
import { type Console, openConsole } from "./console.ts";
import { openDetectorWith } from "./detectors.ts";
import type { EvaluateOptions } from "./evaluate-command.ts";
import { eventPrinter } from "./event-printer.ts";
import { nextFreeName, refuseExisting, writeOutput } from "./output-file.ts";

/** What an evaluation says of one set of images. */
interface SetReport {
  readonly location: string;
  readonly count: number;
  readonly skipped: readonly PreparationProblem[];
  /** Mean under the normal model. */
  readonly bitsPerDimension: number;
  /** Mean under the general model. */
  readonly generalBitsPerDimension?: number;
  /** Spearman's, between the log-likelihoods of both models; null where one of them is constant. */
  readonly rankCorrelation?: number | null;
  /** Of normal images with a class that the detector knows, where it knows some. */
  readonly classAccuracy?: ClassAccuracy;
}

/** How often the most probable class is the right one. */
interface ClassAccuracy {
  /** Images judged. */
  readonly count: number;
  /** Of the class-conditional flow. */
  readonly flow?: number;
  readonly classifier?: number;
}

/** The result of an evaluation, as it is written. */
export interface EvaluationReport {
  readonly detector: string;
  readonly positiveClass: "anomalous";
  readonly defaultScore: string;
  readonly sets: Readonly<Record<string, SetReport>>;
  readonly evaluations: readonly Evaluation[];
}

/** The name under which the normal images are reported. */
const normalName = "normal";

/** Evaluates a detector and prints the table. */
export async function evaluate(folder: string, options: EvaluateOptions): Promise<void> {
  const output = openConsole(options.quiet);
  const sets = await Promise.all(options.anomalous.map(parseNamedLocation));
  const twice = sets.find(
    ({ name }, index) => name === normalName || sets.findIndex((set) => set.name === name) < index,
  );
  if (twice) {
    throw new ConfigError(`evaluate: --anomalous expects different names, got '${twice.name}' again; write NAME=DATA`);
  }
  const path = options.out ?? (await nextFreeName((number) => join(folder, `evaluation-${number}.json`)));
  // Everything that can be wrong is found before the first image is scored.
  const normal = { name: normalName, source: await openImages(options.normal, "evaluate: --normal") };
  const anomalous = await Promise.all(
    sets.map(async ({ name, location }) => ({ name, source: await openImages(location, "evaluate: --anomalous") })),
  );
  const detector = await openDetectorWith(folder, options);
  try {
    await refuseExisting(path, options.force, setting("out"));
    const report = await evaluateSets(detector, normal, anomalous, options, output);
    output.print(options.json ? JSON.stringify(report) : showReport(report));
    await writeOutput(path, `${JSON.stringify(report, null, 2)}\n`, { force: options.force, subject: setting("out") });
    output.note(`written: ${path}`);
  } finally {
    await detector.dispose();
  }
}

interface OpenedSet {
  readonly name: string;
  readonly source: ImageSource;
}

interface ScoredSet {
  readonly classNames: readonly (string | undefined)[];
  readonly terms: ModelTerms;
  readonly location: string;
  readonly skipped: readonly PreparationProblem[];
}

/** Scores the sets and compares each with the normal images, by every score that the detector and the images allow. */
async function evaluateSets(
  detector: Detector,
  normal: OpenedSet,
  anomalous: readonly OpenedSet[],
  { strict, coders, seed }: Pick<EvaluateOptions, "strict" | "coders" | "seed">,
  output: Console,
): Promise<EvaluationReport> {
  const { calibration, defaultScore } = detector.manifest;
  const scored = new Map<string, ScoredSet>();
  for (const { name, source } of [normal, ...anomalous]) {
    const { terms, classNames, problems } = await scoreImages(
      detector,
      source,
      { strict, coders },
      { onEvent: eventPrinter(output) },
    );
    output.problems(problems);
    scored.set(name, { terms, classNames, location: source.location, skipped: problems });
  }
  const scoresOf = (set: string, score: string): Float64Array =>
    computeScore(score, scored.get(set)!.terms, calibration).values;
  const key = randomKey(seed).fold("bootstrap");
  const evaluations = computableScoreNames(scored.get(normal.name)!.terms, calibration).flatMap((score) => {
    const normalScores = scoresOf(normal.name, score);
    return anomalous.map(({ name: set }) =>
      evaluateScores({ score, set }, { normal: normalScores, anomalous: scoresOf(set, score) }, key),
    );
  });
  return {
    detector: detector.location,
    positiveClass: "anomalous",
    defaultScore,
    sets: Object.fromEntries(
      [...scored].map(([name, set]) => [
        name,
        { ...describeSet(set), ...(name === normal.name ? accuracyOf(set) : {}) },
      ]),
    ),
    evaluations,
  };
}

function describeSet({ terms, location, skipped }: ScoredSet): SetReport {
  const { normal, general, dimensions } = terms;
  const likelihoods = logLikelihoods(normal);
  const mean = (values: Float64Array): number =>
    bitsPerDimension(values.reduce((sum, value) => sum + value, 0) / values.length, dimensions);
  const report = { location, count: normal.count, skipped, bitsPerDimension: mean(likelihoods) };
  if (!general) return report;
  const generalLikelihoods = logLikelihoods(general);
  return {
    ...report,
    generalBitsPerDimension: mean(generalLikelihoods),
    rankCorrelation: spearmanCorrelation(likelihoods, generalLikelihoods) ?? null,
  };
}

function accuracyOf({ terms: { classes, classifier }, classNames }: ScoredSet): Pick<SetReport, "classAccuracy"> {
  const flow = classes && classAccuracy(classes, classNames);
  const byClassifier = classifier && classAccuracy(classifier, classNames);
  const judged = flow ?? byClassifier;
  if (!judged) return {};
  return {
    classAccuracy: {
      count: judged.count,
      ...(flow && { flow: flow.share }),
      ...(byClassifier && { classifier: byClassifier.share }),
    },
  };
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
  const sets = Object.entries(report.sets);
  const bits = sets.map(([name, set]) => `${name} ${set.bitsPerDimension.toFixed(3)}`).join(", ");
  const ranks = sets.flatMap(([name, { rankCorrelation: rank }]) =>
    rank == null ? [] : [`${name} ${rank.toFixed(3)}`],
  );
  return [
    "AUROC with 95 % bootstrap interval; positive = anomalous; 0.5 is chance",
    formatTable(scores, columns),
    `bits/dim under the normal model: ${bits}`,
    ...sets.flatMap(([name, { classAccuracy }]) => (classAccuracy ? [showAccuracy(name, classAccuracy)] : [])),
    ...(ranks.length > 0 ? [`rank correlation of both models' likelihoods: ${ranks.join(", ")}`] : []),
  ].join("\n");
}

function showAccuracy(name: string, { count, ...models }: ClassAccuracy): string {
  const shares = Object.entries(models).map(([model, share]) => `${model} ${share.toFixed(3)}`);
  return `class accuracy on ${count} ${name} images: ${shares.join(", ")}`;
}
