/** What scores draw from beside the terms of the normal model. */
import type { ModelTerms } from "./terms.ts";

/** One of the things that a score can need. */
export type ScoreSource = "general" | "local" | "coders" | "classes" | "classifier";

/** What each source is called, and how a detector comes to it. Coded sizes need no training. */
const descriptions: Readonly<Record<ScoreSource, { readonly title: string; readonly flag?: string }>> = {
  general: { title: "a general model", flag: "--general" },
  local: { title: "a local model", flag: "--local" },
  coders: { title: "the coded sizes of its images" },
  classes: { title: "a class-conditional model", flag: "--classes" },
  classifier: { title: "a classifier", flag: "--classifier" },
};

/** Every source. */
export const scoreSources = Object.keys(descriptions) as readonly ScoreSource[];

/** The sources among the members of `terms`. */
export function sourcesOf({ general, local, coderBits, classes, classifier }: ModelTerms): ReadonlySet<ScoreSource> {
  const members = { general, local, coders: coderBits, classes, classifier };
  return new Set(scoreSources.filter((source) => members[source] !== undefined));
}

/** The needed sources that are not available, in the order of need. */
export function missingSources(
  needs: readonly ScoreSource[],
  available: ReadonlySet<ScoreSource>,
): readonly ScoreSource[] {
  return needs.filter((source) => !available.has(source));
}

/** What is missing and the way to it, as in `expected a detector with a local model, got one without; train with --local`. */
export function describeMissing(missing: readonly ScoreSource[]): string {
  const titles = missing.map((source) => descriptions[source].title).join(" and ");
  const flags = missing.flatMap((source) => descriptions[source].flag ?? []);
  if (flags.length === 0) return `expected ${titles}, got none; measure them`;
  return `expected a detector with ${titles}, got one without; train with ${flags.join(" and ")}`;
}
