/** What a person types after `outglow scores`. */
import { Command } from "commander";
import type { ScoresOptions } from "./scores.ts";

/** `outglow scores`. */
export function scoresCommand(): Command {
  return new Command("scores")
    .description("list the scores of a detector: what each is, needs and costs, and how well it did")
    .argument("<detector>", "folder that outglow train made")
    .option("--json", "print one JSON object", false)
    .action(async (detector: string, options: ScoresOptions) => {
      const { scores } = await import("./scores.ts");
      await scores(detector, options);
    });
}
