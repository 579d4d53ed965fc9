/** Which images are marked: the rule that was asked for, the detector's own, or the usual one, in the light of its calibration. */
import { ConfigError, setting } from "../../base/index.ts";
import { type Detector, type Manifest, namedSources } from "../../detector/index.ts";
import {
  type AnyRule,
  type Calibration,
  type DecisionRule,
  decideBy,
  describeRule,
  describeShortage,
  discoveries,
  isMarked,
  isPlaced,
  referenceCount,
  referencesForDiscovery,
  scoreDefinition,
  smallestFalseAlarm,
} from "../../score/index.ts";
import type { Watch } from "../events.ts";
import { markingRate, usualFalseAlarm, waysToResolve } from "./rate-advice.ts";

/** A rule as it is asked for: a budget may be one of the images at hand. */
export type WishedRule = AnyRule | { readonly kind: "budget"; readonly images: number; readonly expected?: undefined };

/** Which score decides, and how. */
export interface DecisionOptions {
  /** The score that ranks and decides. Default: the detector's. */
  readonly score?: string | undefined;
  /** The share of normal images that may be marked, between 0 and 1: short for a rule. */
  readonly falseAlarm?: number | undefined;
  /** Default: the detector's, or else a false-alarm rate of 0.01. */
  readonly rule?: WishedRule | undefined;
}

/** The score that decides, and how: plain data. */
export interface Decision {
  readonly score: string;
  readonly rule: AnyRule;
  /** The most images that are marked, where not more of those at hand may be. */
  readonly most?: number;
  /** The false-alarm rate at which images are marked; for a score the one that the calibration promises; null where images decide together. */
  readonly falseAlarm: number | null;
  /** Images with a score above it are marked; null where none is, or where images decide together. */
  readonly threshold: number | null;
  /** Whether it takes the p-values of all images. */
  readonly together: boolean;
  /** What the rule promises, without a full stop. */
  readonly words: string;
}

/**
 * The decision that options ask a detector for; `images` is how many there are.
 * Throws ConfigError for a score that the detector lacks, two rules, numbers out of range, a budget of no fewer images than there are, and for a saved threshold of another score.
 */
export function decisionOf(
  { manifest }: Pick<Detector, "manifest">,
  { score = manifest.defaultScore, falseAlarm, rule: wished }: DecisionOptions,
  images?: number,
): Decision {
  if (falseAlarm !== undefined && wished !== undefined) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting("falseAlarm"),
      expected: "one rule",
      got: "two",
      remedy: { key: "choose-one" },
    });
  }
  scoreDefinition(score, manifest.training.model.scales, namedSources(manifest));
  const asked: WishedRule | undefined =
    wished ?? (falseAlarm === undefined ? undefined : { kind: "false-alarm", rate: falseAlarm });
  const rule = asked ?? savedRule(manifest, score) ?? { kind: "false-alarm", rate: usualFalseAlarm };
  if (rule.kind === "budget" && rule.expected === undefined) {
    if (images === undefined) throw missingExpected();
    const full: DecisionRule = { kind: "budget", images: rule.images, expected: images };
    const { rate } = decideBy(full, manifest.calibration, score);
    const words = `at most ${rule.images} of ${images} images are marked, the most anomalous ones`;
    return { score, rule: full, most: rule.images, falseAlarm: rate!, threshold: null, together: true, words };
  }
  const words = describeRule(rule);
  if (rule.kind === "false-discovery") {
    // Its check of the share.
    referencesForDiscovery(1, 1, rule.share);
    return { score, rule, falseAlarm: null, threshold: null, together: true, words };
  }
  const { rate, threshold, falseAlarm: promised } = decideBy(rule, manifest.calibration, score);
  return { score, rule, falseAlarm: rate ?? promised, threshold: threshold ?? null, together: false, words };
}

function savedRule({ decision, defaultScore }: Manifest, score: string): AnyRule | undefined {
  if (decision?.kind !== "score" || score === defaultScore) return decision;
  throw new ConfigError({
    code: "missing-setting",
    subject: setting("score"),
    expected: `a rule for ${score}`,
    got: `the detector's own, a threshold of ${defaultScore}`,
    remedy: { key: "other", text: `give ${setting("falseAlarm")} or ${setting("threshold")}` },
  });
}

/** Where a budget has no number of images to be one of. */
export function missingExpected(): ConfigError {
  return new ConfigError({
    code: "missing-setting",
    subject: setting("budget"),
    expected: "the number of images that it is one of",
    got: "none",
    remedy: { key: "give-setting", setting: setting("expected") },
  });
}

/** Whether one image is marked by a decision that does not take the others. */
export function marks({ rule, falseAlarm, threshold, together }: Decision, score: number, pValue: number): boolean {
  if (together || rule.kind === "false-discovery") return false;
  const rate = rule.kind === "score" ? undefined : falseAlarm!;
  return isMarked({ rule, rate, threshold: threshold ?? undefined, falseAlarm: 0 }, score, pValue);
}

/** What is known of an image once it is scored. */
interface Judged {
  readonly score: number;
  readonly pValue: number;
}

/** Which of all images are marked by any decision, in their order. Among equals the earlier ones come first. */
export function marksTogether(decision: Decision, images: readonly Judged[]): boolean[] {
  const { rule, most, falseAlarm } = decision;
  if (rule.kind === "false-discovery") {
    return [
      ...discoveries(
        images.map(({ pValue }) => pValue),
        rule.share,
      ).marked,
    ];
  }
  if (most === undefined) return images.map(({ score, pValue }) => marks(decision, score, pValue));
  const above = images.flatMap(({ score, pValue }, index) => (pValue <= falseAlarm! ? [{ score, index }] : []));
  above.sort((a, b) => (a.score === b.score ? a.index - b.index : a.score > b.score ? -1 : 1));
  const marked = images.map(() => false);
  for (const { index } of above.slice(0, most)) marked[index] = true;
  return marked;
}

/** Says what the calibration cannot give although the decision asks for it, before images are scored. */
export function warnOfShortage(manifest: Manifest, decision: Decision, images: number, { onEvent }: Watch): void {
  const { calibration, training, data, calibrated } = manifest;
  const { rule, score } = decision;
  const count = referenceCount(calibration, score);
  const who = calibrated?.groups ? "groups" : "images";
  if (rule.kind === "false-discovery") {
    const text = describeDiscoveryShortage(rule.share, count, images);
    if (text !== undefined) onEvent?.({ kind: "warning", text: `warning: ${text}` });
    return;
  }
  if (rule.kind === "false-alarm" && rule.rate < smallestFalseAlarm(count)) {
    const { rate } = rule;
    const marking = markingRate(count);
    // Every image that faults or features were learned from has a held-out score.
    const ways = calibrated
      ? `calibrate on more ${who}`
      : isPlaced(score)
        ? `train with ${Math.ceil(1 / rate - 1 - 1e-9)} normal images`
        : `train with ${waysToResolve(rate, data.normal.count, training.heldOut)}`;
    onEvent?.({
      kind: "warning",
      text:
        `warning: ${count} calibration ${who} resolve false-alarm rates from ${marking}, so nothing is marked at ${rate}; ` +
        `give ${setting("falseAlarm", marking)} or more, or ${ways}`,
    });
    return;
  }
  const text = shortageOf(rule, calibration, decision.score);
  if (text === undefined) return;
  if (decision.falseAlarm === 0) onEvent?.({ kind: "warning", text: `warning: ${text}` });
  else onEvent?.({ kind: "note", text });
}

/** `describeShortage` for a rule of single images. */
export function shortageOf(rule: AnyRule, calibration: Calibration, score: string): string | undefined {
  if (rule.kind === "false-discovery") return undefined;
  return describeShortage(decideBy(rule, calibration, score), referenceCount(calibration, score));
}

/**
 * What false-discovery control cannot give with so many references, as one sentence; undefined where it can mark a single image. k of m images
 * are marked only if their p-values, at least 1 / (n + 1), are at most share k / m.
 */
function describeDiscoveryShortage(share: number, count: number, images: number): string | undefined {
  const least = Math.ceil(images / (share * (count + 1)) - 1e-9);
  if (least <= 1) return undefined;
  const needed = referencesForDiscovery(images, 1, share);
  const what =
    least > images
      ? "nothing can be marked"
      : `nothing is marked unless at least ${least} of ${images} images are beyond all calibration images`;
  return `${what}: the calibration has ${count} images, and ${needed} could mark a single one`;
}
