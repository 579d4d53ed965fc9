/** `outglow calibrate`: another calibration or another rule for a detector, and the way back. */
import { ConfigError, setting } from "../base/index.ts";
import { loadManifest, type Recalibrated, undoCalibration } from "../detector/index.ts";
import { describeRule } from "../score/index.ts";
import {
  addScores,
  type CalibrationOutcome,
  missingExpected,
  openDetector,
  type RuleSettings,
  recalibrate,
  refuseGeneral,
  type SettingOutcome,
  setDecision,
  wishedRule,
} from "../workflow/index.ts";
import { cachePlace } from "./cache-place.ts";
import { openConsole } from "./console.ts";
import { eventPrinter } from "./event-printer.ts";
import type { CacheOptions, EngineOptions } from "./options.ts";

/** What is typed after `outglow calibrate`. */
export interface CalibrateOptions extends CacheOptions, EngineOptions, RuleSettings {
  readonly normal?: string;
  readonly group?: string;
  readonly score?: string;
  readonly scores?: readonly string[];
  readonly undo: boolean;
  readonly strict: boolean;
}

/** Calibrates a detector, sets its rule or takes its last calibration back. */
export async function calibrate(folder: string, options: CalibrateOptions): Promise<void> {
  const { normal, group, score, scores, undo, strict } = options;
  const rule = wishedRule(options);
  if (rule?.kind === "budget" && rule.expected === undefined) throw missingExpected();
  const output = openConsole(options.quiet);
  const say = (outcome: Recalibrated, lines: readonly string[], json: object): void => {
    if (options.json) output.print(JSON.stringify({ detector: folder, ...json, kept: outcome.kept }));
    else for (const line of lines) output.print(line);
    output.note(`the calibration from before is kept: ${outcome.kept}`);
  };
  if (undo) {
    refuseBeside("undo", { normal, group, score, scores, rule });
    const outcome = await undoCalibration(folder);
    const { calibration, defaultScore: decisive, decision = null } = outcome.manifest;
    const line = `back to the calibration on ${calibration.count} images; ${decisive} decides`;
    return say(outcome, [line], { undone: true, references: calibration.count, score: decisive, rule: decision });
  }
  if (normal === undefined && scores !== undefined) {
    refuseBeside("scores", { group, score, rule });
    const detector = await openDetector(folder, options);
    try {
      const outcome = await addScores(detector, scores, { onEvent: eventPrinter(output) });
      const { added, images, references } = outcome;
      const line = `calibrated on the same ${images} images, ${references} of them references: ${added.join(", ")}`;
      return say(outcome, [line], { added, images, references });
    } finally {
      await detector.dispose();
    }
  }
  if (normal === undefined) {
    if (group !== undefined) throw missing("group", "normal");
    if (rule === undefined && score === undefined) throw missing("calibrate", "normal");
    const manifest = await loadManifest(folder);
    refuseGeneral(folder, manifest);
    const outcome = await setDecision(folder, manifest, { rule, score });
    if (outcome.shortage !== undefined) output.warn(`warning: ${outcome.shortage}`);
    return say(outcome, [showRule(outcome)], { score: outcome.score, rule: outcome.rule });
  }
  const detector = await openDetector(folder, options);
  try {
    const onEvent = eventPrinter(output);
    const cache = cachePlace(options);
    const outcome = await recalibrate(detector, { normal, group, score, scores, strict, rule }, { onEvent, cache });
    const { images, references, groups, leastRate, doubts, skipped, shortage } = outcome;
    if (shortage !== undefined) output.warn(`warning: ${shortage}`);
    const json = { images, references, groups, leastRate, doubts, skipped, shortage: shortage ?? null };
    say(outcome, [showReferences(outcome), showRule(outcome)], { ...json, score: outcome.score, rule: outcome.rule });
  } finally {
    await detector.dispose();
  }
}

function showReferences({ images, references, groups, leastRate }: CalibrationOutcome): string {
  const from = groups === null ? `${images} images` : `${images} images in ${groups} groups`;
  const what = groups === null ? "images" : "groups";
  return `calibrated on ${from}: ${references} ${what} are references, which resolve false-alarm rates from ${leastRate}`;
}

function showRule({ score, rule }: SettingOutcome): string {
  return `decides by ${score}: ${describeRule(rule)}`;
}

function missing(subject: string, needed: string): ConfigError {
  return new ConfigError({
    code: "missing-setting",
    subject: subject === "calibrate" ? subject : setting(subject),
    expected: subject === "calibrate" ? "normal images, a score, a rule or the way back" : setting(needed),
    got: "none",
    remedy: { key: "give-setting", setting: setting(needed) },
  });
}

function refuseBeside(name: string, others: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(others).find((other) => others[other] !== undefined);
  if (given === undefined) return;
  throw new ConfigError({
    code: "conflicting-settings",
    subject: setting(name),
    expected: "nothing beside it",
    got: given === "rule" ? "a rule" : setting(given),
    remedy: { key: "choose-one" },
  });
}
