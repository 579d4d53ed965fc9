/** The charts of an analysis: likelihoods of model against model, histograms of scores, AUROC. */
import type { RandomKey } from "../base/index.ts";
import {
  aurocPlot,
  correlationMatrix,
  type HistogramSet,
  likelihoodScatter,
  rankCorrelation,
  scoreHistogramPanels,
  scoreHistograms,
} from "../report/index.ts";
import { type Evaluation, evaluateScores, type ModelTerms, scaleSums } from "../score/index.ts";
import {
  type AnalyzedDetector,
  type AnalyzedSet,
  type LikelihoodModel,
  likelihoodModels,
  type PairedSet,
  pairLikelihoods,
  scoreOf,
} from "./analyzed-sets.ts";
import { type AnalysisFigure, fileNamePart } from "./figures.ts";

/** Two models and their rank correlation over the images of every set together and each by itself; null where there is none. */
export interface ModelPair {
  readonly models: readonly [string, string];
  readonly rankCorrelation: number | null;
  readonly sets: Readonly<Record<string, number | null>>;
}

/** How well a detector's score tells a set from the normal images. */
export interface DetectorEvaluation extends Evaluation {
  readonly detector: string;
}

/** What a scale is called: 0 is the finest. */
export function scaleTitle(scale: number, scales: number): string {
  if (scales === 1) return "scale 0 (the only one)";
  if (scale === 0) return "scale 0 (finest)";
  return scale === scales - 1 ? `scale ${scale} (final)` : `scale ${scale}`;
}

/** Rank correlations of the likelihoods of every two models. */
export function correlateModels(detectors: readonly AnalyzedDetector[]): ModelPair[] {
  const models = likelihoodModels(detectors);
  return models.flatMap((first, index) =>
    models.slice(index).map((second): ModelPair => {
      const sets = pairLikelihoods(first, second);
      return {
        models: [first.title, second.title],
        rankCorrelation: correlationOf(sets),
        sets: Object.fromEntries(sets.map((set) => [set.name, correlationOf([set])])),
      };
    }),
  );
}

function correlationOf(sets: readonly PairedSet[]): number | null {
  const all = (side: "x" | "y"): number[] => sets.flatMap((set) => Array.from(set[side]));
  return rankCorrelation(all("x"), all("y")).value ?? null;
}

/** Scatter plots: the models of every detector against each other, and the normal models of every two detectors. */
export async function likelihoodFigures(detectors: readonly AnalyzedDetector[]): Promise<AnalysisFigure[]> {
  const models = likelihoodModels(detectors);
  const wanted = (a: LikelihoodModel, b: LikelihoodModel): boolean =>
    a.detector === b.detector || (a.model === "normal" && b.model === "normal");
  const pairs = models.flatMap((a, index) =>
    models.slice(index + 1).flatMap((b) => (wanted(a, b) ? [[a, b] as const] : [])),
  );
  const figures: AnalysisFigure[] = [];
  for (const [a, b] of pairs) {
    const title = `Log-likelihood of every image: ${a.title} against ${b.title}`;
    const { svg } = await likelihoodScatter({
      title,
      xLabel: `log-likelihood, ${a.title} (nats)`,
      yLabel: `log-likelihood, ${b.title} (nats)`,
      sets: pairLikelihoods(a, b),
      equalLine: sameInput(a.detector, b.detector),
    });
    figures.push({
      name: `likelihoods-${fileNamePart(a.title)}-${fileNamePart(b.title)}`,
      caption: `Every mark is an image: the further to the right, the more likely by the first model (${a.title}), and the higher, the more likely by the second (${b.title}). Marks along one line mean that both models judge images alike.`,
      alt: title,
      image: { svg },
    });
  }
  return figures;
}

/** Whether two detectors bring images to the same size and colours. */
export function sameInput(a: Pick<AnalyzedDetector, "manifest">, b: Pick<AnalyzedDetector, "manifest">): boolean {
  const [x, y] = [a.manifest.input, b.manifest.input];
  return x.channels === y.channels && x.height === y.height && x.width === y.width;
}

/** The matrix of rank correlations between all models; none for a single model. */
export async function correlationFigures(
  detectors: readonly AnalyzedDetector[],
  pairs: readonly ModelPair[],
): Promise<AnalysisFigure[]> {
  const names = likelihoodModels(detectors).map(({ title }) => title);
  if (names.length < 2) return [];
  const find = (a: string, b: string): number | undefined =>
    pairs.find(({ models: [x, y] }) => (x === a && y === b) || (x === b && y === a))?.rankCorrelation ?? undefined;
  const title = "Rank correlations of the models' log-likelihoods over all images";
  const { svg } = await correlationMatrix({ title, names, values: names.map((a) => names.map((b) => find(a, b))) });
  return [
    {
      name: "rank-correlations",
      caption:
        "Spearman's rank correlation between every two models over the images of all sets: 1 where both order the images alike, 0 where their orders have nothing in common.",
      alt: title,
      image: { svg },
    },
  ];
}

/** The evaluations of the scores to show, against the normal images; none without such images. */
export function evaluateDetector(detector: AnalyzedDetector, key: RandomKey): DetectorEvaluation[] {
  return detector.scores.flatMap((score) =>
    measureSets(detector, score, (set) => scoreOf(detector, set, score), key).map((evaluation) => ({
      detector: detector.name,
      ...evaluation,
    })),
  );
}

function measureSets(
  { sets }: AnalyzedDetector,
  score: string,
  valuesOf: (set: AnalyzedSet) => Float64Array,
  key: RandomKey,
): Evaluation[] {
  const normal = sets.find((set) => set.normal);
  if (!normal) return [];
  const normalScores = valuesOf(normal);
  return sets
    .filter((set) => !set.normal)
    .map((set) => evaluateScores({ score, set: set.name }, { normal: normalScores, anomalous: valuesOf(set) }, key));
}

/** The AUROC of every score as a plot; none without normal images. */
export async function aurocFigures(
  { name, scores, sets }: AnalyzedDetector,
  evaluations: readonly DetectorEvaluation[],
): Promise<AnalysisFigure[]> {
  const own = evaluations.filter(({ detector }) => detector === name);
  if (own.length === 0) return [];
  const title = `${name}: how well each score tells every set from the normal images`;
  const { svg } = await aurocPlot({
    title,
    sets: sets.filter(({ normal }) => !normal).map((set) => set.name),
    rows: scores.map((score) => ({
      name: score,
      aurocs: Object.fromEntries(own.filter((one) => one.score === score).map((one) => [one.set, shown(one)])),
    })),
  });
  return [{ name: `auroc-${fileNamePart(name)}`, caption: `${title}.`, alt: title, image: { svg } }];
}

function shown({ auroc, aurocInterval }: Evaluation) {
  return { value: auroc, ...aurocInterval };
}

/** One histogram for each score. Those of single scales are left to `scaleFigures`, unless nothing else is asked for. */
export async function scoreFigures(detector: AnalyzedDetector, key: RandomKey): Promise<AnalysisFigure[]> {
  const figures: AnalysisFigure[] = [];
  const whole = detector.scores.filter((score) => !/^(ratio-)?scale-\d+$/.test(score));
  for (const score of whole.length > 0 ? whole : detector.scores) {
    const title = `${detector.name}: score ${score}, set by set`;
    const { svg } = await scoreHistograms({
      title,
      xLabel: `${score} (nats)`,
      ...histogramSets(detector, score, (set) => scoreOf(detector, set, score), key),
    });
    figures.push({
      name: `histogram-${fileNamePart(detector.name)}-${fileNamePart(score)}`,
      caption: `Distribution of the score ${score}. The less the outlines overlap, the better it tells the sets apart.`,
      alt: title,
      image: { svg },
    });
  }
  return figures;
}

function histogramSets(
  detector: AnalyzedDetector,
  score: string,
  valuesOf: (set: AnalyzedSet) => Float64Array,
  key: RandomKey,
): { normal?: HistogramSet; sets: HistogramSet[] } {
  const measured = new Map(measureSets(detector, score, valuesOf, key).map((one) => [one.set, shown(one)]));
  const shownSets = detector.sets.map((set) => {
    const auroc = set.normal ? undefined : measured.get(set.name);
    return { isNormal: set.normal, name: set.name, values: valuesOf(set), ...(auroc ? { auroc } : {}) };
  });
  const normal = shownSets.find(({ isNormal }) => isNormal);
  return { ...(normal ? { normal } : {}), sets: shownSets.filter(({ isNormal }) => !isNormal) };
}

/** Histograms scale by scale: of each model's negative log-likelihood, and of the ratio where there are two models. */
export async function scaleFigures(detector: AnalyzedDetector, key: RandomKey): Promise<AnalysisFigure[]> {
  const { name, manifest, flow } = detector;
  const scales = flow.latentShapes.length;
  const kinds = [
    { score: "scale", title: "negative log-likelihood of each scale", values: negativeScale },
    ...(manifest.models.general
      ? [{ score: "ratio-scale", title: "negative log-likelihood ratio of each scale", values: ratioScale }]
      : []),
  ];
  const figures: AnalysisFigure[] = [];
  for (const { score, title, values } of kinds) {
    const { svg } = await scoreHistogramPanels({
      title: `${name}: ${title}`,
      xLabel: "nats",
      panels: Array.from({ length: scales }, (_, scale) => ({
        name: scaleTitle(scale, scales),
        ...histogramSets(detector, `${score}-${scale}`, ({ terms }) => values(terms, scale), key),
      })),
    });
    figures.push({
      name: `scales-${fileNamePart(name)}-${score}`,
      caption: `The ${title}. Fine scales see texture and edges, coarse ones what the image is of.`,
      alt: `${name}: ${title}`,
      image: { svg },
    });
  }
  return figures;
}

/** -(log-det + prior) of a scale under the normal model, [count]; +Infinity where that is not finite. */
function negativeScale({ normal }: ModelTerms, scale: number): Float64Array {
  return scaleColumn(normal, scale).map((value) => finiteOrWorst(0 - value));
}

/** The same minus that of the general model. */
function ratioScale({ normal, general }: ModelTerms, scale: number): Float64Array {
  const other = scaleColumn(general!, scale);
  return scaleColumn(normal, scale).map((value, image) => finiteOrWorst(other[image]! - value));
}

function scaleColumn(table: ModelTerms["normal"], scale: number): Float64Array {
  const sums = scaleSums(table);
  return Float64Array.from({ length: table.count }, (_, image) => sums[image * table.scales + scale]!);
}

function finiteOrWorst(value: number): number {
  return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
}
