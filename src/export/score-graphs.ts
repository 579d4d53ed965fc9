/**
 * Scores as graphs: a function for each that can be made of terms, classes and pixels. What costs a pass of its own, a coder's file or a look at the
 * image's own size cannot: `reasonAgainst` says so, and nothing else takes its place.
 */
import { internalError } from "../base/index.ts";
import {
  add,
  exponential,
  lessOrEqual,
  maximum,
  negate,
  reshape,
  select,
  subtract,
  toFloat,
  transpose,
  type Value,
} from "../graph/index.ts";
import { logSumExp } from "../nn/index.ts";
import {
  type Calibration,
  choiceIn,
  describeScoreSource,
  type FitKind,
  type FitOf,
  type ScoreDefinition,
  type ScoreFit,
  type ScoreSource,
  scoreDefinition,
  sourcesNeeded,
  type TermSum,
} from "../score/index.ts";
import {
  hierarchyGraph,
  joinedGraph,
  scaleTypicalityGraph,
  typicalityGraph,
  whiteningGraph,
  whiteningLikelihoodGraph,
} from "./fits.ts";
import { columnsOf, finiteOrInfinity, logOnePlus, pixelsOf, rowSums, rowsOfTerms, type SaidValues } from "./values.ts";

/** What a detector is, as far as its scores go. */
export interface ScoringParts {
  readonly scales: number;
  /** What its scores may draw from. */
  readonly sources: readonly ScoreSource[];
  readonly calibration: Calibration;
}

/** The sources that a graph has. */
const inGraphs: readonly ScoreSource[] = ["general", "local", "classes", "classifier", "pixels"];

type Maker = (said: SaidValues, fit: ScoreFit | undefined, others: (name: string) => Value) => Value;

/** The scores that are no sums of terms. */
const makers: Readonly<Record<string, Maker>> = {
  joined: (_, fit, others) => joinedGraph(choiceIn(fit), others),
  hierarchy: (said, fit) => hierarchyGraph(fitOf(fit, "hierarchy"), termsOf(said, "normal"), generalOf(said)),
  "hierarchy-normal": (said, fit) => hierarchyGraph(fitOf(fit, "hierarchy"), termsOf(said, "normal"), undefined),
  typicality: (said, fit) => typicalityGraph(fitOf(fit, "typicality"), termsOf(said, "normal")),
  "typicality-scales": (said, fit) => scaleTypicalityGraph(fitOf(fit, "typicality"), termsOf(said, "normal")),
  whitening: (said, fit) => whiteningGraph(fitOf(fit, "whitening"), pixelsOf(said)),
  "whitening-likelihood": (said, fit) => whiteningLikelihoodGraph(fitOf(fit, "whitening"), pixelsOf(said)),
  "class-likelihood": (said) => negate(marginal(said)),
  "class-ratio": (said) => subtract(rowSums(termsOf(said, "general")), marginal(said)),
  msp: ({ logits }) => maximumPosterior(logits!),
};

/** Why a score cannot be computed in a graph, as what it would take; undefined where it can. Throws ConfigError for an unknown score. */
export function reasonAgainst(name: string, { scales, sources, calibration }: ScoringParts): string | undefined {
  const needed = sourcesNeeded(name, scales, sources, calibration);
  const missing = needed.filter((source) => !inGraphs.includes(source));
  if (missing.length > 0) return missing.map((source) => describeScoreSource(source).title).join(" and ");
  const { sum } = scoreDefinition(name, scales, sources);
  return sum || Object.hasOwn(makers, name) ? undefined : "a formula that no graph has";
}

/** A score [N], +Infinity where it is not finite. Its fit must be there, and there must be no reason against it. */
export function scoreGraph(name: string, parts: ScoringParts, said: SaidValues): Value {
  const definition: ScoreDefinition = scoreDefinition(name, parts.scales, parts.sources);
  const maker = definition.sum ? undefined : makers[name];
  const fit = parts.calibration.fits[name];
  const score = definition.sum
    ? sumOfTerms(definition.sum, said)
    : maker?.(said, fit, (other) => scoreGraph(other, parts, said));
  if (!score) throw internalError(`no graph of the score ${name}`);
  return finiteOrInfinity(score);
}

/** Minus the sum of terms, plus those of the flow to which it compares: differences first where the scales are the same, as sums have fewer digits. */
function sumOfTerms({ scale, less }: TermSum, said: SaidValues): Value {
  const part = (rows: Value): Value => (scale === undefined ? rows : columnsOf(rows, 2 * scale, 2 * scale + 2));
  const own = part(termsOf(said, "normal"));
  if (!less) return negate(rowSums(own));
  const other = part(termsOf(said, less));
  if (own.shape[1] === other.shape[1]) return rowSums(subtract(other, own));
  return subtract(rowSums(other), rowSums(own));
}

function termsOf({ terms }: SaidValues, name: keyof SaidValues["terms"]): Value {
  const found = terms[name];
  if (!found) throw internalError(`no ${name} model in a graph`);
  return rowsOfTerms(found);
}

function generalOf({ terms }: SaidValues): Value | undefined {
  return terms.general && rowsOfTerms(terms.general);
}

/** log 1/K sum_c p(x|c), [N]. */
function marginal({ classes }: SaidValues): Value {
  const count = classes!.shape[1] as number;
  const sum = logSumExp(transpose(classes!, [1, 0]));
  return subtract(reshape(sum, [sum.shape[1]!]), Math.log(count));
}

/** -log of the largest softmax probability, [N]: log(1 + sum of the others' shares of it), so that sure classifiers have digits left. */
function maximumPosterior(logits: Value): Value {
  const count = logits.shape[1] as number;
  const columns = Array.from({ length: count }, (_, label) => columnsOf(logits, label, label + 1));
  const most = columns.reduce((a, b) => maximum(a, b));
  const best = lessOrEqual(most, logits);
  const others = rowSums(select(best, 0, exponential(subtract(logits, most))));
  return logOnePlus(add(others, add(rowSums(toFloat(best)), -1)));
}

function fitOf<Kind extends FitKind>(fit: ScoreFit | undefined, kind: Kind): FitOf<Kind> {
  if (fit?.kind !== kind) throw internalError(`a fit of kind ${fit?.kind ?? "none"} for one of kind ${kind}`);
  return fit as unknown as FitOf<Kind>;
}
