/** What a person types after `outglow quickstart`. */
import { Command } from "commander";
import { duration, oneOf, wholeNumber } from "./options.ts";
import type { QuickstartOptions } from "./quickstart.ts";

/** `outglow quickstart`. */
export function quickstartCommand(): Command {
  return new Command("quickstart")
    .description("see the whole job on images that the program makes itself: no data, no network, a few minutes")
    .argument(
      "[what]",
      "faults: scratches and dents on made parts, found and shown, in less than a minute",
      oneOf(["faults"]),
    )
    .option("--out <folder>", "where everything goes (default: quickstart, or the next free quickstart-N)")
    .option(
      "--time <duration>",
      "longest training time in all; a shorter one trades quality for time (default 170s; faults 24s)",
      duration,
    )
    .option("--seed <n>", "seed of everything random", wholeNumber(0), 0)
    .option("--threads <n>", "threads of the engine (default: all cores)", wholeNumber(1))
    .action(async (what: "faults" | undefined, options: QuickstartOptions) => {
      const { quickstart } = await import("./quickstart.ts");
      await quickstart(options, what);
    });
}
