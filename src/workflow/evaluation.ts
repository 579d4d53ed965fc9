/** Measuring a detector: how well its scores tell sets of anomalous images from normal ones. */
import { ConfigError, randomKey, setting } from "../base/index.ts";
import {
  type HashedSet,
  type ImageSource,
  type ImageUse,
  type NamedLocation,
  openImages,
  overlapsOf,
  type PreparationProblem,
} from "../data/index.ts";
import { type Detector, measuredFor, namedSources } from "../detector/index.ts";
import {
  bitsPerDimension,
  classAccuracy,
  computableScoreNames,
  computeScore,
  logLikelihoods,
  type ModelTerms,
  type ScoreSets,
  scoreDefinition,
  selectTerms,
  spearmanCorrelation,
} from "../score/index.ts";
import { groupReader } from "./calibration.ts";
import type { Watch } from "./events.ts";
import { groupsOf, hasKinds, nameOfKind, selectBatch } from "./kinds.ts";
import { readKnownImages } from "./known-images.ts";
import { type KeptMap, keepMap, type MapReport, measureMaps, openMasks } from "./map-evaluation.ts";
import {
  type ComparedScores,
  comparePair,
  type Drawing,
  type LabelledThresholds,
  labelledThresholds,
  type MeasuredEvaluation,
  measureSet,
} from "./measures.ts";
import { fittedScores } from "./named-scores.ts";
import { type MappedImage, placedParts } from "./place-scoring.ts";
import { checkEnsemble, type ScoredBatch, type ScoringOptions, scoreImages } from "./scoring.ts";

/** What a detector is measured with. */
export interface EvaluationRequest {
  /** Where normal images are that were not trained on. */
  readonly normal: string;
  /** Sets of anomalous images, each with a name of its own. */
  readonly anomalous: readonly NamedLocation[];
  /** Whether images are coded, for the scores that need their sizes as files. Default true. */
  readonly coders?: boolean | undefined;
  /** Seed of the bootstrap intervals. Default 0. */
  readonly seed?: number | undefined;
  /** Whether an unreadable image is an error instead of being skipped. */
  readonly strict?: boolean | undefined;
  /** Scores whose metrics all have intervals, which takes about a tenth of a second a set and score: `all`, or the default and the compared ones. */
  readonly intervals?: "all" | "some" | undefined;
  /** Scores to compare with the default one, image by image. */
  readonly compare?: readonly string[] | undefined;
  /** Detectors whose default score is compared with this one's, on the same images. */
  readonly against?: readonly Detector[] | undefined;
  /** The detection rate that a threshold is given for. Default 0.95. */
  readonly detection?: number | undefined;
  /** Scores that are measured on demand, or `all` that the detector is calibrated for; they stand beside the others. */
  readonly scores?: readonly string[] | undefined;
  /** Detectors of the same images with other seeds, for the score `waic`. */
  readonly ensemble?: readonly Detector[] | undefined;
  /** Where images come in groups, as `CalibrationRequest.group`: intervals and comparisons draw whole groups. */
  readonly group?: string | undefined;
}

/** What an evaluation says of one set of images. */
export interface SetReport {
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
export interface ClassAccuracy {
  /** Images judged. */
  readonly count: number;
  /** Of the class-conditional flow. */
  readonly flow?: number;
  readonly classifier?: number;
}

/** The result of an evaluation. */
export interface EvaluationReport {
  /** Its location. */
  readonly detector: string;
  readonly positiveClass: "anomalous";
  readonly defaultScore: string;
  /** By name, the normal images first. */
  readonly sets: Readonly<Record<string, SetReport>>;
  readonly evaluations: readonly MeasuredEvaluation[];
  /** Whether differences between scores or detectors are noise, where some are compared. */
  readonly comparisons: readonly ComparedScores[];
  /** Of the default score, by set. */
  readonly thresholds: readonly LabelledThresholds[];
  /** How well the maps of every part that has some show where anomalies are, where there are masks. */
  readonly maps?: readonly MapReport[];
}

/** An evaluation with the numbers that it rests on. */
export interface DetailedEvaluation {
  readonly report: EvaluationReport;
  /** By name, the normal images first. */
  readonly sets: ReadonlyMap<string, ScoredSet>;
}

/** The detection rate that a threshold is given for where none is asked for. */
const usualDetection = 0.95;

/** The name under which the normal images are reported. */
export const normalName = "normal";

/**
 * Scores the sets and compares each, those of MVTec's layout by kind, with the normal images, by every score that the detector and the images
 * allow. Everything that can be wrong with names and locations is found before the first image is scored.
 * Throws ConfigError for two sets of one name and for locations without images, FormatError for damaged files, the signal's reason where it
 * calls the work off.
 *
 * @example
 * ```ts
 * import { evaluate, loadDetector } from "outglow";
 *
 * const detector = await loadDetector("detector", { threads: 2 });
 * const { evaluations } = await evaluate(detector, { normal: "new", anomalous: [{ name: "dents", location: "bad" }] });
 * const byScore = evaluations.map(({ score, auroc }) => [score, auroc]);
 * await detector.dispose();
 * ```
 */
export async function evaluate(
  detector: Detector,
  request: EvaluationRequest,
  watch: Watch = {},
): Promise<EvaluationReport> {
  return (await evaluateInDetail(detector, request, watch)).report;
}

/** The same with the terms of every image; `onBatch` sees every batch of a set while its pixels are there. Throws as `evaluate`. */
export async function evaluateInDetail(
  detector: Detector,
  request: EvaluationRequest,
  watch: Watch = {},
  onBatch?: (set: string, batch: ScoredBatch) => void,
): Promise<DetailedEvaluation> {
  const { calibration, training, defaultScore } = detector.manifest;
  const ensemble = request.ensemble ?? [];
  checkEnsemble(detector, ensemble);
  const available = new Set([
    ...namedSources(detector.manifest),
    ...(ensemble.length > 0 ? (["ensemble"] as const) : []),
  ]);
  if (request.coders === false) available.delete("coders");
  const more = fittedScores(detector.manifest, request.scores ?? [], [...available]).map(({ name }) => name);
  const measured = measuredFor(detector.manifest, [defaultScore, ...more, ...(request.compare ?? [])]);
  for (const score of request.compare ?? []) {
    scoreDefinition(score, training.model.scales, available);
    if (score === defaultScore) throw comparedWithItself(score);
  }
  const groupOf = request.group === undefined ? undefined : groupReader(request.group);
  const sets = await openSets(request);
  const { scored, maps } = await scoreSets(detector, sets, { ...request, measured, ensemble }, watch, onBatch);
  const scoresOf = (set: string, score: string): Float64Array =>
    computeScore(score, scored.get(set)!.terms, calibration).values;
  const anomalous = [...scored.keys()].slice(1);
  const pairOf = (set: string, score: string): ScoreSets => ({
    normal: scoresOf(normalName, score),
    anomalous: scoresOf(set, score),
  });
  const key = randomKey(request.seed ?? 0).fold("bootstrap");
  const drawingOf = (set: string): Drawing => {
    if (groupOf === undefined) return { key };
    const groupsOf = (one: string): string[] => scored.get(one)!.names.map(groupOf);
    return { key, groups: { normal: groupsOf(normalName), anomalous: groupsOf(set) } };
  };
  const withIntervals = new Set([defaultScore, ...(request.compare ?? [])]);
  const evaluations = computableScoreNames(scored.get(normalName)!.terms, calibration).flatMap((score) =>
    anomalous.map((set) => {
      const intervals = request.intervals === "all" || withIntervals.has(score);
      return measureSet(score, set, pairOf(set, score), drawingOf(set), intervals);
    }),
  );
  const comparisons = (request.compare ?? []).flatMap((score) =>
    anomalous.map((set) => {
      const [first, second] = [defaultScore, score].map((name) => ({ name, sets: pairOf(set, name) }));
      return comparePair(set, [first!, second!], drawingOf(set));
    }),
  );
  for (const other of request.against ?? []) {
    const { defaultScore: name, training: theirs } = other.manifest;
    const { needs } = scoreDefinition(name, theirs.model.scales, namedSources(other.manifest));
    const asked = { strict: request.strict, coders: needs.includes("coders") };
    const { scored: others } = await scoreSets(other, sets, asked, watch);
    comparisons.push(
      ...anomalous.map((set) => compareDetectors(detector, other, set, [scored, others], drawingOf(set))),
    );
  }
  const wish = { rate: request.detection ?? usualDetection };
  const report = {
    detector: detector.location,
    positiveClass: "anomalous",
    defaultScore,
    sets: Object.fromEntries(
      [...scored].map(([name, set]) => [
        name,
        { ...describeSet(set), ...(name === normalName ? accuracyOf(set) : {}) },
      ]),
    ),
    evaluations,
    comparisons,
    thresholds: anomalous.map((set) => labelledThresholds(defaultScore, set, pairOf(set, defaultScore), wish)),
    ...(maps.length > 0 && { maps }),
  } as const;
  return { report, sets: scored };
}

function comparedWithItself(score: string): ConfigError {
  return new ConfigError({
    code: "conflicting-settings",
    subject: setting("compare"),
    expected: "another score than the default one",
    got: `'${score}'`,
    remedy: { key: "choose-another" },
  });
}

/** Compares the default scores of two detectors. Throws ConfigError where they did not read the same images. */
function compareDetectors(
  detector: Detector,
  other: Detector,
  set: string,
  [own, others]: readonly [ReadonlyMap<string, ScoredSet>, ReadonlyMap<string, ScoredSet>],
  drawing: Drawing,
): ComparedScores {
  for (const name of [normalName, set]) {
    const [one, two] = [own.get(name)!.names, others.get(name)!.names];
    if (one.length === two.length && one.every((image, index) => image === two[index])) continue;
    throw new ConfigError({
      code: "other-images",
      subject: setting("compare"),
      expected: `both detectors to read the same images of '${name}'`,
      got: `${one.length} and ${two.length}`,
      remedy: { key: "leave-out", what: "images that one of them cannot use" },
    });
  }
  const scoresOf = ({ manifest }: Detector, scored: ReadonlyMap<string, ScoredSet>, name: string) =>
    computeScore(manifest.defaultScore, scored.get(name)!.terms, manifest.calibration).values;
  const sideOf = (one: Detector, scored: ReadonlyMap<string, ScoredSet>) => ({
    name: `${one.manifest.defaultScore} of ${one.location}`,
    sets: { normal: scoresOf(one, scored, normalName), anomalous: scoresOf(one, scored, set) },
  });
  return comparePair(set, [sideOf(detector, own), sideOf(other, others)], drawing);
}

/** The sets of an evaluation, the normal images first. */
type OpenedSets = readonly { readonly name: string; readonly source: ImageSource }[];

async function openSets({ normal, anomalous }: EvaluationRequest): Promise<OpenedSets> {
  const names = [normalName, ...anomalous.map(({ name }) => name)];
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("anomalous"),
      expected: "different names",
      got: `'${twice}' again`,
      remedy: { key: "other", text: "write NAME=DATA" },
    });
  }
  const open = async (name: string, location: string, subject: string, use: ImageUse) => ({
    name,
    source: await openImages(location, subject, { use }),
  });
  return Promise.all([
    open(normalName, normal, setting("normal"), "comparison"),
    ...anomalous.map(({ name, location }) => open(name, location, setting("anomalous"), "anomalies")),
  ]);
}

/** The images of a set under the detector. */
export interface ScoredSet {
  readonly names: readonly string[];
  readonly classNames: readonly (string | undefined)[];
  readonly terms: ModelTerms;
  readonly location: string;
  readonly skipped: readonly PreparationProblem[];
}

/** Scores every set, and warns of images that two sets share. */
async function scoreSets(
  detector: Detector,
  sets: OpenedSets,
  {
    coders = true,
    strict = false,
    measured,
    ensemble,
  }: Pick<EvaluationRequest, "coders" | "strict" | "ensemble"> & Pick<ScoringOptions, "measured">,
  watch: Watch,
  onBatch?: (set: string, batch: ScoredBatch) => void,
): Promise<{ readonly scored: ReadonlyMap<string, ScoredSet>; readonly maps: readonly MapReport[] }> {
  const parts = placedParts(detector);
  const scored = new Map<string, ScoredSet>();
  const kept: KeptMap[] = [];
  let withoutMask = 0;
  const hashed: HashedSet[] = [];
  const warn = (text: string) => watch.onEvent?.({ kind: "warning", text });
  for (const { name, source } of sets) {
    const isNormal = name === normalName;
    const kinds = !isNormal && hasKinds(source);
    const masks = parts.length > 0 && !isNormal ? await openMasks(source.location) : undefined;
    const setOf = (className: string | undefined): string =>
      kinds
        ? nameOfKind(
            name,
            className!,
            sets.map((set) => set.name),
          )
        : name;
    const onMap = (mapped: MappedImage): void => {
      const mask = isNormal ? null : masks?.of(mapped.className, mapped.name);
      if (mask === undefined) withoutMask++;
      else kept.push(keepMap(setOf(mapped.className), mapped, mask));
    };
    const tellBatch = (batch: ScoredBatch): void => {
      for (const [set, images] of groupsOf(batch.classNames.map(setOf))) onBatch?.(set, selectBatch(batch, images));
    };
    const options = { strict, coders, measured, ensemble, onBatch: tellBatch, ...(parts.length > 0 && { onMap }) };
    const { names, terms, classNames, hashes, problems } = await scoreImages(detector, source, options, watch);
    if (problems.length > 0) watch.onEvent?.({ kind: "skipped", subject: name, problems });
    for (const [set, images] of groupsOf(classNames.map(setOf))) {
      scored.set(set, {
        names: images.map((image) => names[image]!),
        classNames: images.map((image) => classNames[image]),
        terms: selectTerms(terms, images),
        location: source.location,
        skipped: problems,
      });
    }
    hashed.push({ name, hashes });
  }
  for (const {
    sets: [one, other],
    count,
  } of overlapsOf(hashed)) {
    warn(`sets: ${showCount(count)} of '${other}' are in '${one}' as well, pixel by pixel`);
  }
  for (const known of await readKnownImages(detector.location, warn)) {
    for (const set of hashed) {
      for (const { count } of overlapsOf([known, set])) {
        warn(`sets: ${showCount(count)} of '${set.name}' are among ${known.name}, pixel by pixel`);
      }
    }
  }
  const maps: MapReport[] = [];
  for (const part of parts) {
    const measured = await measureMaps(part, kept, withoutMask);
    if (measured) maps.push(measured);
  }
  return { scored, maps };
}

function showCount(images: number): string {
  return images === 1 ? "1 image" : `${images} images`;
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
