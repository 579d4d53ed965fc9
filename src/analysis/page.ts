/** The page of an analysis: what was looked at, what each picture shows, and the pictures. */
import { type ReportSection, type ReportTable, renderHtmlReport, tableOf } from "../report/index.ts";
import { bitsPerDimension } from "../score/index.ts";
import { type AnalyzedDetector, likelihoodModels } from "./analyzed-sets.ts";
import { type DetectorEvaluation, sameInput } from "./charts.ts";
import type { AnalysisFigure } from "./figures.ts";

/** All pictures of an analysis by what they are about. */
export interface AnalysisFigures {
  readonly likelihoods: readonly AnalysisFigure[];
  readonly correlations: readonly AnalysisFigure[];
  readonly aurocs: readonly AnalysisFigure[];
  readonly scores: readonly AnalysisFigure[];
  readonly scales: readonly AnalysisFigure[];
  readonly sorted: readonly AnalysisFigure[];
  readonly samples: readonly AnalysisFigure[];
  readonly redrawn: readonly AnalysisFigure[];
}

/** The HTML text. `commands` are those that make it again, if there are any. */
export function renderAnalysisPage(
  detectors: readonly AnalyzedDetector[],
  figures: AnalysisFigures,
  evaluations: readonly DetectorEvaluation[],
  { commands, version }: { readonly commands: readonly string[]; readonly version: string },
): string {
  const names = detectors.map(({ name }) => name).join(", ");
  return renderHtmlReport({
    title: `Analysis of ${names}`,
    introduction: [
      "A detector holds a model of normal images and, where it was trained with one, a model of images in general. A model gives every image a likelihood: how probable it finds the image. It does so scale by scale, from fine texture to coarse content, and the sum over the scales is the log-likelihood, in nats.",
      "A score says how anomalous an image is; higher always means more anomalous. This page shows what the models and the scores see in several sets of images.",
    ],
    sections: sectionsOf(detectors, figures, evaluations),
    commands,
    footer: `Made by outglow ${version}. The numbers behind the pictures are in analysis.json, the pictures themselves in figures/.`,
  });
}

function sectionsOf(
  detectors: readonly AnalyzedDetector[],
  figures: AnalysisFigures,
  evaluations: readonly DetectorEvaluation[],
): ReportSection[] {
  const differ = detectors.some((detector) => !sameInput(detector, detectors[0]!));
  const sections: ReportSection[] = [
    {
      heading: "Detectors and images",
      text: differ
        ? [
            "The detectors take images of different sizes or colours; each sees every image brought to its own. Between such detectors, compare the order of the images, not the values.",
          ]
        : [],
      tables: [detectorTable(detectors), setTable(detectors)],
    },
    {
      heading: "Likelihoods, model against model",
      text: [
        "If two models order images alike, the likelihood says more about the images (smooth ones are likely under any model) than about what the models were trained on.",
        ...(figures.likelihoods.length > 0 ? [] : ["There is one model only, so there is nothing to compare it with."]),
      ],
      figures: [...figures.likelihoods, ...figures.correlations],
    },
    {
      heading: "Scores",
      text: [
        ...(evaluations.length > 0
          ? [
              "AUROC is the chance that an image of the set scores higher than a normal one: 1 is perfect, 0.5 is guessing, and below 0.5 the score points the wrong way.",
            ]
          : ["No normal images to compare with were given, so there is no AUROC."]),
      ],
      tables: evaluations.length > 0 ? [aurocTable(evaluations)] : [],
      figures: [...figures.aurocs, ...figures.scores],
    },
    {
      heading: "Scores, scale by scale",
      text: ["Each plot is one scale's share of the score."],
      figures: figures.scales,
    },
    {
      heading: "Images in the order of each score",
      figures: figures.sorted,
    },
    {
      heading: "Images that the models draw",
      figures: figures.samples,
    },
  ];
  if (figures.redrawn.length === 0) return sections;
  return [...sections, { heading: "What each scale knows of an image", figures: figures.redrawn }];
}

function detectorTable(detectors: readonly AnalyzedDetector[]): ReportTable {
  return tableOf(
    detectors,
    [
      { heading: "detector", value: ({ name }) => name },
      { heading: "folder", value: ({ folder }) => folder },
      {
        heading: "images",
        value: ({ manifest: { input } }) =>
          `${input.width}x${input.height}, ${input.channels === 1 ? "grey" : "colour"}`,
      },
      { heading: "scales", value: ({ flow }) => flow.latentShapes.length },
      { heading: "trained on", value: ({ manifest }) => manifest.data.normal.location },
      {
        heading: "general model",
        value: ({ manifest: { models, data, generalDetector } }) =>
          models.general ? (generalDetector?.folder ?? data.general?.location ?? "yes") : "none",
      },
      { heading: "default score", value: ({ manifest }) => manifest.defaultScore },
    ],
    "Detectors",
  );
}

function setTable(detectors: readonly AnalyzedDetector[]): ReportTable {
  const models = likelihoodModels(detectors);
  const sets = detectors[0]!.sets.map((set, index) => ({ ...set, index }));
  return tableOf(
    sets,
    [
      { heading: "set", value: ({ name }) => name },
      { heading: "images from", value: ({ location }) => location },
      { heading: "used", value: ({ names }) => names.length },
      { heading: "unreadable", value: ({ skipped }) => skipped.length },
      ...models.map(({ title, likelihoods, detector }) => ({
        heading: `bits/dim, ${title}`,
        value: ({ index }: { readonly index: number }) =>
          bitsPerDimension(mean(likelihoods[index]!), detector.sets[index]!.terms.dimensions),
        digits: 3,
      })),
    ],
    "Sets of images, with the bits per dimension (negative log-likelihood for each number of an image) that each model needs on average: fewer = more likely",
  );
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function aurocTable(evaluations: readonly DetectorEvaluation[]): ReportTable {
  const sets = [...new Set(evaluations.map(({ set }) => set))];
  const several = new Set(evaluations.map(({ detector }) => detector)).size > 1;
  const rows = evaluations.filter(({ set }) => set === sets[0]);
  return tableOf(
    rows,
    [
      ...(several ? [{ heading: "detector", value: ({ detector }: DetectorEvaluation) => detector }] : []),
      { heading: "score", value: ({ score }) => score },
      ...sets.map((set) => ({
        heading: set,
        value: (row: DetectorEvaluation) => {
          const { auroc, aurocInterval } = evaluations.find(
            (one) => one.detector === row.detector && one.score === row.score && one.set === set,
          )!;
          return `${auroc.toFixed(3)} [${aurocInterval.low.toFixed(3)}, ${aurocInterval.high.toFixed(3)}]`;
        },
      })),
    ],
    "AUROC with 95 % bootstrap interval; positive = the set's images, negative = the normal images",
  );
}
