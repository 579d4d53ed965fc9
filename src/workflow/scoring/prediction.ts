/** Scoring images: each one's score, p-value and decision, as an asynchronous series of rows. */
import { type ImageSource, openImages, type PreparationProblem } from "../../data/index.ts";
import { type Detector, measuredFor, neededSources } from "../../detector/index.ts";
import {
  checkCalibrated,
  classPosteriors,
  computableScoreNames,
  computeScore,
  placedNames,
  predictedClasses,
  pValues,
  spokesmenOf,
} from "../../score/index.ts";
import { type Decision, type DecisionOptions, decisionOf, marks, warnOfShortage } from "../deciding/decisions.ts";
import type { Watch } from "../events.ts";
import type { MapListener, PlacedMaps } from "../maps/place-scoring.ts";
import { type PlacedSubject, partsOf, placedView } from "../maps/placed-maps.ts";
import { flowHeat, type HeatImage, type HeatListener, mapSubject, openScoreMapper } from "../maps/score-maps.ts";
import { type ScoredBatch, scoreSource } from "./scoring.ts";

/** How images are judged. */
export interface PredictionOptions extends DecisionOptions {
  /** Whether an unreadable image is an error instead of being skipped. */
  readonly strict?: boolean | undefined;
  /** Told of every image's map, in order (`mapSubject`); needs a score or a detector that has places. */
  readonly onMap?: HeatListener | undefined;
  /** Told of every image that is skipped, when it is; all of them come in one event at the end as well. */
  readonly onProblem?: ((problem: PreparationProblem) => void) | undefined;
}

/** What is said of one image. */
export interface Prediction {
  readonly file: string;
  /** The chosen score, higher = more anomalous, nats or standard deviations. */
  readonly score: number;
  /** The share of normal images that look at least as anomalous. */
  readonly pValue: number;
  readonly anomalous: boolean;
  /** Where the chosen score joins several: the one that stands out most. */
  readonly spokesman?: string;
  /** The most probable class and its probability, by the class-conditional flow or else the classifier; null where neither could tell. */
  readonly predictedClass?: string | null;
  readonly classProbability?: number | null;
  /** Every score by name; those of coders only where the chosen score needs them. */
  readonly scores: Readonly<Record<string, number>>;
  /** What the list that named the image says of it besides, by the names of its columns. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** The same with what was judged. */
export interface PredictedImage extends Prediction {
  /** uint8 [C, H, W]: a view, to be copied by whoever keeps it. */
  readonly pixels: Uint8Array;
  /** Where places were looked at. */
  readonly maps?: PlacedMaps;
}

/**
 * Judges images in order, a few batches in memory at a time, however many there are. Everything that can be wrong with locations and options
 * is found before the first image is scored. Unreadable images are skipped, and told of by one event at the end. A rule that takes the p-values of
 * all images (a false-discovery rate, a budget of the images at hand) marks none here: `marksTogether` does, once all rows are there.
 * Throws ConfigError for locations without images and for a score that the detector lacks, FormatError for damaged files, the signal's
 * reason where it calls the work off.
 *
 * @example
 * ```ts
 * import { loadDetector, predict } from "outglow";
 *
 * const detector = await loadDetector("detector");
 * const marked = [];
 * for await (const { file, anomalous } of predict(detector, ["new", "bad"], { falseAlarm: 0.05 })) {
 *   if (anomalous) marked.push(file);
 * }
 * await detector.dispose();
 * ```
 */
export async function* predict(
  detector: Detector,
  images: string | ImageSource | readonly (string | ImageSource)[],
  options: PredictionOptions = {},
  watch: Watch = {},
): AsyncGenerator<PredictedImage, void, void> {
  const { manifest } = detector;
  const given = Array.isArray(images)
    ? (images as readonly (string | ImageSource)[])
    : [images as string | ImageSource];
  // Locations are opened together: strays among them, as of `folder/*`, are then named and end nothing.
  const sources = given.every((one) => typeof one === "string")
    ? [await openImages(given, "images")]
    : await Promise.all(given.map((one) => (typeof one === "string" ? openImages(one, "images") : one)));
  const count = sources.reduce((sum, { length }) => sum + length, 0);
  const decision = decisionOf(detector, options, count);
  const needs = neededSources(manifest, decision.score);
  checkCalibrated(manifest.calibration, decision.score);
  const { onMap, onProblem } = options;
  const subject = onMap && mapSubject(manifest, decision.score);
  warnOfShortage(manifest, decision, count, watch);
  const placed = subject && subject.kind !== "flow" ? subject : undefined;
  const problems: PreparationProblem[] = [];
  // Coding takes longer than a small model's terms: only where the chosen score needs it.
  const scoring = {
    strict: options.strict ?? false,
    coders: needs.includes("coders"),
    measured: measuredFor(manifest, [decision.score]),
    places: placedNames.filter((part) => needs.includes(part) || (placed && partsOf(placed).includes(part))),
    onMap: onMap && placed && placedHeat(detector, placed, onMap),
    onProblem: (problem: PreparationProblem) => {
      problems.push(problem);
      onProblem?.(problem);
    },
  };
  const mapper = subject?.kind === "flow" ? await openScoreMapper(detector, subject) : undefined;
  try {
    for (const source of sources) {
      for await (const batch of scoreSource(detector, source, scoring, watch)) {
        const maps = await mapper?.run(batch.pixels);
        for (const [index, prediction] of judgeImages(detector, decision, batch).entries()) {
          watch.signal?.throwIfAborted();
          if (maps) await onMap?.(heatOf(detector, decision, prediction, maps[index]!));
          yield prediction;
        }
      }
    }
  } finally {
    await mapper?.dispose();
  }
  if (problems.length > 0) watch.onEvent?.({ kind: "skipped", subject: "images", problems });
}

/** Compares two predictions: the more anomalous one first. Not a difference: infinity less infinity is no order. */
export function byScore(a: Prediction, b: Prediction): number {
  return a.score === b.score ? 0 : a.score > b.score ? -1 : 1;
}

/** What a detector says of images whose terms are known: every score, the chosen one's p-value and decision. */
export function judgeImages(
  { manifest: { calibration } }: Pick<Detector, "manifest">,
  decision: Decision,
  { names, terms, pixels, maps, columns: listed }: Omit<ScoredBatch, "classNames" | "indices">,
): PredictedImage[] {
  const { score } = decision;
  const columns = computableScoreNames(terms, calibration).map((name) => computeScore(name, terms, calibration));
  const decisive = columns.find(({ name }) => name === score) ?? computeScore(score, terms, calibration);
  const classes = predictClasses(terms);
  const spokesmen = spokesmenOf(score, terms, calibration);
  const probabilities = pValues(calibration, score, decisive.values);
  const size = pixels.length / names.length;
  return names.map((file, index) => ({
    file,
    score: decisive.values[index]!,
    pValue: probabilities[index]!,
    anomalous: marks(decision, decisive.values[index]!, probabilities[index]!),
    ...(spokesmen && { spokesman: spokesmen[index]! }),
    ...classes?.[index],
    scores: Object.fromEntries(columns.map(({ name, values }) => [name, values[index]!])),
    ...(listed && { columns: listed[index]! }),
    pixels: pixels.subarray(index * size, (index + 1) * size),
    ...(maps && { maps: maps[index]! }),
  }));
}

/** Class and probability of every image, where a model knows classes. */
function predictClasses({ classes, classifier }: ScoredBatch["terms"]) {
  const table = classes ?? classifier;
  if (!table) return undefined;
  const posteriors = classPosteriors(table);
  return Array.from(predictedClasses(table), (predicted, image) => ({
    predictedClass: table.names[predicted] ?? null,
    classProbability: predicted < 0 ? null : posteriors[image * table.names.length + predicted]!,
  }));
}

/** Tells a listener of the maps of a subject, the same range for all images. */
export function placedHeat({ manifest }: Detector, subject: PlacedSubject, onMap: HeatListener): MapListener {
  const { range, draw } = placedView(manifest, subject);
  return ({ name, image, maps }) => onMap({ name, image, heat: draw(maps, image), range, enlargement: 1 });
}

/** A flow's map of an image that was judged. */
export function heatOf(
  { manifest: { input, calibration } }: Detector,
  decision: Decision,
  { file, score, pixels }: PredictedImage,
  map: Float32Array,
): HeatImage {
  const { channels, height, width } = input;
  return flowHeat(file, { kind: "raw", pixels, channels, height, width }, map, {
    score,
    normalScores: calibration.scores[decision.score]!,
  });
}
