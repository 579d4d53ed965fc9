/**
 * The scores: one record each, all with higher = more anomalous, made from terms alone or with a fit on normal images.
 *
 * Scores of section 4 of the paper's evaluation (Schirrmeister et al., 2020): raw likelihood (item 1), ratio to a general model
 * (item 2), final scale (item 5), and per-scale ratios (item 6); the hierarchy score is this project's own.
 *
 * Policy for non-finite numbers: a score that rests on a non-finite log-likelihood, of either model, is +Infinity, the most anomalous.
 * A model that cannot evaluate an image has not found it normal. No score is ever NaN, and every result counts such images.
 */
import { ConfigError, nearestSpelling } from "../base/index.ts";
import { fitHierarchy, type HierarchyFit, hierarchyScores } from "./hierarchy.ts";
import { checkModelTerms, logLikelihoods, type ModelTerms, scaleSums } from "./terms.ts";

/** What one score is and how it is made. */
export interface ScoreDefinition {
  readonly name: string;
  readonly unit: "nats";
  readonly needsGeneral: boolean;
  /** One line for help and reports. */
  readonly description: string;
  /** The scores of all images, [count]. `fit` is what the record's own `learn` gave, for those that have one. */
  readonly measure: (terms: ModelTerms, fit: HierarchyFit | undefined) => Float64Array;
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
  readonly unit: "nats";
  /** [count], higher = more anomalous, never NaN. */
  readonly values: Float64Array;
  /** How many of them are +Infinity because a log-likelihood was not finite. */
  readonly nonFinite: number;
}

/** Every score of a model with `scales` scales, whether or not there is a general model. Add a score by adding a record. */
function scoreTable(scales: number): ScoreDefinition[] {
  const last = scales - 1;
  return [
    {
      name: "hierarchy",
      unit: "nats",
      needsGeneral: false,
      description: "distance of all log-dets and prior terms of all scales and models from those of normal images",
      measure: measureHierarchy,
      learn: fitHierarchy,
    },
    {
      name: "hierarchy-normal",
      unit: "nats",
      needsGeneral: true, // Without a general model it would be `hierarchy` under a second name.
      description: "the hierarchy score over the normal model alone",
      measure: (terms, fit) => measureHierarchy(withoutGeneral(terms), fit),
      learn: (terms) => fitHierarchy(withoutGeneral(terms)),
    },
    {
      name: "likelihood",
      unit: "nats",
      needsGeneral: false,
      description: "negative log-likelihood",
      measure: ({ normal }) => logLikelihoods(normal).map(negative),
    },
    {
      name: "final-scale",
      unit: "nats",
      needsGeneral: false,
      description: "negative log-likelihood of the final, coarsest scale",
      measure: (terms) => measureScale(terms, last),
    },
    {
      name: "ratio",
      unit: "nats",
      needsGeneral: true,
      description: "negative log-likelihood ratio of the normal to the general model",
      measure: ({ normal, general }) => difference(logLikelihoods(normal), logLikelihoods(general!)),
    },
    {
      name: "ratio-final",
      unit: "nats",
      needsGeneral: true,
      description: "negative log-likelihood ratio of the final, coarsest scale",
      measure: (terms) => measureScaleRatio(terms, last),
    },
    ...Array.from(
      { length: scales },
      (_, scale): ScoreDefinition => ({
        name: `scale-${scale}`,
        unit: "nats",
        needsGeneral: false,
        description: `negative log-likelihood of scale ${scale}${scale === 0 ? ", the finest" : ""}`,
        measure: (terms) => measureScale(terms, scale),
      }),
    ),
    ...Array.from(
      { length: scales },
      (_, scale): ScoreDefinition => ({
        name: `ratio-scale-${scale}`,
        unit: "nats",
        needsGeneral: true,
        description: `negative log-likelihood ratio of scale ${scale}${scale === 0 ? ", the finest" : ""}`,
        measure: (terms) => measureScaleRatio(terms, scale),
      }),
    ),
  ];
}

/** The records of all scores that a detector with these scales, with or without a general model, has. */
export function scoreDefinitions(scales: number, hasGeneral: boolean): readonly ScoreDefinition[] {
  return scoreTable(scales).filter(({ needsGeneral }) => hasGeneral || !needsGeneral);
}

/** The names of all scores that a detector has, the most useful first. */
export function scoreNames(scales: number, hasGeneral: boolean): string[] {
  return scoreDefinitions(scales, hasGeneral).map(({ name }) => name);
}

/** The record of a score. Throws ConfigError for an unknown name or one that needs a general model that is not there. */
export function scoreDefinition(name: string, scales: number, hasGeneral: boolean): ScoreDefinition {
  const names = scoreNames(scales, hasGeneral);
  const definition = scoreTable(scales).find((candidate) => candidate.name === name);
  if (definition === undefined) {
    throw new ConfigError(
      `score: expected one of ${names.join(", ")}, got ${JSON.stringify(name)}; did you mean ${nearestSpelling(name, names)}?`,
    );
  }
  if (definition.needsGeneral && !hasGeneral) {
    throw new ConfigError(
      `score ${name}: expected a detector with a general model, got one without; train with --general or choose one of ${names.join(", ")}`,
    );
  }
  return definition;
}

/** The score to use where none is chosen: hierarchy where it is calibrated, else the ratio, else the final scale. */
export function defaultScoreName(hasGeneral: boolean, fits?: ScoreFits): string {
  if (fits?.hierarchy.hierarchy !== undefined) return "hierarchy";
  return hasGeneral ? "ratio" : "final-scale";
}

/**
 * One score of all images of `terms`. `fits` (a Calibration is one) is needed for the hierarchy scores only.
 * Throws ConfigError for an unknown name, a missing general model and a missing fit.
 */
export function computeScore(name: string, terms: ModelTerms, fits?: ScoreFits): ScoreColumn {
  checkModelTerms(terms);
  const definition = scoreDefinition(name, terms.normal.scales, terms.general !== undefined);
  const fit = fits?.hierarchy[name];
  if (definition.learn !== undefined && fit === undefined) {
    throw new ConfigError(
      `score ${name}: expected a detector calibrated on enough normal images, got none for it; calibrate on more images or choose another score such as ${defaultScoreName(terms.general !== undefined)}`,
    );
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

function withoutGeneral({ normal, dimensions }: ModelTerms): ModelTerms {
  return { normal, dimensions };
}

function columnOf(table: Float64Array, width: number, column: number): Float64Array {
  return Float64Array.from({ length: table.length / width }, (_, row) => table[row * width + column]!);
}

/** 0 - value, so that zero does not become -0. */
function negative(value: number): number {
  return 0 - value;
}

/** -(normal - general) per image; non-finite where either is. */
function difference(normal: Float64Array, general: Float64Array): Float64Array {
  return normal.map((value, image) => general[image]! - value);
}
