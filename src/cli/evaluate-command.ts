/** What a person types after `outglow evaluate`. */
import { Command } from "commander";
import type { EvaluateOptions } from "./evaluate.ts";
import { nameList, numberWithin, wholeNumber, withCacheOptions, withEngineOptions } from "./options.ts";

/** `outglow evaluate`. */
export function evaluateCommand(): Command {
  const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];
  const command = new Command("evaluate")
    .description("measure how well the scores tell anomalous images from normal ones")
    .argument("<detector>", "folder that outglow train made")
    .argument("[set]", "a data set with train/ and test/ side by side: its normal and its anomalous test images")
    .option("--normal <data>", "normal images that were not trained on")
    .option(
      "--anomalous <[name=]data>",
      "a set of anomalous images; give it again for more sets",
      collect,
      [] as string[],
    )
    .option("--out <file>", "where the JSON goes (default: evaluation-N.json in the detector)")
    .option(
      "--compare <score|detector>",
      "say whether the default score differs from another one, or from that of another detector, by more than chance; may be given again",
      collect,
      [] as string[],
    )
    .option("--detection <share>", "say which threshold finds this share of the anomalous images", numberWithin(0, 1))
    .option("--group <folder|pattern>", "intervals and comparisons count images of one group once, as in calibrate")
    .option("--intervals", "intervals of every metric of every score, not of the default one alone", false)
    .option(
      "--scores <names>",
      "also these, which cost more than a pass, with commas between, or all that the detector is calibrated for",
      nameList,
    )
    .option("--with <detector>", "a detector with another seed, for the score waic; may be given again", collect)
    .option("--report <file.html>", "also write a page about the decisions, with a threshold to move")
    .option("--seed <n>", "seed of the bootstrap intervals", wholeNumber(0), 0)
    .option("--no-coders", "leave out the scores that need every image's size as PNG and WebP")
    .option("--strict", "fail at the first unreadable image instead of skipping it", false)
    .option("--force", "replace an existing file", false);
  const whole = withEngineOptions(withCacheOptions(command));
  return whole.action(async (detector: string, set: string | undefined, options: EvaluateOptions) => {
    const { evaluate } = await import("./evaluate.ts");
    await evaluate(detector, { ...options, set });
  });
}
