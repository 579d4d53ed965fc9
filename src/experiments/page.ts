/** The page of a reproduction: tables, what they mean, and the pictures of its first seed. */

import type { AnalyzedDetector } from "../analysis/index.ts";
import {
  type AnalysisFigure,
  redrawnFigures,
  sampleFigures,
  scaleFigures,
  scoreFigures,
  sortedFigures,
} from "../analysis/index.ts";
import { randomKey } from "../base/index.ts";
import { packageVersion } from "../detector/index.ts";
import {
  aurocPlot,
  correlationMatrix,
  likelihoodScatter,
  type ReportSection,
  type ReportTable,
  rankCorrelation,
  renderHtmlReport,
  tableOf,
} from "../report/index.ts";
import type { ProgramOptions } from "../runtime/index.ts";
import type { SupervisedName } from "./models.ts";
import {
  bootstrapKey,
  type LikelihoodName,
  likelihoodNames,
  likelihoodsOf,
  type ReproductionResults,
} from "./results.ts";
import type { ScoredSeed } from "./scored-images.ts";
import {
  accuracyTable,
  describeCells,
  describeTraining,
  expectationTable,
  explanationTable,
  methodTable,
  type ResultTable,
  scaleTable,
  setTable,
  supervisedTable,
} from "./tables.ts";

/** The pictures, by what they are about. */
export interface ReproductionFigures {
  readonly aurocs: readonly AnalysisFigure[];
  readonly likelihoods: readonly AnalysisFigure[];
  readonly scores: readonly AnalysisFigure[];
  readonly supervised: readonly AnalysisFigure[];
  readonly scales: readonly AnalysisFigure[];
  readonly sorted: readonly AnalysisFigure[];
  readonly samples: readonly AnalysisFigure[];
  readonly redrawn: readonly AnalysisFigure[];
}

/** What the models are called where they are shown. */
const modelTitles: Readonly<Record<LikelihoodName, string>> = {
  general: "general model",
  plain: "plain fine-tuning",
  margin: "margin loss",
  outlier: "outlier loss",
  local: "local model",
};

/** The scores whose histograms and orders are shown. */
const shownScores = {
  plain: ["likelihood", "ratio", "final-scale", "hierarchy"],
  outlier: ["ratio", "ratio-final", "hierarchy"],
} as const;

/** The same of the supervised models, with what they are called there. */
const supervisedScores = {
  classes: { title: "with classes", scores: ["class-ratio", "class-likelihood", "msp"] },
  exposed: { title: "outlier exposure", scores: ["msp"] },
} as const;

/** Draws the pictures of a seed. Throws the signal's reason where it calls the work off. */
export async function drawReproduction(
  results: ReproductionResults,
  scored: ScoredSeed,
  engine: ProgramOptions,
  signal?: AbortSignal,
): Promise<ReproductionFigures> {
  const key = randomKey("reproduce").fold("page");
  const plain = titled(scored, "plain");
  const outlier = titled(scored, "outlier");
  // Its general model is that of plain fine-tuning: its images would be shown twice.
  const outlierAlone = withoutGeneral(outlier);
  const both = async (
    draw: (detector: AnalyzedDetector) => Promise<AnalysisFigure[]>,
    second: AnalyzedDetector = outlier,
  ): Promise<AnalysisFigure[]> => {
    signal?.throwIfAborted();
    const first = await draw(plain);
    signal?.throwIfAborted();
    return [...first, ...(await draw(second))];
  };
  return {
    aurocs: [await aurocFigure(results)],
    likelihoods: [
      await scatter(scored, "general", "plain"),
      await scatter(scored, "general", "outlier"),
      await scatter(scored, "local", "plain"),
      await correlations(scored),
    ],
    scores: await both((detector) => scoreFigures(detector, bootstrapKey())),
    supervised: await supervisedFigures(scored),
    scales: await both((detector) => scaleFigures(detector, bootstrapKey())),
    sorted: await both(sortedFigures),
    samples: await both((detector) => sampleFigures(detector, key, engine), outlierAlone),
    redrawn: await both((detector) => redrawnFigures(detector, key, engine), outlierAlone),
  };
}

async function supervisedFigures({ supervised }: ScoredSeed): Promise<AnalysisFigure[]> {
  if (!supervised) return [];
  const of = (name: SupervisedName): Promise<AnalysisFigure[]> => {
    const { title, scores } = supervisedScores[name];
    return scoreFigures({ ...supervised[name], name: title, scores }, bootstrapKey());
  };
  return [...(await of("classes")), ...(await of("exposed"))];
}

function titled({ detectors }: ScoredSeed, name: "plain" | "outlier"): AnalyzedDetector {
  const { manifest, ...rest } = detectors[name];
  const scores = shownScores[name].filter(
    (score) => !score.startsWith("hierarchy") || manifest.calibration.fits[score] !== undefined,
  );
  return { ...rest, manifest, name: modelTitles[name], scores };
}

function withoutGeneral(detector: AnalyzedDetector): AnalyzedDetector {
  const { manifest } = detector;
  return { ...detector, manifest: { ...manifest, models: { ...manifest.models, general: null } } };
}

async function aurocFigure({ main, methods, seeds }: ReproductionResults): Promise<AnalysisFigure> {
  const title = seeds.length > 1 ? `AUROC of every method, mean over ${seeds.length} seeds` : "AUROC of every method";
  const { svg } = await aurocPlot({
    title,
    sets: [...new Set(main.map(({ set }) => set))],
    rows: methods
      .filter(({ group }) => group === "paper" || group === "beyond")
      .map(({ name }) => ({
        name,
        aurocs: Object.fromEntries(
          main
            .filter(({ method }) => method === name)
            .map(({ set, mean, interval }) => [set, { value: mean, ...interval }]),
        ),
      })),
  });
  return {
    name: "auroc",
    caption: `${title}. The columns of the tables from top to bottom.`,
    alt: title,
    image: { svg },
  };
}

async function scatter(scored: ScoredSeed, x: LikelihoodName, y: LikelihoodName): Promise<AnalysisFigure> {
  const title = `Log-likelihood of every image: ${modelTitles[x]} and ${modelTitles[y]}`;
  const { svg } = await likelihoodScatter({
    title,
    xLabel: `log-likelihood, ${modelTitles[x]} (nats)`,
    yLabel: `log-likelihood, ${modelTitles[y]} (nats)`,
    sets: scored.detectors.plain.sets.map(({ name }, set) => ({
      name,
      x: likelihoodsOf(scored, x, set),
      y: likelihoodsOf(scored, y, set),
    })),
  });
  return {
    name: `likelihoods-${x}-${y}`,
    caption: `Every mark is an image: the further to the right, the more likely by the first (${modelTitles[x]}), and the higher, the more likely by the second (${modelTitles[y]}). Marks along one line mean that both order images alike.`,
    alt: title,
    image: { svg },
  };
}

async function correlations(scored: ScoredSeed): Promise<AnalysisFigure> {
  const title = "Rank correlations of the models' log-likelihoods over all images";
  const all = likelihoodNames.map((name) =>
    scored.detectors.plain.sets.flatMap((_, set) => Array.from(likelihoodsOf(scored, name, set))),
  );
  const { svg } = await correlationMatrix({
    title,
    names: likelihoodNames.map((name) => modelTitles[name]),
    values: all.map((a) => all.map((b) => rankCorrelation(a, b).value)),
  });
  return {
    name: "rank-correlations",
    caption:
      "Spearman's rank correlation between every two models over the images of all sets: 1 where both order the images alike, 0 where their orders have nothing in common.",
    alt: title,
    image: { svg },
  };
}

/** The HTML text. */
export function renderReproduction(
  results: ReproductionResults,
  figures: ReproductionFigures,
  commands: readonly string[],
): string {
  const { plan, seeds } = results;
  return renderHtmlReport({
    title: `${plan.title}: how well every method finds images that do not belong`,
    introduction: [
      `The experiment of Schirrmeister et al. (NeurIPS 2020), "Understanding Anomaly Detection with Deep Invertible Networks through Hierarchies of Distributions and Features", repeated on ${plan.title} (suite ${plan.suite}), with ${seeds.length === 1 ? "one seed" : `${seeds.length} seeds`}.`,
      "A flow is a model that gives every image a likelihood: how probable it finds the image. One flow learns normal images, another one images in general. The paper asks which of their numbers tells images that do not belong from normal ones, without having seen any such image in training.",
      describeTraining(results),
      ...plan.notes,
    ],
    sections: sectionsOf(results, figures),
    commands,
    footer: `Made by outglow ${packageVersion()}. The numbers are in results.json and table.md, the pictures in figures/.`,
  });
}

function sectionsOf(results: ReproductionResults, figures: ReproductionFigures): ReportSection[] {
  return [
    {
      heading: "Results",
      text: [describeCells(results)],
      tables: [table(methodTable(results, "paper")), table(methodTable(results, "beyond"))],
      figures: figures.aurocs,
    },
    ...supervisedSection(results, figures),
    { heading: "What each column is", tables: [withoutCaption(explanationTable(results))] },
    {
      heading: "What the paper leads one to expect",
      text: ["Computed from the numbers above, not asserted."],
      tables: [withoutCaption(expectationTable(results))],
    },
    {
      heading: "Likelihoods, model against model",
      text: [
        "If two models order images alike, likelihood says more about the images (smooth ones are likely under any model) than about what the models were trained on. That is the paper's explanation of why raw likelihood fails, and why the difference of two models helps.",
        "Plain fine-tuning, margin loss and outlier loss are three models of the normal images, each trained from the general model on; the local model sees patches of 8x8 pixels only. All pictures from here on are of the first seed.",
      ],
      tables: [table(setTable(results))],
      figures: figures.likelihoods,
    },
    {
      heading: "Scores, set by set",
      text: ["Higher is more anomalous."],
      figures: figures.scores,
    },
    {
      heading: "Scores, scale by scale",
      text: ["Each plot is one scale's share of the score."],
      tables: [table(scaleTable(results))],
      figures: figures.scales,
    },
    { heading: "Images in the order of each score", figures: figures.sorted },
    { heading: "Images that the models draw", figures: figures.samples },
    { heading: "What each scale knows of an image", figures: figures.redrawn },
  ];
}

function supervisedSection(results: ReproductionResults, figures: ReproductionFigures): ReportSection[] {
  const methods = supervisedTable(results);
  if (!methods) return [];
  const accuracies = accuracyTable(results);
  return [
    {
      heading: "With the classes of the normal images",
      text: ["The paper's supervised setting: the models know which class every normal training image belongs to."],
      tables: [withoutCaption(methods), ...(accuracies ? [table(accuracies)] : [])],
      figures: figures.supervised,
    },
  ];
}

function table<Row>({ rows, columns, caption }: ResultTable<Row>): ReportTable {
  return tableOf(rows, columns, caption);
}

/** For a table whose section's heading says it. */
function withoutCaption<Row>({ rows, columns }: ResultTable<Row>): ReportTable {
  return tableOf(rows, columns);
}
