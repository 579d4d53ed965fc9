/**
 * The scores: one record each, all with higher = more anomalous, made from terms alone or with a fit on normal images.
 *
 * The likelihood, the ratio to a general model and to a model of patches, the final scale and the supervised ratio are those of
 * (Schirrmeister et al. 2020). The ratio to a coder is by (Serra et al. 2020), the maximum softmax probability by (Hendrycks & Gimpel 2017).
 * The ratios of single scales and the hierarchy score are this project's own.
 *
 * Policy for non-finite numbers: a score that rests on a non-finite log-likelihood, of either model, is +Infinity, the most anomalous.
 * A model that cannot evaluate an image has not found it normal. No score is ever NaN, and every result counts such images.
 */
import { ConfigError, nearestSpelling } from "../base/index.ts";
import { marginalLogLikelihoods, negativeLogMaximumPosteriors } from "./classes.ts";
import { type CoderName, coderNames, coderTitles } from "./coders.ts";
import { fitHierarchy, type HierarchyFit, hierarchyScores } from "./hierarchy.ts";
import { missingFault, missingSources, type ScoreSource, sourcesOf } from "./sources.ts";
import { logLikelihoods, scaleSums } from "./term-table.ts";
import { checkModelTerms, type ModelTerms } from "./terms.ts";

/** What scores are counted in: nats, or standard deviations of what normal images show in one place. */
export type ScoreUnit = "nats" | "deviations";

/** The unit of a score by its name. */
export function unitOf(name: string): ScoreUnit {
  return name === "faults" ? "deviations" : "nats";
}

/** A score that is a sum of terms of a flow, and so has a map. */
export interface TermSum {
  /** Of this scale alone; where absent, of all scales. */
  readonly scale?: number | undefined;
  /** The flow whose same terms are taken off. */
  readonly less?: "general" | "local" | undefined;
}

/** What one score is and how it is made. */
export interface ScoreDefinition {
  readonly name: string;
  readonly unit: ScoreUnit;
  /** What it draws from beside the normal model. */
  readonly needs: readonly ScoreSource[];
  /** One line for help and reports. */
  readonly description: string;
  /** Who it is by. */
  readonly paper: string;
  /** The scores of all images, [count]. `fit` is what the record's own `learn` gave, for those that have one. */
  readonly measure: (terms: ModelTerms, fit: HierarchyFit | undefined) => Float64Array;
  /** Of which terms it is minus the sum. Absent where it is no such sum. */
  readonly sum?: TermSum;
  /** Learns from held-out normal images what `measure` needs. Absent where terms are enough. */
  readonly learn?: (terms: ModelTerms) => HierarchyFit;
}

/** The fits of the scores that need one, by score name. A Calibration is one. */
export interface ScoreFits {
  readonly hierarchy: Readonly<Record<string, HierarchyFit>>;
}

/** One score of many images. */
export interface ScoreColumn {
  readonly name: string;
  readonly unit: ScoreUnit;
  /** [count], higher = more anomalous, never NaN. */
  readonly values: Float64Array;
  /** How many of them are +Infinity because a log-likelihood was not finite. */
  readonly nonFinite: number;
}

/** Every score of a model with `scales` scales, whatever it draws from. Add a score by adding a record. */
function scoreTable(scales: number): ScoreDefinition[] {
  const last = scales - 1;
  return [
    {
      name: "faults",
      unit: "deviations",
      needs: ["faults"],
      description: "how far the most suspicious places of the image stand out: scratches, stains, holes",
      paper: "this project",
      measure: ({ faults }) => faults!.scores,
    },
    {
      name: "hierarchy",
      unit: "nats",
      needs: [],
      description: "distance of all log-dets and prior terms of all scales and models from those of normal images",
      paper: "this project",
      measure: measureHierarchy,
      learn: fitHierarchy,
    },
    {
      name: "hierarchy-normal",
      unit: "nats",
      needs: ["general"], // Without a general model it would be `hierarchy` under a second name.
      description: "the hierarchy score over the normal model alone",
      paper: "this project",
      measure: (terms, fit) => measureHierarchy(withoutGeneral(terms), fit),
      learn: (terms) => fitHierarchy(withoutGeneral(terms)),
    },
    {
      name: "likelihood",
      unit: "nats",
      needs: [],
      description: "negative log-likelihood",
      paper: "Bishop 1994",
      measure: ({ normal }) => logLikelihoods(normal).map(negative),
      sum: {},
    },
    {
      name: "final-scale",
      unit: "nats",
      needs: [],
      description: "negative log-likelihood of the final, coarsest scale",
      paper: "Schirrmeister et al. 2020",
      measure: (terms) => measureScale(terms, last),
      sum: { scale: last },
    },
    {
      name: "ratio",
      unit: "nats",
      needs: ["general"],
      description: "negative log-likelihood ratio of the normal to the general model",
      paper: "Schirrmeister et al. 2020",
      measure: ({ normal, general }) => difference(logLikelihoods(normal), logLikelihoods(general!)),
      sum: { less: "general" },
    },
    {
      name: "ratio-final",
      unit: "nats",
      needs: ["general"],
      description: "negative log-likelihood ratio of the final, coarsest scale",
      paper: "Schirrmeister et al. 2020",
      measure: (terms) => measureScaleRatio(terms, last),
      sum: { scale: last, less: "general" },
    },
    {
      name: "ratio-local",
      unit: "nats",
      needs: ["local"],
      description: "negative log-likelihood ratio of the normal model to a model of small patches",
      paper: "Schirrmeister et al. 2020",
      measure: ({ normal, local }) => difference(logLikelihoods(normal), logLikelihoods(local!)),
      sum: { less: "local" },
    },
    {
      name: "class-ratio",
      unit: "nats",
      needs: ["classes", "general"],
      description:
        "negative log-likelihood ratio of the class-conditional model, over all classes, to the general model",
      paper: "Schirrmeister et al. 2020",
      measure: ({ classes, general }) => difference(marginalLogLikelihoods(classes!), logLikelihoods(general!)),
    },
    {
      name: "class-likelihood",
      unit: "nats",
      needs: ["classes"],
      description: "negative log-likelihood of the class-conditional model, over all classes",
      paper: "Schirrmeister et al. 2020",
      measure: ({ classes }) => marginalLogLikelihoods(classes!).map(negative),
    },
    {
      name: "msp",
      unit: "nats",
      needs: ["classifier"],
      description: "negative log of the classifier's maximum softmax probability",
      paper: "Hendrycks & Gimpel 2017",
      measure: ({ classifier }) => negativeLogMaximumPosteriors(classifier!),
    },
    ...coderNames.map(
      (coder): ScoreDefinition => ({
        name: `ratio-${coder}`,
        unit: "nats",
        needs: ["coders"],
        description: `negative log-likelihood of the 8-bit image less its size as lossless ${coderTitles[coder]}`,
        paper: "Serra et al. 2020",
        measure: (terms) => measureCoderRatio(terms, coder),
      }),
    ),
    ...coderNames.map(
      (coder): ScoreDefinition => ({
        name: coder,
        unit: "nats",
        needs: ["coders"],
        description: `size as lossless ${coderTitles[coder]} alone, without any model: the baseline to beat`,
        paper: "Serra et al. 2020",
        measure: ({ coders }) => coders![coder].map(nats),
      }),
    ),
    ...Array.from(
      { length: scales },
      (_, scale): ScoreDefinition => ({
        name: `scale-${scale}`,
        unit: "nats",
        needs: [],
        description: `negative log-likelihood of scale ${scale}${scale === 0 ? ", the finest" : ""}`,
        paper: "Schirrmeister et al. 2020",
        measure: (terms) => measureScale(terms, scale),
        sum: { scale },
      }),
    ),
    ...Array.from(
      { length: scales },
      (_, scale): ScoreDefinition => ({
        name: `ratio-scale-${scale}`,
        unit: "nats",
        needs: ["general"],
        description: `negative log-likelihood ratio of scale ${scale}${scale === 0 ? ", the finest" : ""}`,
        paper: "this project",
        measure: (terms) => measureScaleRatio(terms, scale),
        sum: { scale, less: "general" },
      }),
    ),
  ];
}

/** The records of all scores of a model with these scales, given what there is beside the normal model. */
export function scoreDefinitions(scales: number, sources: Iterable<ScoreSource>): readonly ScoreDefinition[] {
  const available = new Set(sources);
  return scoreTable(scales).filter(({ needs }) => missingSources(needs, available).length === 0);
}

/** The names of all scores of a model with these scales and sources, the most useful first. */
export function scoreNames(scales: number, sources: Iterable<ScoreSource>): string[] {
  return scoreDefinitions(scales, sources).map(({ name }) => name);
}

/** The record of a score. Throws ConfigError for an unknown name or one that needs a source that is not there. */
export function scoreDefinition(name: string, scales: number, sources: Iterable<ScoreSource>): ScoreDefinition {
  const available = new Set(sources);
  const names = scoreNames(scales, available);
  const definition = scoreTable(scales).find((candidate) => candidate.name === name);
  if (definition === undefined) {
    throw new ConfigError({
      code: "unknown-name",
      subject: "score",
      expected: `one of ${names.join(", ")}`,
      got: `'${name}'`,
      remedy: { key: "did-you-mean", name: nearestSpelling(name, names) ?? names[0]! },
    });
  }
  const missing = missingSources(definition.needs, available);
  if (missing.length > 0) {
    const fault = missingFault(missing, names.join(", "));
    throw new ConfigError({ code: "other-model", subject: `score ${name}`, ...fault });
  }
  return definition;
}

/**
 * The score to use where none is chosen. Who trains a detector of local faults looks for these. With a class-conditional model its ratio to the general model or else its likelihood; without,
 * hierarchy where it is calibrated, else the ratio, else the final scale.
 */
export function defaultScoreName(sources: Iterable<ScoreSource>, fits?: ScoreFits): string {
  const available = new Set(sources);
  const hasGeneral = available.has("general");
  if (available.has("faults")) return "faults";
  if (available.has("classes")) return hasGeneral ? "class-ratio" : "class-likelihood";
  if (fits?.hierarchy.hierarchy !== undefined) return "hierarchy";
  return hasGeneral ? "ratio" : "final-scale";
}

/** The names of all scores that `computeScore` can give for `terms` with these fits, the most useful first. */
export function computableScoreNames(terms: ModelTerms, fits?: ScoreFits): string[] {
  return scoreDefinitions(terms.normal.scales, sourcesOf(terms))
    .filter(({ name, learn }) => learn === undefined || fits?.hierarchy[name] !== undefined)
    .map(({ name }) => name);
}

/**
 * One score of all images of `terms`. `fits` (a Calibration is one) is needed for the hierarchy scores only.
 * Throws ConfigError for an unknown name, a missing source and a missing fit.
 */
export function computeScore(name: string, terms: ModelTerms, fits?: ScoreFits): ScoreColumn {
  checkModelTerms(terms);
  const sources = sourcesOf(terms);
  const definition = scoreDefinition(name, terms.normal.scales, sources);
  const fit = fits?.hierarchy[name];
  if (definition.learn !== undefined && fit === undefined) {
    throw new ConfigError({
      code: "not-calibrated",
      subject: `score ${name}`,
      expected: "a detector calibrated on enough normal images",
      got: "none for it",
      remedy: {
        key: "other",
        text: `train with more images or choose another score such as ${defaultScoreName(sources)}`,
      },
    });
  }
  const values = definition
    .measure(terms, fit)
    .map((value) => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY));
  const nonFinite = values.reduce((count, value) => count + (value === Number.POSITIVE_INFINITY ? 1 : 0), 0);
  return { name, unit: definition.unit, values, nonFinite };
}

function measureHierarchy(terms: ModelTerms, fit: HierarchyFit | undefined): Float64Array {
  return hierarchyScores(fit!, terms);
}

function measureScale({ normal }: ModelTerms, scale: number): Float64Array {
  return columnOf(scaleSums(normal), normal.scales, scale).map(negative);
}

function measureScaleRatio({ normal, general }: ModelTerms, scale: number): Float64Array {
  const { scales } = normal;
  return difference(columnOf(scaleSums(normal), scales, scale), columnOf(scaleSums(general!), scales, scale));
}

/**
 * S(x) = -log p(x) - L(x): how many nats the model needs more than the coder for the 8-bit image (Serra et al. 2020, equation 3, there
 * in bits). The flow's density is of x = pixel / 256 - 0.5; a grey level is a cell of 1/256 on each of D axes, hence D log 256.
 */
function measureCoderRatio({ normal, coders, dimensions }: ModelTerms, coder: CoderName): Float64Array {
  const sizes = coders![coder];
  const cells = dimensions * Math.log(256);
  return logLikelihoods(normal).map((value, image) => cells - value - nats(sizes[image]!));
}

function withoutGeneral({ normal, dimensions }: ModelTerms): ModelTerms {
  return { normal, dimensions };
}

function columnOf(table: Float64Array, width: number, column: number): Float64Array {
  return Float64Array.from({ length: table.length / width }, (_, row) => table[row * width + column]!);
}

function nats(bits: number): number {
  return bits * Math.LN2;
}

/** 0 - value, so that zero does not become -0. */
function negative(value: number): number {
  return 0 - value;
}

/** -(normal - general) per image; non-finite where either is. */
function difference(normal: Float64Array, general: Float64Array): Float64Array {
  return normal.map((value, image) => general[image]! - value);
}
