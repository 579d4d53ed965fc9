/**
 * Scores by name: what there is, what is the default, and the numbers of many images.
 *
 * Policy for non-finite numbers: a score that rests on a non-finite log-likelihood, of either model, is +Infinity, the most anomalous.
 * A model that cannot evaluate an image has not found it normal. No score is ever NaN, and every result counts such images.
 */
import { ConfigError, nearestSpelling } from "../../base/index.ts";
import { joinScores } from "../joining/expert-choice.ts";
import { missingFault, missingSources, type ScoreSource, sourcesOf } from "../tables/sources.ts";
import { checkModelTerms, type ModelTerms } from "../tables/terms.ts";
import type { ScoreFits } from "./fits.ts";
import type { ScoreDefinition, ScoreUnit } from "./score-definition.ts";
import { scoreTable } from "./score-table.ts";

/** The unit of a score by its name; those of scales are all alike. */
export function unitOf(name: string): ScoreUnit {
  return scoreTable(1).find((definition) => definition.name === name)?.unit ?? "nats";
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

/** The records of all scores of a model with these scales, given what there is beside the normal model. */
export function scoreDefinitions(scales: number, sources: Iterable<ScoreSource>): readonly ScoreDefinition[] {
  const available = new Set(sources);
  return scoreTable(scales).filter(
    ({ needs, ofScales }) => (scales > 0 || !ofScales) && missingSources(needs, available).length === 0,
  );
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
  if (scales === 0 && definition.ofScales) {
    throw new ConfigError({
      code: "other-model",
      subject: `score ${name}`,
      expected: "a flow, with scales and latents",
      got: "a model without",
      remedy: { key: "other", text: `choose one of ${names.join(", ")}` },
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
 * The score to use where none is chosen: the joined one where there is one. Who trains a detector of local faults, or brings an encoder, looks for places. With a class-conditional model its ratio to the general model or else its likelihood; without,
 * hierarchy where it is calibrated, else the ratio, else the final scale, else the likelihood where there are no scales.
 */
export function defaultScoreName(sources: Iterable<ScoreSource>, fits?: ScoreFits, scales = 1): string {
  const available = new Set(sources);
  const hasGeneral = available.has("general");
  if (fits?.fits.joined !== undefined) return "joined";
  if (available.has("faults")) return "faults";
  if (available.has("encoder")) return "encoder";
  if (available.has("classes")) return hasGeneral ? "class-ratio" : "class-likelihood";
  if (fits?.fits.hierarchy !== undefined) return "hierarchy";
  return mappedScoreName(hasGeneral, scales);
}

/** The most useful of the scores that are sums of terms: the ratio, else the final scale, else the likelihood where there are no scales. */
export function mappedScoreName(hasGeneral: boolean, scales: number): "ratio" | "final-scale" | "likelihood" {
  if (hasGeneral) return "ratio";
  return scales > 0 ? "final-scale" : "likelihood";
}

/** Whether a score has the fit that it needs. */
export function isFitted({ name, fit }: ScoreDefinition, fits: ScoreFits | undefined): boolean {
  return fit === undefined || fits?.fits[name] !== undefined;
}

/** What a score draws from beside the normal model: of a joined one, what those that are heard draw from. Throws as `scoreDefinition`. */
export function sourcesNeeded(
  name: string,
  scales: number,
  sources: Iterable<ScoreSource>,
  fits?: ScoreFits,
): readonly ScoreSource[] {
  const { needs } = scoreDefinition(name, scales, sources);
  const fit = fits?.fits[name];
  if (fit?.kind !== "joined") return needs;
  const heard = new Set(fit.experts.flatMap((expert) => (expert.heard ? [expert.name] : [])));
  const records = scoreTable(scales).filter((record) => heard.has(record.name));
  return [...new Set([...needs, ...records.flatMap((record) => record.needs)])];
}

/** Those of scores that can be measured: they have the fit that they need, and those that they are made of can be measured, too. */
export function computable(
  definitions: readonly ScoreDefinition[],
  scales: number,
  sources: ReadonlySet<ScoreSource>,
  fits?: ScoreFits,
): readonly ScoreDefinition[] {
  return definitions.filter((definition) => {
    if (!isFitted(definition, fits)) return false;
    return missingSources(sourcesNeeded(definition.name, scales, sources, fits), sources).length === 0;
  });
}

/** The names of all scores that `computeScore` can give for `terms` with these fits, the most useful first. */
export function computableScoreNames(terms: ModelTerms, fits?: ScoreFits): string[] {
  const [scales, sources] = [terms.normal.scales, sourcesOf(terms)];
  return computable(scoreDefinitions(scales, sources), scales, sources, fits).map(({ name }) => name);
}

/** For a score that joins others: the name of the one that stands out most, image by image. Undefined for any other. */
export function spokesmenOf(name: string, terms: ModelTerms, fits: ScoreFits): string[] | undefined {
  const fit = fits.fits[name];
  if (fit?.kind !== "joined") return undefined;
  const { spokesmen } = joinScores(fit, (other) => computeScore(other, terms, fits).values);
  return Array.from(spokesmen, (expert) => fit.experts[expert]!.name);
}

/**
 * One score of all images of `terms`. `fits` (a Calibration is one) is needed for scores that learn.
 * Throws ConfigError for an unknown name, a missing source and a missing fit.
 */
export function computeScore(name: string, terms: ModelTerms, fits?: ScoreFits): ScoreColumn {
  checkModelTerms(terms);
  const sources = sourcesOf(terms);
  const definition = scoreDefinition(name, terms.normal.scales, sources);
  const fit = fits?.fits[name];
  if (!isFitted(definition, fits)) {
    throw new ConfigError({
      code: "not-calibrated",
      subject: `score ${name}`,
      expected: "a detector calibrated on enough normal images",
      got: "none for it",
      remedy: {
        key: "other",
        text: `calibrate with more images or choose another score such as ${defaultScoreName(sources, undefined, terms.normal.scales)}`,
      },
    });
  }
  const values = definition
    .measure(terms, fit, (other) => computeScore(other, terms, fits).values)
    .map((value) => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY));
  const nonFinite = values.reduce((count, value) => count + (value === Number.POSITIVE_INFINITY ? 1 : 0), 0);
  return { name, unit: definition.unit, values, nonFinite };
}
