/** Measuring a detector: how well its scores tell sets of anomalous images from normal ones. */
import { ConfigError, randomKey, setting } from "../../base/index.ts";
import type { NamedLocation, PreparationProblem } from "../../data/index.ts";
import { type Detector, measuredFor, namedSources, neededSources } from "../../detector/index.ts";
import {
  bitsPerDimension,
  classAccuracy,
  computableScoreNames,
  computeScore,
  logLikelihoods,
  type ScoreSets,
  scoreDefinition,
  spearmanCorrelation,
} from "../../score/index.ts";
import type { Watch } from "../events.ts";
import type { MapReport } from "../maps/map-evaluation.ts";
import { fittedScores } from "../scoring/named-scores.ts";
import { checkEnsemble, type ScoredBatch } from "../scoring/scoring.ts";
import { groupReader } from "./calibration.ts";
import { normalName, openSets, type ScoredSet, scoreSets } from "./evaluation-sets.ts";
import {
  type ComparedScores,
  comparePair,
  type Drawing,
  type LabelledThresholds,
  labelledThresholds,
  type MeasuredEvaluation,
  measureSet,
} from "./measures.ts";

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
    const needs = neededSources(other.manifest, other.manifest.defaultScore);
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
