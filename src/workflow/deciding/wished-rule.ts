/** Which rule is asked for, by settings of which a caller gives some. */
import { ConfigError, setting } from "../../base/index.ts";
import type { WishedRule } from "./decisions.ts";

/** The settings that say which images are marked: one of the first four, or none. */
export interface RuleSettings {
  readonly falseAlarm?: number | undefined;
  readonly fdr?: number | undefined;
  readonly budget?: number | undefined;
  readonly expected?: number | undefined;
  readonly certainty?: number | undefined;
  readonly threshold?: number | undefined;
}

/** The rule that is asked for, undefined where none is. Throws ConfigError for several, and for what belongs to none. */
export function wishedRule(settings: RuleSettings): WishedRule | undefined {
  const { falseAlarm, fdr, budget, expected, certainty, threshold } = settings;
  const given = (["falseAlarm", "fdr", "budget", "threshold"] as const).filter((name) => settings[name] !== undefined);
  if (given.length > 1) {
    throw new ConfigError({
      code: "conflicting-settings",
      subject: setting(given[0]!),
      expected: "one rule",
      got: `${given
        .slice(1)
        .map((name) => setting(name))
        .join(", ")}, too`,
      remedy: { key: "choose-one" },
    });
  }
  refuseAlone("expected", expected, "budget", budget);
  refuseAlone("certainty", certainty, "expected", expected);
  if (falseAlarm !== undefined) return { kind: "false-alarm", rate: falseAlarm };
  if (fdr !== undefined) return { kind: "false-discovery", share: fdr };
  if (threshold !== undefined) return { kind: "score", above: threshold };
  if (budget === undefined) return undefined;
  if (expected === undefined) return { kind: "budget", images: budget };
  return { kind: "budget", images: budget, expected, ...(certainty === undefined ? {} : { certainty }) };
}

function refuseAlone(name: string, value: number | undefined, needed: string, other: number | undefined): void {
  if (value === undefined || other !== undefined) return;
  throw new ConfigError({
    code: "missing-setting",
    subject: setting(name),
    expected: setting(needed),
    got: "none",
    remedy: { key: "give-setting", setting: setting(needed) },
  });
}
