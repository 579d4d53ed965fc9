/** The page about decisions, gathered while images are scored: numbers of every image, pixels of a few. */

import type { PreparationProblem } from "../../data/index.ts";
import { type Detector, namedSources, packageVersion } from "../../detector/index.ts";
import {
  type DecisionReport,
  type Gallery,
  type GalleryImage,
  type ReportInput,
  type ReportTable,
  renderDecisionReport,
  renderHeatOverlay,
  thumbnailOf,
} from "../../report/index.ts";
import { referenceCount, scaleContent, scoreDefinition } from "../../score/index.ts";
import { type Decision, marksTogether } from "../deciding/decisions.ts";
import { type HeatImage, heatOfJudged } from "../maps/score-maps.ts";
import type { PredictedImage } from "../scoring/prediction.ts";

/** What is known of a set's images. */
export type SetKind = "normal" | "anomalous" | "unlabelled";

/** What comes on the page beside the images. */
export interface PageParts {
  readonly title: string;
  readonly tables?: readonly ReportTable[];
  readonly remarks?: readonly string[];
  readonly inputs: readonly {
    readonly name: string;
    readonly read: number;
    readonly skipped: readonly PreparationProblem[];
  }[];
  readonly settings: readonly (readonly [string, string])[];
  readonly commands: readonly string[];
}

/** Gathers images and makes the page of them. */
export interface DecisionPage {
  /** Adds an image of a set; its pixels are copied where they may be shown. */
  add(set: string, kind: SetKind, image: PredictedImage): void;
  /** The page's HTML. */
  render(parts: PageParts): Promise<string>;
}

/** Images at either end of a set that may be shown. */
const shownAtEnds = 12;

interface Gathered {
  readonly kind: SetKind;
  readonly judged: { readonly score: number; readonly pValue: number; readonly spokesman?: string | undefined }[];
  /** By scale. */
  readonly scales: number[][];
  most: readonly PredictedImage[];
  least: readonly PredictedImage[];
}

/** A page about what a detector decides. */
export function decisionPage(detector: Detector, decision: Decision): DecisionPage {
  const { manifest } = detector;
  const { scales } = manifest.training.model;
  const sets = new Map<string, Gathered>();
  const gathered = (set: string, kind: SetKind): Gathered => {
    const known = sets.get(set);
    if (known) return known;
    const lists = Array.from({ length: scales }, (): number[] => []);
    const fresh: Gathered = { kind, judged: [], scales: lists, most: [], least: [] };
    sets.set(set, fresh);
    return fresh;
  };
  return {
    add(name, kind, image) {
      const set = gathered(name, kind);
      set.judged.push({ score: image.score, pValue: image.pValue, spokesman: image.spokesman });
      for (let scale = 0; scale < scales; scale++) set.scales[scale]!.push(image.scores[`scale-${scale}`]!);
      set.most = keepFirst(set.most, image, (a, b) => compare(b.score, a.score));
      set.least = keepFirst(set.least, image, (a, b) => compare(a.score, b.score));
    },
    async render(parts) {
      const { unit, description } = scoreDefinition(decision.score, scales, namedSources(manifest));
      const threshold = decision.together
        ? thresholdTogether(
            decision,
            [...sets.values()].flatMap(({ judged }) => judged),
          )
        : (decision.threshold ?? undefined);
      const entries = [...sets];
      const gathered = galleriesOf(entries);
      const shown = [...new Set(gathered.flatMap(({ images }) => images.map(([, image]) => image)))];
      const heats = await heatOfJudged(detector, decision.score, shown);
      const heatOf = new Map(heats?.map((heat, position) => [shown[position]!, heat]));
      const galleries = await Promise.all(
        gathered.map(
          async ({ heading, text, images }): Promise<Gallery> => ({
            heading,
            ...(text === undefined ? {} : { text }),
            images: await Promise.all(
              images.map(([set, image]) => galleryImage(set, image, detector, heatOf.get(image))),
            ),
          }),
        ),
      );
      const { calibrated } = manifest;
      const spoken = describeSpokesmen(
        decision,
        [...sets.values()].flatMap(({ judged }) => judged),
      );
      const report: DecisionReport = {
        ...parts,
        remarks: [...(parts.remarks ?? []), ...(spoken === undefined ? [] : [spoken])],
        score: { name: decision.score, unit, description },
        rule: `${decision.words.charAt(0).toUpperCase()}${decision.words.slice(1)}.`,
        threshold,
        sets: entries.map(([name, { kind, judged }]) => ({
          name,
          kind,
          scores: Float64Array.from(judged, ({ score }) => score),
        })),
        reference: {
          count: referenceCount(manifest.calibration, decision.score),
          scores: manifest.calibration.scores[decision.score] ?? [],
        },
        scales: Array.from({ length: scales }, (_, scale) => ({
          name: `scale ${scale}, ${scaleContent(scale, scales)}: negative log-likelihood in nats`,
          values: entries.map(([, set]) => set.scales[scale]!),
        })),
        galleries,
        inputs: parts.inputs.map(summarise),
        settings: [
          ["detector", detector.location],
          [
            "calibrated on",
            calibrated
              ? `${calibrated.count} images of ${calibrated.location}`
              : "held-out normal images of the training",
          ],
          ...parts.settings,
        ],
        footer: `outglow ${packageVersion()}`,
      };
      return renderDecisionReport(report);
    },
  };
}

/** Which experts raised the marked images most, where several are joined and some image is marked. */
function describeSpokesmen(decision: Decision, judged: Gathered["judged"]): string | undefined {
  const all = marksTogether(decision, judged);
  const counts = new Map<string, number>();
  for (const [image, { spokesman }] of judged.entries()) {
    if (all[image] && spokesman !== undefined) counts.set(spokesman, (counts.get(spokesman) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const marked = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const [most, ...others] = [...counts].sort(([, a], [, b]) => b - a);
  const rest = others.map(([name, count]) => `, ${name} for ${count}`).join("");
  return `Of the scores that are joined, ${most![0]} spoke for ${most![1]} of the ${marked} images that this rule marks${rest}.`;
}

/** The scores of the marked are above it; undefined where none is marked. */
function thresholdTogether(decision: Decision, judged: Gathered["judged"]): number | undefined {
  const marked = marksTogether(decision, judged);
  if (!marked.some(Boolean)) return undefined;
  const below = judged.reduce(
    (most, { score }, image) => (marked[image] ? most : Math.max(most, score)),
    Number.NEGATIVE_INFINITY,
  );
  if (Number.isFinite(below)) return below;
  // All are marked; every number below the least score does that.
  return judged.reduce((least, { score }) => Math.min(least, score), Number.MAX_VALUE) - 1;
}

type Shown = readonly [set: string, image: PredictedImage];

function galleriesOf(sets: readonly (readonly [string, Gathered])[]) {
  const of = (kind: SetKind, end: "most" | "least"): Shown[] =>
    sets.flatMap(([name, set]) => (set.kind === kind ? set[end].map((image): Shown => [name, image]) : []));
  const ordered = (list: Shown[], descending: boolean): Shown[] =>
    list.sort(([, a], [, b]) => (descending ? compare(b.score, a.score) : compare(a.score, b.score)));
  const all: { heading: string; text?: string; images: Shown[] }[] = [
    { heading: "Most anomalous", images: ordered(of("unlabelled", "most"), true) },
    { heading: "Least anomalous", images: ordered(of("unlabelled", "least"), false) },
    {
      heading: "Normal images with the highest scores",
      text: "Those that are marked are false alarms, or anomalies that nobody has noticed.",
      images: ordered(of("normal", "most"), true),
    },
    {
      heading: "Anomalous images with the lowest scores",
      text: "Those that are not marked are missed.",
      images: ordered(of("anomalous", "least"), false),
    },
    { heading: "Anomalous images with the highest scores", images: ordered(of("anomalous", "most"), true) },
  ];
  return all
    .filter(({ images }) => images.length > 0)
    .map((gallery) => ({ ...gallery, images: gallery.images.slice(0, 2 * shownAtEnds) }));
}

async function galleryImage(
  set: string,
  { file, score, pValue, pixels }: PredictedImage,
  { manifest: { input } }: Detector,
  heat: HeatImage | undefined,
): Promise<GalleryImage> {
  const thumbnail = await thumbnailOf(pixels, input);
  if (!heat) return { name: file, set, score, pValue, thumbnail };
  const { height, width } = input;
  const map = await renderHeatOverlay({ height, width, heat: heat.heat, range: heat.range });
  return { name: file, set, score, pValue, thumbnail, map };
}

/** The first images by an order; the earlier ones come first among equals. Only their pixels are kept. */
function keepFirst(
  kept: readonly PredictedImage[],
  image: PredictedImage,
  order: (a: PredictedImage, b: PredictedImage) => number,
): readonly PredictedImage[] {
  if (kept.length === shownAtEnds && order(image, kept.at(-1)!) >= 0) return kept;
  return [...kept, { ...image, pixels: image.pixels.slice() }].sort(order).slice(0, shownAtEnds);
}

/** Not a difference: infinity less infinity is no order. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The commonest reasons with their numbers. */
function summarise({ name, read, skipped }: PageParts["inputs"][number]): ReportInput {
  const counts = new Map<string, number>();
  for (const { reason } of skipped) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const list = Array.from(counts, ([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
  const others = list.slice(shownReasons).reduce((sum, { count }) => sum + count, 0);
  return {
    name,
    read,
    skipped: [...list.slice(0, shownReasons), ...(others > 0 ? [{ reason: "for other reasons", count: others }] : [])],
  };
}

const shownReasons = 5;
