/** What a person types after `outglow watch`. */
import { Command } from "commander";
import { duration, numberWithin, oneOf, withEngineOptions } from "./options.ts";
import { withRuleOptions } from "./rule-options.ts";
import type { WatchOptions } from "./watch.ts";

/** `outglow watch`. */
export function watchCommand(): Command {
  const command = new Command("watch")
    .description("score what arrives in a folder, every image once, and raise anomalies and drift")
    .argument("<folder>", "folder that images are written to")
    .requiredOption("--detector <folder>", "folder that outglow train made")
    .option("--out <file.jsonl>", "a line for every image, and what is known of those seen", "watched.jsonl")
    .option("--score <name>", "score that ranks and decides (default: the detector's)")
    .option("--once", "look once and end: exit code 3 for anomalies, 4 for drift", false)
    .option(
      "--until <anomaly|drift>",
      "end at the first one, with that exit code",
      oneOf(["anomaly", "drift"] as const),
    )
    .option(
      "--exec <command>",
      "run this for every anomaly and drift: OUTGLOW_EVENT, OUTGLOW_FILE and others tell of it",
    )
    .option("--webhook <url>", "post every anomaly and drift there as JSON")
    .option("--settle <duration>", "take files that have not changed for so long", duration, 1)
    .option("--every <duration>", "look so often, and whenever the system tells of changes", duration, 2)
    .option("--give-up <duration>", "call a file unreadable that has not changed for so long", duration, 60)
    .option("--drift <share>", "chance that drift is ever told where there is none", numberWithin(0, 1), 0.01);
  return withEngineOptions(withRuleOptions(command, "the detector's, or else a false-alarm rate of 0.01")).action(
    async (folder: string, options: WatchOptions) => {
      const { watch } = await import("./watch.ts");
      await watch(folder, options);
    },
  );
}
