/** What a person types after `outglow analyze`. */
import { Command } from "commander";
import type { AnalyzeOptions } from "./analyze.ts";
import { wholeNumber, withEngineOptions } from "./options.ts";

/** `outglow analyze`. */
export function analyzeCommand(): Command {
  const collect = (text: string, before: readonly string[]): string[] => [...before, text];
  const command = new Command("analyze")
    .description("show what the models of one or more detectors see in data, as pictures on one page")
    .argument("<detector...>", "folders that outglow train made")
    .option("--data <[name=]data>", "a set of images; give it again for more sets", collect, [] as string[])
    .option("--normal <data>", "normal images that were not trained on, for AUROC")
    .requiredOption("--out <folder>", "folder for index.html, the pictures and the numbers")
    .option("--limit <n>", "images of a set at most, chosen by the seed", wholeNumber(1), 1000)
    .option("--score <name>", "a score to show; give it again for more (default: all)", collect, [] as string[])
    .option("--no-coders", "leave out the scores that need every image's size as PNG and WebP")
    .option("--seed <n>", "seed of everything random", wholeNumber(0), 0)
    .option("--strict", "fail at the first unreadable image instead of skipping it", false)
    .option("--force", "write into a folder that has files in it", false);
  return withEngineOptions(command).action(async (detectors: string[], options: AnalyzeOptions) => {
    const { analyze } = await import("./analyze.ts");
    await analyze(detectors, options);
  });
}
