/** What a person types after `outglow reproduce`. */
import { Command, InvalidArgumentError } from "commander";
import type { Budget } from "../experiments/index.ts";
import { type SuiteName, suiteNames } from "../experiments/suite-names.ts";
import { duration, oneOf, plainDeviceOption, wholeNumber } from "./options.ts";
import type { ReproduceOptions } from "./reproduce.ts";

/** `outglow reproduce`. */
export function reproduceCommand(): Command {
  const positive = wholeNumber(1);
  const collect = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];
  return new Command("reproduce")
    .description(
      "repeat the paper's experiments: train, score and compare all methods, as a table and a page of pictures",
    )
    .argument(
      "<suite>",
      "fashion (grey clothes against digits), cifar (colour photographs), medical (brain scans), or quick (made images, a minute)",
      oneOf(suiteNames),
    )
    .requiredOption("--out <folder>", "where everything goes; the same command goes on with what was begun there")
    .option(
      "--budget <duration>",
      "computing time in all, e.g. 30m or 4h, or paper: the paper's own hyperparameters (default 30m; quick: a minute)",
      (text): Budget => (text === "paper" ? text : duration(text)),
    )
    .option(
      "--seeds <list>",
      "how many seeds, e.g. 3, or which, e.g. 0,1,2; a short budget may allow fewer (default 3)",
      parseSeeds,
    )
    .option(
      "--data <folder>",
      "folder with the suite's data sets in sub-folders such as fashion-mnist, mnist, cifar-10",
    )
    .option(
      "--config <file>",
      "JSON object with the locations: data, normal, test, anomalous {name: location}, general",
    )
    .option("--normal <data>", "normal images to train on")
    .option("--test <data>", "normal images to compare with (default: the test split, or a fifth held back)")
    .option("--anomalous <[name=]data>", "a set of anomalous images; give it again for more sets", collect)
    .option("--general <data>", "general images, or builtin for images made by the program")
    .option(
      "--general-model <folder>",
      "a model made by train --as general, for all seeds, instead of training one each",
    )
    .option(
      "--supervised",
      "also compare what knows the normal images' classes: a class-conditional flow and two classifiers",
    )
    .option("--general-steps <n>", "steps of the general model, instead of what the budget allows", positive)
    .option("--steps <n>", "steps of every other model, instead of what the budget allows", positive)
    .option("--size <pixels>", "height and width of the models' images (default 32; quick: 16)", positive)
    .option("--depth <n>", "flow steps a scale (default 6; quick: 3; paper: 32)", positive)
    .option("--width <n>", "hidden channels of the coupling networks (default 64; quick: 24; paper: 512)", positive)
    .option("--batch <n>", "images a step (default 64; quick: 32)", positive)
    .option(
      "--limit <n>",
      "test images of a set at most, chosen at random (default 3000; quick: 300; paper: all)",
      positive,
    )
    .option("--threads <n>", "threads of the engine (default: all cores)", positive)
    .addOption(plainDeviceOption("what computes: auto, cpu, webgpu or cuda (default: auto, which is the CPU)"))
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print the results as one JSON object on stdout instead of the table", false)
    .action(async (suite: SuiteName, options: ReproduceOptions) => {
      const { reproduce } = await import("./reproduce.ts");
      await reproduce(suite, options);
    });
}

/** `3` is 0, 1 and 2; `4,7` is 4 and 7. */
function parseSeeds(text: string): number[] {
  if (!text.includes(",")) return Array.from({ length: wholeNumber(1)(text) }, (_, seed) => seed);
  const seeds = text.split(",").map(wholeNumber(0));
  if (new Set(seeds).size < seeds.length) throw new InvalidArgumentError(`expected different seeds, got '${text}'`);
  return seeds;
}
