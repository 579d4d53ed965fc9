/** What a person types after `outglow job`: a group of commands about collections larger than one machine. */
import { Command } from "commander";
import type { JobCreateOptions, JobMergeOptions, JobOptions, JobWatchOptions } from "./job.ts";
import { duration, metricsOption, wholeNumber } from "./options.ts";
import { withRuleOptions } from "./rule-options.ts";

/** `outglow job`. */
export function jobCommand(): Command {
  const group = new Command("job").description(
    "score collections larger than one machine: make a job, follow it, merge and prove its rows",
  );
  for (const command of [createCommand(), statusCommand(), watchCommand(), mergeCommand(), verifyCommand()]) {
    group.addCommand(command);
  }
  return group;
}

function createCommand(): Command {
  const command = new Command("create")
    .description("list images shard by shard, for workers to score; doing it twice changes nothing")
    .argument("<data...>", "locations, each listed by itself: folders, archives, data sets, lists")
    .requiredOption("--detector <folder>", "folder that outglow train made; it is copied into the job")
    .requiredOption("--out <job>", "the job's folder, which all workers reach")
    .option("--shard <n>", "images of a shard; multiples of 64 give what one predict gives", wholeNumber(1), 5120)
    .option("--score <name>", "score that ranks and decides (default: the detector's)")
    .option("--queue <url>", "hand shards out by BullMQ on redis://HOST:PORT (default: by the job's folder)");
  return withTelling(withRuleOptions(command, "the detector's, or else a false-alarm rate of 0.01")).action(
    async (locations: string[], options: JobCreateOptions) => (await import("./job.ts")).jobCreate(locations, options),
  );
}

function statusCommand(): Command {
  return withTelling(aboutJob("status", "say how far a job is")).action(async (folder: string, options: JobOptions) =>
    (await import("./job.ts")).jobStatus(folder, options),
  );
}

function watchCommand(): Command {
  return withTelling(
    aboutJob("watch", "follow a job until it is done")
      .option("--every <duration>", "look so often", duration, 2)
      .addOption(metricsOption()),
  ).action(async (folder: string, options: JobWatchOptions) => (await import("./job.ts")).jobWatch(folder, options));
}

function mergeCommand(): Command {
  return withTelling(
    aboutJob("merge", "write the rows of all shards as one table or folder of tables, decided over all of them")
      .option("--out <file>", "where the table goes: .csv or .parquet")
      .option("--partitioned <folder>", "where tables in Parquet go, in a folder for every value of a column")
      .option("--by <column>", "that column: one of text, such as predicted_class (default: decision)")
      .option("--top <n>", "print the n most anomalous images", wholeNumber(1))
      .option("--sheet <file>", "draw them on a contact sheet; without --top 24 of them")
      .option("--force", "replace what is there", false),
  ).action(async (folder: string, options: JobMergeOptions) => (await import("./job.ts")).jobMerge(folder, options));
}

function verifyCommand(): Command {
  return withTelling(aboutJob("verify", "prove that every image of a job has one row")).action(
    async (folder: string, options: JobOptions) => (await import("./job.ts")).jobVerify(folder, options),
  );
}

function aboutJob(name: string, description: string): Command {
  return new Command(name).description(description).argument("<job>", "folder that outglow job create made");
}

function withTelling(command: Command): Command {
  return command
    .option("--quiet", "no progress on stderr", false)
    .option("--json", "print one JSON object on stdout", false);
}
