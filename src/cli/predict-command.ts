/** What a person types after `outglow predict`. */
import { Command } from "commander";
import { wholeNumber, withCacheOptions, withEngineOptions } from "./options.ts";
import type { PredictOptions } from "./predict.ts";
import { withRuleOptions } from "./rule-options.ts";

/** `outglow predict`. */
export function predictCommand(): Command {
  const command = new Command("predict")
    .description("score images: how anomalous is each one?")
    .argument("<detector>", "folder that outglow train made")
    .argument("<images...>", "images, folders, archives or data sets to score")
    .option("--score <name>", "score that ranks and decides (default: the detector's)")
    .option("--out <file>", "write the table here instead of to stdout: .csv or .json")
    .option("--sort", "most anomalous first, instead of input order", false)
    .option("--top <n>", "also draw the n most anomalous images on a contact sheet", wholeNumber(1))
    .option("--sheet <file>", "where the contact sheet goes (default: most-anomalous.png); without --top of 24 images")
    .option(
      "--maps <folder>",
      "where each image's map goes, of local faults or of the flow's score: NAME.png over the image, and NAME.npy",
    )
    .option("--report <file.html>", "also write a page about the decisions, with a threshold to move")
    .option("--strict", "fail at the first unreadable image instead of skipping it", false)
    .option("--force", "replace existing files", false);
  const rules = withRuleOptions(command, "the detector's, or else a false-alarm rate of 0.01");
  return withEngineOptions(withCacheOptions(rules)).action(
    async (detector: string, images: string[], options: PredictOptions) => {
      const { predict } = await import("./predict.ts");
      await predict(detector, images, options);
    },
  );
}
