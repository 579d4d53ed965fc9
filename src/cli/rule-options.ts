/** The flags that say which images are marked: one of them, or none. */
import { type Command, InvalidArgumentError } from "commander";
import { ConfigError, setting } from "../base/index.ts";
import type { WishedRule } from "../workflow/index.ts";
import { numberOf, numberWithin, wholeNumber } from "./options.ts";

/** What is typed of them. */
export interface RuleOptions {
  readonly falseAlarm?: number;
  readonly fdr?: number;
  readonly budget?: number;
  readonly expected?: number;
  readonly certainty?: number;
  readonly threshold?: number;
}

/** Adds them to a command; `usual` is what decides without. */
export function withRuleOptions(command: Command, usual: string): Command {
  const share = numberWithin(0, 1);
  return command
    .option("--false-alarm <share>", `mark at most this share of normal images (default: ${usual})`, share)
    .option("--fdr <share>", "mark so that at most this share of the marked images is normal, on average", share)
    .option("--budget <n>", "mark at most n images, the most anomalous of those given", wholeNumber(0))
    .option(
      "--expected <n>",
      "with --budget: of so many normal images, such as those of a day, at most the budget is marked",
      wholeNumber(1),
    )
    .option("--certainty <share>", "with --expected: keep the budget with this certainty instead of on average", share)
    .option("--threshold <score>", "mark images with a higher score", finite);
}

function finite(text: string): number {
  const value = numberOf(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError(`expected a number, got '${text}'`);
  return value;
}

/** The rule that is asked for, undefined where none is. Throws ConfigError for several, and for what belongs to none. */
export function wishedRule(options: RuleOptions): WishedRule | undefined {
  const { falseAlarm, fdr, budget, expected, certainty, threshold } = options;
  const given = (["falseAlarm", "fdr", "budget", "threshold"] as const).filter((name) => options[name] !== undefined);
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
