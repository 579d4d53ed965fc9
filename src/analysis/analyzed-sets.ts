/** What an analysis rests on: the images of every set as every detector sees them, with their terms. */
import { permutation, type RandomKey } from "../base/index.ts";
import type { ImageSource, PreparationProblem } from "../data/index.ts";
import { type Detector, type Manifest, presentFlows } from "../detector/index.ts";
import type { Flow } from "../flow/index.ts";
import type { FlowName } from "../model/index.ts";
import { computeScore, joinModelTerms, logLikelihoods, type ModelTerms } from "../score/index.ts";
import { type ScoredBatch, type ScoringOptions, scoreSource, type Watch } from "../workflow/index.ts";

/** A set of images and where they come from. */
export interface AnalysisSource {
  readonly name: string;
  /** Whether these are the normal images that others are compared with. */
  readonly normal: boolean;
  readonly source: ImageSource;
}

/** A set of images as one detector sees it. */
export interface AnalyzedSet {
  readonly name: string;
  readonly normal: boolean;
  readonly location: string;
  readonly names: readonly string[];
  /** uint8 [count, C, H, W]. */
  readonly pixels: Uint8Array;
  readonly terms: ModelTerms;
  readonly skipped: readonly PreparationProblem[];
}

/** A detector and what it says of every set. */
export interface AnalyzedDetector {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
  readonly flow: Flow;
  /** The scores to show. */
  readonly scores: readonly string[];
  readonly sets: readonly AnalyzedSet[];
}

/** A model with the log-likelihoods of every set's images. */
export interface LikelihoodModel {
  /** Names it among all models of the analysis. */
  readonly title: string;
  readonly detector: AnalyzedDetector;
  readonly model: FlowName;
  /** log p(x) in nats, [count] a set. */
  readonly likelihoods: readonly Float64Array[];
}

/** Values of two models for the same images of a set. */
export interface PairedSet {
  readonly name: string;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** A source with at most `limit` of its images, in their order; the same ones for the same key. */
export function limitSource(source: ImageSource, limit: number, key: RandomKey): ImageSource {
  if (source.length <= limit) return source;
  const chosen = permutation(source.length, key.stream()).subarray(0, limit).sort();
  return {
    ...source,
    length: limit,
    name: (index) => source.name(chosen[index]!),
    className: (index) => source.className(chosen[index]!),
    splitNames: (index) => source.splitNames(chosen[index]!),
    read: (index, specification) => source.read(chosen[index]!, specification),
  };
}

/** Scores every image of a set and tells which ones were skipped. Throws as `scoreSource`. */
export async function analyzeSet(
  detector: Detector,
  { name, normal, source }: AnalysisSource,
  { strict, coders }: Omit<ScoringOptions, "onProblem">,
  watch: Watch = {},
): Promise<AnalyzedSet> {
  const batches: ScoredBatch[] = [];
  const skipped: PreparationProblem[] = [];
  const onProblem = (problem: PreparationProblem) => skipped.push(problem);
  for await (const batch of scoreSource(detector, source, { strict, coders, onProblem }, watch)) batches.push(batch);
  if (skipped.length > 0) watch.onEvent?.({ kind: "skipped", subject: source.location, problems: skipped });
  return {
    name,
    normal,
    location: source.location,
    names: batches.flatMap(({ names }) => names),
    pixels: Buffer.concat(batches.map(({ pixels }) => pixels)),
    terms: joinModelTerms(batches.map(({ terms }) => terms)),
    skipped,
  };
}

/** A score of every image of a set, [count]. */
export function scoreOf({ manifest }: AnalyzedDetector, { terms }: AnalyzedSet, score: string): Float64Array {
  return computeScore(score, terms, manifest.calibration).values;
}

/** The models of a detector that have likelihoods. */
export function modelNames({ manifest }: Pick<AnalyzedDetector, "manifest">): readonly FlowName[] {
  return presentFlows(manifest.models);
}

/** Every model of every detector with its likelihoods. */
export function likelihoodModels(detectors: readonly AnalyzedDetector[]): LikelihoodModel[] {
  const prefix = (name: string): string => (detectors.length > 1 ? `${name}: ` : "");
  return detectors.flatMap((detector) =>
    modelNames(detector).map((model) => ({
      title: `${prefix(detector.name)}${model} model`,
      detector,
      model,
      likelihoods: detector.sets.map(({ terms }) => logLikelihoods(terms[model]!)),
    })),
  );
}

/** The likelihoods of two models for the images that both detectors could use, set by set. */
export function pairLikelihoods(a: LikelihoodModel, b: LikelihoodModel): PairedSet[] {
  return a.detector.sets.map((set, index) => {
    const positions = new Map(b.detector.sets[index]!.names.map((name, position) => [name, position]));
    const pairs = set.names.flatMap((name, position): [number, number][] => {
      const other = positions.get(name);
      return other === undefined ? [] : [[a.likelihoods[index]![position]!, b.likelihoods[index]![other]!]];
    });
    return {
      name: set.name,
      x: Float64Array.from(pairs, ([value]) => value),
      y: Float64Array.from(pairs, ([, value]) => value),
    };
  });
}
