/** What a person types after `outglow sample`. */
import { Command } from "commander";
import { numberWithin, oneOf, wholeNumber, withEngineOptions } from "./options.ts";
import type { SampleOptions } from "./sample.ts";

/** `outglow sample`. */
export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("draw images from a detector's flow: what it thinks normal looks like")
    .argument("<detector>", "folder that outglow train made")
    .option("--count <n>", "how many", wholeNumber(1), 16)
    .option("--out <file>", "PNG to write", "samples.png")
    .option("--temperature <x>", "1 for the model itself, less for more typical images", numberWithin(0, 10), 0.7)
    .option("--model <name>", "normal or general", oneOf(["normal", "general"]), "normal")
    .option("--class <name>", "of this class alone, where the detector was trained with --classes")
    .option("--seed <n>", "seed of the latents", wholeNumber(0), 0)
    .option("--force", "replace an existing file", false);
  return withEngineOptions(command).action(async (detector: string, options: SampleOptions) => {
    const { sample } = await import("./sample.ts");
    await sample(detector, options);
  });
}
