/** Decision rules and what a calibration can resolve in plain words, so that every output can say which rule decided. */
import type { Decision, DecisionRule } from "./decision-rules.ts";
import { resolutionOf } from "./resolution.ts";

/** Rules of which one image knows, and the one that needs all of them. */
export type AnyRule = DecisionRule | { readonly kind: "false-discovery"; readonly share: number };

/** A rule as one sentence without a full stop: what is promised, not how. */
export function describeRule(rule: AnyRule): string {
  switch (rule.kind) {
    case "false-alarm":
      return `at most ${percent(rule.rate)} of normal images are marked, on average`;
    case "budget": {
      const what = `at most ${rule.images} of ${rule.expected} normal images are marked`;
      return rule.certainty === undefined
        ? `${what}, on average`
        : `${what}, with a certainty of ${percent(rule.certainty)}`;
    }
    case "score":
      return `images with a score above ${rule.above} are marked`;
    case "false-discovery":
      return `at most ${percent(rule.share)} of the marked images are normal, on average`;
  }
}

/** A rule as a few words for a column: its kind and its numbers. */
export function ruleLabel(rule: AnyRule): string {
  switch (rule.kind) {
    case "false-alarm":
      return `false-alarm ${rule.rate}`;
    case "budget":
      return `budget ${rule.images} of ${rule.expected}`;
    case "score":
      return `score ${rule.above}`;
    case "false-discovery":
      return `false-discovery ${rule.share}`;
  }
}

/**
 * What the calibration cannot give although the rule asks for it, as one sentence with the number of images that would; undefined where all
 * is well. Said before images are scored.
 */
export function describeShortage({ rule, threshold }: Decision, count: number): string | undefined {
  if (rule.kind === "score") return undefined;
  const rate = rule.kind === "false-alarm" ? rule.rate : rule.images / rule.expected;
  if (rate <= 0) return "a budget of no images marks nothing";
  const { leastCount, steadyCount, interval } = resolutionOf(count, rate);
  if (threshold === undefined) {
    const certain = rule.kind === "budget" && rule.certainty !== undefined ? ", more for the certainty" : "";
    return `nothing can be marked: ${describeRule(rule)}, and that needs a calibration on at least ${leastCount} images${certain}; this one has ${count}`;
  }
  if (count >= steadyCount) return undefined;
  return `the calibration on ${count} images is small for a rate of ${percent(rate)}: with bad luck ${percent(interval.high)} of normal images are marked; ${steadyCount} images keep it below twice the rate`;
}

/** A share as per cent with two digits. */
function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
