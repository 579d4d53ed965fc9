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
import type { Detector } from "../detector/index.ts";
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
import type { Watch } from "./events.ts";
import { scoreImages } from "./scoring.ts";

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
  readonly evaluations: readonly Evaluation[];
}

/** The name under which the normal images are reported. */
const normalName = "normal";

/**
 * Scores the sets and compares each with the normal images, by every score that the detector and the images allow. Everything that can be
 * wrong with names and locations is found before the first image is scored.
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
  return evaluateSets(detector, await openSets(request), request, watch);
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

interface ScoredSet {
  readonly classNames: readonly (string | undefined)[];
  readonly terms: ModelTerms;
  readonly location: string;
  readonly skipped: readonly PreparationProblem[];
}

async function evaluateSets(
  detector: Detector,
  sets: OpenedSets,
  { coders = true, seed = 0, strict = false }: Pick<EvaluationRequest, "coders" | "seed" | "strict">,
  watch: Watch,
): Promise<EvaluationReport> {
  const { calibration, defaultScore } = detector.manifest;
  const scored = new Map<string, ScoredSet>();
  const hashed: HashedSet[] = [];
  for (const { name, source } of sets) {
    const { terms, classNames, hashes, problems } = await scoreImages(detector, source, { strict, coders }, watch);
    if (problems.length > 0) watch.onEvent?.({ kind: "skipped", subject: name, problems });
    scored.set(name, { terms, classNames, location: source.location, skipped: problems });
    hashed.push({ name, hashes });
  }
  for (const {
    sets: [one, other],
    count,
  } of overlapsOf(hashed)) {
    const images = count === 1 ? "1 image" : `${count} images`;
    watch.onEvent?.({ kind: "warning", text: `sets: ${images} of '${other}' are in '${one}' as well, pixel by pixel` });
  }
  const scoresOf = (set: string, score: string): Float64Array =>
    computeScore(score, scored.get(set)!.terms, calibration).values;
  const key = randomKey(seed).fold("bootstrap");
  const evaluations = computableScoreNames(scored.get(normalName)!.terms, calibration).flatMap((score) => {
    const normal = scoresOf(normalName, score);
    return sets
      .slice(1)
      .map(({ name: set }) => evaluateScores({ score, set }, { normal, anomalous: scoresOf(set, score) }, key));
  });
  return {
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
