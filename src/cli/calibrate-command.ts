/** What a person types after `outglow calibrate`. */
import { Command } from "commander";
import type { CalibrateOptions } from "./calibrate.ts";
import { nameList, withCacheOptions, withEngineOptions } from "./options.ts";
import { withRuleOptions } from "./rule-options.ts";

/** `outglow calibrate`. */
export function calibrateCommand(): Command {
  const command = new Command("calibrate")
    .description("fit a detector to other normal images without training, or set how it marks images")
    .argument("<detector>", "folder that outglow train made")
    .option("--normal <data>", "normal images that it was not trained on, such as those of another camera")
    .option(
      "--group <folder|pattern>",
      "images of one group count once: of one folder, or with one capture of a regular expression on their names",
    )
    .option("--score <name>", "score that ranks and decides from now on")
    .option(
      "--scores <names>",
      "scores to measure that cost more than a pass, with commas between, or all; without --normal from the images that the detector is calibrated on",
      nameList,
    )
    .option("--undo", "go back to the calibration before the present one", false)
    .option("--strict", "fail at the first unreadable image instead of skipping it", false);
  return withEngineOptions(withCacheOptions(withRuleOptions(command, "what the detector did"))).action(
    async (detector: string, options: CalibrateOptions) => {
      const { calibrate } = await import("./calibrate.ts");
      await calibrate(detector, options);
    },
  );
}
