/** The flags that say which images are marked: one of them, or none. */
import { type Command, InvalidArgumentError } from "commander";
import { numberOf, numberWithin, wholeNumber } from "./options.ts";

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
