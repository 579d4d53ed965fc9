/** The numbers of a reproduction: every method on every pair of sets over the seeds, and what the paper expects of them. */

import { type AnalyzedDetector, type AnalyzedSet, scoreOf } from "../analysis/index.ts";
import { type RandomKey, randomKey } from "../base/index.ts";
import { rankCorrelation } from "../report/index.ts";
import {
  bitsPerDimension,
  computableScoreNames,
  evaluateScores,
  type Interval,
  logLikelihoods,
  type ModelTerms,
} from "../score/index.ts";
import { type Method, mainMethods, scaleMethods, supervisedMethods } from "./methods.ts";
import type { Plan } from "./plan.ts";
import { detectorOf, type ScoredSeed } from "./scored-images.ts";
import { type ClassModelName, classModelNames, type SeedAccuracies } from "./supervised.ts";

/** A number that was measured for every seed. */
export interface Summary {
  readonly mean: number;
  /** Sample standard deviation over the seeds; null for one seed. */
  readonly deviation: number | null;
  /** One a seed. */
  readonly values: readonly number[];
}

/** AUROC of a method on a set. */
export interface MethodResult extends Summary {
  readonly method: string;
  readonly detector: string;
  readonly score: string;
  readonly set: string;
  /** 95 % bootstrap interval over the test images: the mean of its ends over the seeds. */
  readonly interval: Interval;
  /** One a seed. */
  readonly intervals: readonly Interval[];
}

/** What the models say of a set. */
export interface SetResult {
  readonly name: string;
  readonly location: string;
  readonly count: number;
  readonly skipped: number;
  /** Mean, by model. */
  readonly bitsPerDimension: Readonly<Record<string, Summary>>;
  /** Spearman's, between the normal model (plain fine-tuning) and the general one; null where one of them is constant. */
  readonly rankCorrelation: Summary | null;
}

/** What the paper leads one to expect, and whether it came out. */
export interface Expectation {
  readonly expectation: string;
  /** Null where there was nothing to check. */
  readonly held: boolean | null;
  readonly finding: string;
}

/** How often the models that know classes name the right one, on normal test images of a known class. */
export interface AccuracyResult {
  readonly count: number;
  readonly models: Readonly<Record<ClassModelName, Summary>>;
}

/** All numbers of a reproduction, as results.json holds them. */
export interface ReproductionResults {
  readonly suite: string;
  readonly seeds: readonly number[];
  readonly positiveClass: "anomalous";
  readonly methods: readonly Method[];
  readonly main: readonly MethodResult[];
  readonly scales: readonly MethodResult[];
  /** Empty without the supervised setting. */
  readonly supervised: readonly MethodResult[];
  /** Null without the supervised setting, and where no normal test image has a known class. */
  readonly classAccuracy: AccuracyResult | null;
  readonly sets: readonly SetResult[];
  readonly expectations: readonly Expectation[];
  readonly plan: Plan;
}

/** The log-likelihoods that tell the models of a seed apart, by model: which detector and which of its terms. */
const likelihoodSources = {
  general: { detector: "plain", model: "general" },
  plain: { detector: "plain", model: "normal" },
  margin: { detector: "margin", model: "normal" },
  outlier: { detector: "outlier", model: "normal" },
  local: { detector: "plain", model: "local" },
} as const;
/** A model whose likelihoods are reported. */
export type LikelihoodName = keyof typeof likelihoodSources;
export const likelihoodNames = Object.keys(likelihoodSources) as LikelihoodName[];

/** log p of the images of a set under a model, [count] in nats. */
export function likelihoodsOf({ detectors }: ScoredSeed, name: LikelihoodName, set: number): Float64Array {
  const { detector, model } = likelihoodSources[name];
  return logLikelihoods(detectors[detector].sets[set]!.terms[model]!);
}

/** The key of all intervals: that of an evaluation with seed 0, for the same numbers. */
export function bootstrapKey(): RandomKey {
  return randomKey(0).fold("bootstrap");
}

/** The AUROC of one seed's methods on every set, by set and method. */
export type SeedMeasures = ReadonlyMap<string, { readonly auroc: number; readonly interval: Interval }>;

/** Measures every method of a seed. Takes some seconds, most of them for the intervals. */
export function measureSeed(plan: Plan, scored: ScoredSeed): SeedMeasures {
  const key = bootstrapKey();
  const measures = new Map<string, { auroc: number; interval: Interval }>();
  for (const { name, detector, score } of allMethods(plan)) {
    const own = detectorOf(scored, detector);
    if (!own || !isComputable(own, score)) continue;
    const normal = scoreOf(own, own.sets.find((set) => set.normal)!, score);
    for (const set of own.sets.filter((one) => !one.normal)) {
      const scores = { normal, anomalous: scoreOf(own, set, score) };
      const { auroc, aurocInterval } = evaluateScores({ score, set: set.name }, scores, key);
      measures.set(measureKey(set.name, name), { auroc, interval: aurocInterval });
    }
  }
  return measures;
}

function measureKey(set: string, method: string): string {
  return `${set}/${method}`;
}

function allMethods({ model, supervised }: Plan): Method[] {
  return [...mainMethods, ...(supervised ? supervisedMethods : []), ...scaleMethods(model.scales)];
}

/** The numbers of the seeds that are there. */
export function summarizeSeeds(
  plan: Plan,
  seeds: readonly ScoredSeed[],
  measures: readonly SeedMeasures[],
  accuracies: readonly (SeedAccuracies | undefined)[],
): ReproductionResults {
  const names = plan.data.anomalous.map(({ name }) => name);
  // A method that one seed lacks, such as hierarchy with too few held-out images, is left out.
  const methods = allMethods(plan).filter(({ name }) =>
    measures.every((one) => names.every((set) => one.has(measureKey(set, name)))),
  );
  const results = names.flatMap((set) =>
    methods.map(({ name: method, detector, score, group }) => {
      const found = measures.map((one) => one.get(measureKey(set, method))!);
      const intervals = found.map(({ interval }) => interval);
      const interval = { low: mean(intervals.map(({ low }) => low)), high: mean(intervals.map(({ high }) => high)) };
      return { group, method, detector, score, set, ...summarize(found.map((one) => one.auroc)), interval, intervals };
    }),
  );
  const ofGroups = (...groups: Method["group"][]): MethodResult[] =>
    results.filter(({ group }) => groups.includes(group)).map(({ group: _, ...result }) => result);
  const main = ofGroups("paper", "beyond");
  const sets = seeds[0]!.detectors.plain.sets.map((set, index) => summarizeSet(seeds, set, index));
  return {
    suite: plan.suite,
    seeds: seeds.map(({ seed }) => seed),
    positiveClass: "anomalous",
    methods,
    main,
    scales: ofGroups("scales"),
    supervised: ofGroups("supervised"),
    classAccuracy: summarizeAccuracies(accuracies),
    sets,
    expectations: checkExpectations(main, sets),
    plan,
  };
}

function summarizeAccuracies(accuracies: readonly (SeedAccuracies | undefined)[]): AccuracyResult | null {
  const known = accuracies.filter((one) => one !== undefined);
  if (known.length === 0) return null;
  const of = (model: ClassModelName): Summary => summarize(known.map(({ shares }) => shares[model]));
  return {
    count: known[0]!.count,
    models: Object.fromEntries(classModelNames.map((model) => [model, of(model)])) as AccuracyResult["models"],
  };
}

function isComputable({ manifest, sets }: AnalyzedDetector, score: string): boolean {
  return computableScoreNames(sets[0]!.terms, manifest.calibration).includes(score);
}

function summarizeSet(
  seeds: readonly ScoredSeed[],
  { name, location, names, skipped, terms }: AnalyzedSet,
  index: number,
): SetResult {
  const bits = (model: LikelihoodName): Summary =>
    summarize(seeds.map((seed) => meanBits(likelihoodsOf(seed, model, index), terms)));
  const ranks = seeds.map(
    (seed) => rankCorrelation(likelihoodsOf(seed, "plain", index), likelihoodsOf(seed, "general", index)).value,
  );
  const known = ranks.filter((rank) => rank !== undefined);
  return {
    name,
    location,
    count: names.length,
    skipped: skipped.length,
    bitsPerDimension: Object.fromEntries(likelihoodNames.map((model) => [model, bits(model)])),
    rankCorrelation: known.length < ranks.length ? null : summarize(known),
  };
}

function meanBits(likelihoods: Float64Array, { dimensions }: ModelTerms): number {
  return bitsPerDimension(mean(likelihoods), dimensions);
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean and sample standard deviation. */
export function summarize(values: readonly number[]): Summary {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return { mean: center, deviation: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)), values };
}

/** What counts as a method that works on a pair, and as two models that judge alike. */
const good = 0.95;
const alike = 0.9;

/** The paper's expectations against the numbers. */
export function checkExpectations(results: readonly MethodResult[], sets: readonly SetResult[]): Expectation[] {
  const of = (method: string, set: string): MethodResult =>
    results.find((result) => result.method === method && result.set === set)!;
  const raws = results.filter(({ method }) => method === "raw");
  const failing = raws.filter((raw) => raw.mean < 0.5).map(({ set }) => set);
  const list = (items: readonly string[]): string => (items.length > 0 ? items.join(", ") : "none");
  const show = (method: string, names: readonly string[]): string =>
    list(names.map((set) => `${set} ${of(method, set).mean.toFixed(3)}`));
  const ranks = sets.flatMap(({ name, rankCorrelation: rank }) => (rank ? [{ name, rank: rank.mean }] : []));
  const ifFailing = (holds: (set: string) => boolean): boolean | null =>
    failing.length === 0 ? null : failing.every(holds);
  return [
    {
      expectation: "Raw likelihood points the wrong way (AUROC below 0.5) on at least one pair.",
      held: failing.length > 0,
      finding: `raw: ${show(
        "raw",
        raws.map(({ set }) => set),
      )}`,
    },
    {
      expectation: `Where raw likelihood fails, the ratio with outlier loss reaches ${good}.`,
      held: ifFailing((set) => of("ratio, outlier loss", set).mean >= good),
      finding: `ratio with outlier loss there: ${show("ratio, outlier loss", failing)}`,
    },
    {
      expectation: "There the plain ratio is clearly above raw likelihood: their intervals do not overlap.",
      held: ifFailing((set) => of("ratio", set).interval.low > of("raw", set).interval.high),
      finding: `plain ratio there: ${show("ratio", failing)}; raw: ${show("raw", failing)}`,
    },
    {
      expectation: `The general model and the normal model fine-tuned from it order the images of every set alike: rank correlation above ${alike}.`,
      held: ranks.length === 0 ? null : ranks.every(({ rank }) => rank > alike),
      finding: `rank correlation: ${list(ranks.map(({ name, rank }) => `${name} ${rank.toFixed(3)}`))}`,
    },
  ];
}
