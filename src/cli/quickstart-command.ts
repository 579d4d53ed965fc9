/** What a person types after `outglow quickstart`. */
import { Command } from "commander";
import { duration, wholeNumber } from "./options.ts";
import type { QuickstartOptions } from "./quickstart.ts";

/** `outglow quickstart`. */
export function quickstartCommand(): Command {
  return new Command("quickstart")
    .description("see the whole job on images that the program makes itself: no data, no network, a few minutes")
    .option("--out <folder>", "where everything goes (default: quickstart, or the next free quickstart-N)")
    .option("--time <duration>", "longest training time in all; a shorter one trades quality for time", duration, 170)
    .option("--seed <n>", "seed of everything random", wholeNumber(0), 0)
    .option("--threads <n>", "threads of the engine (default: all cores)", wholeNumber(1))
    .action(async (options: QuickstartOptions) => {
      const { quickstart } = await import("./quickstart.ts");
      await quickstart(options);
    });
}
