/** What a person types after `outglow worker`. */
import { Command } from "commander";
import { duration, metricsOption, withEngineOptions } from "./options.ts";
import type { WorkOptions } from "./worker.ts";

/** `outglow worker`. */
export function workerCommand(): Command {
  const command = new Command("worker")
    .description("score the shards of a job, as one of as many workers as there are")
    .argument("[job]", "folder that outglow job create made")
    .option("--queue <url>", "work at every job that this broker knows instead")
    .option(
      "--lease <duration>",
      "a broker gives a shard to another after so long without a sign of life",
      duration,
      30,
    )
    .addOption(metricsOption());
  return withEngineOptions(command).action(async (folder: string | undefined, options: WorkOptions) => {
    const { worker } = await import("./worker.ts");
    await worker(folder, options);
  });
}
